/** A network that grows node by node, with the weights it comes with. */
import type { FloatConstants } from "../float_constants.ts";
import {
  elements,
  type Layer,
  Layer as LayerSchema,
  type Network,
  resolveLayers,
  type Shape,
} from "../network.ts";

/** Elements that one map may have: far above what any board holds, and safe to compute with. */
const MAP_ELEMENTS_MAX = 2 ** 26;

export class NetworkBuilder {
  readonly input: Shape;
  readonly layers: Layer[] = [];
  readonly shapes: Shape[] = [];
  readonly constants = new Map<string, FloatConstants>();
  /** Layers whose map is read in more than one place: they may no longer change. */
  readonly #shared = new Set<number>();
  readonly #names = new Set(["input"]);

  constructor(input: Shape) {
    this.input = input;
  }

  /** @param layer -1 for the input */
  shapeOf(layer: number): Shape {
    return layer < 0 ? this.input : this.shapes[layer]!;
  }

  nameOf(layer: number): string {
    return layer < 0 ? "input" : this.layers[layer]!.name;
  }

  share(layer: number): void {
    this.#shared.add(layer);
  }

  /** Whether a layer's map may still change: nothing reads it but the node at hand. */
  isOwn(layer: number): boolean {
    return layer >= 0 && !this.#shared.has(layer) && this.layers[layer]!.activation === "none";
  }

  /**
   * Adds a layer that reads these maps. @returns its index
   * @throws UserError where it does not fit what it reads @throws RangeError where it is too large
   */
  add(
    name: string,
    inputs: readonly number[],
    layer: Partial<Layer> & Pick<Layer, "type">,
    constants?: FloatConstants,
  ): number {
    const added = LayerSchema.parse({
      activation: "none",
      ...layer,
      bias: constants?.bias !== undefined,
      name: this.#unique(name),
      inputs: inputs.map((index) => this.nameOf(index)),
    });
    const resolved = resolveLayers({
      name: "imported",
      input: this.input,
      layers: [...this.layers, added],
    });
    const { output } = resolved.at(-1)!;
    if (!(elements(output) <= MAP_ELEMENTS_MAX)) {
      throw new RangeError(`a map of ${output.h}x${output.w}x${output.channels} is too large`);
    }
    this.layers.push(added);
    this.shapes.push(output);
    if (constants !== undefined) this.constants.set(added.name, constants);
    return this.layers.length - 1;
  }

  relu(layer: number): void {
    this.layers[layer]!.activation = "relu";
  }

  /** Multiplies and shifts each output channel of a layer with weights. */
  scale(layer: number, scale: ArrayLike<number>, shift: ArrayLike<number>): void {
    const { name } = this.layers[layer]!;
    const { weights, bias } = this.constants.get(name)!;
    const channels = this.shapes[layer]!.channels;
    const kernel = weights.length / channels;
    this.constants.set(name, {
      weights: weights.map((w, i) => w * scale[Math.floor(i / kernel)]!),
      bias: Float32Array.from(
        { length: channels },
        (_, m) => (bias?.[m] ?? 0) * scale[m]! + shift[m]!,
      ),
    });
    this.layers[layer]!.bias = true;
  }

  hasWeights(layer: number): boolean {
    return layer >= 0 && this.constants.has(this.layers[layer]!.name);
  }

  /** What the last of these layers needs, in order. */
  network(name: string, output: number): Network {
    const resolved = resolveLayers({ name, input: this.input, layers: this.layers });
    const needed = new Set([output]);
    for (let index = output; index >= 0; index--) {
      if (needed.has(index)) { for (const input of resolved[index]!.inputs) needed.add(input); }
    }
    return {
      name,
      input: this.input,
      layers: this.layers.filter((_, index) => needed.has(index)),
    };
  }

  /** A C identifier that no layer has yet. */
  #unique(wanted: string): string {
    const clean = wanted.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 40);
    const base = /^[A-Za-z]/.test(clean) ? clean : `layer_${clean}`.replace(/_+$/, "");
    let name = base;
    for (let i = 2; this.#names.has(name); i++) name = `${base}_${i}`;
    this.#names.add(name);
    return name;
  }
}
