/** Integer inference of a whole network: the one definition that every runtime equals, bit for bit. */
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import type { Requantisation } from "../artifacts/quantized.ts";
import { elements, type ResolvedLayer, type Shape, weightShape } from "../network.ts";
import { convSums, poolSums } from "./conv.ts";
import { quantiseValue, requantiseAll } from "./requantise.ts";

/** A layer with its integer constants. */
export interface IntegerLayer {
  layer: ResolvedLayer;
  /** [M][Kh][Kw][N] of conv and fc. */
  weights?: Int16Array;
  /** [M], where the layer has a bias. */
  bias?: Int32Array;
  /** Absent for flatten. */
  requantisation?: Requantisation;
}

export interface IntegerNetwork {
  name: string;
  inputShape: Shape;
  input: { scale: number; minimum: number; maximum: number };
  layers: IntegerLayer[];
}

/** Layer types that integer inference knows, and so quantize, dump and the runtimes. */
export const INTEGER_LAYERS = ["conv", "fc", "global_avg_pool", "flatten"] as const;

/** @throws UserError naming every layer that has no integer definition */
export function refuseUnsupported(layers: readonly ResolvedLayer[]): void {
  const problems = layers.flatMap((layer, index): Problem[] => {
    const known = (INTEGER_LAYERS as readonly string[]).includes(layer.type);
    if (layer.type === "flatten" && layer.activation !== "none") {
      return [{
        message: `layer ${layer.name}: a flatten only moves codes and has no activation`,
        field: `layers.${index}.activation`,
        value: layer.activation,
        expected: "none",
      }];
    }
    if (known && layer.groups === 1) return [];
    return [{
      message: known
        ? `layer ${layer.name}: a conv of ${layer.groups} groups has no integer inference`
        : `layer ${layer.name}: a ${layer.type} layer has no integer inference`,
      field: `layers.${index}`,
      value: known ? layer.groups : layer.type,
      expected: known ? "groups: 1" : INTEGER_LAYERS.join(", "),
    }];
  });
  if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);
}

/** Codes of one input sample. @param x real values [h][w][channels] */
export function quantiseInput(network: IntegerNetwork, x: ArrayLike<number>): Int16Array {
  const { scale, minimum, maximum } = network.input;
  const codes = new Int16Array(elements(network.inputShape));
  if (x.length !== codes.length) {
    throw new RangeError(`input has ${x.length} elements, the network reads ${codes.length}`);
  }
  for (let i = 0; i < codes.length; i++) codes[i] = quantiseValue(x[i]!, scale, minimum, maximum);
  return codes;
}

/** Runs a network over many inputs; keeps its buffers between them. */
export class IntegerInference {
  readonly network: IntegerNetwork;
  readonly #maps: Int16Array[];
  readonly #sums: Int32Array;

  /** @throws UserError where a layer is not supported @throws RangeError where constants do not fit it */
  constructor(network: IntegerNetwork) {
    refuseUnsupported(network.layers.map((item) => item.layer));
    for (const { layer, weights, bias, requantisation } of network.layers) {
      const shape = weightShape(layer);
      const wanted = shape.length === 0 ? undefined : shape.reduce((a, b) => a * b, 1);
      if (weights?.length !== wanted) {
        throw new RangeError(`${layer.name}: ${weights?.length} weights, expected ${wanted}`);
      }
      if (bias?.length !== (layer.bias ? layer.output.channels : undefined)) {
        throw new RangeError(`${layer.name}: ${bias?.length} biases`);
      }
      if ((requantisation === undefined) !== (layer.type === "flatten")) {
        throw new RangeError(
          `${layer.name}: requantisation ${requantisation ? "extra" : "missing"}`,
        );
      }
    }
    this.network = network;
    this.#maps = network.layers.map(({ layer }) => new Int16Array(elements(layer.output)));
    this.#sums = new Int32Array(Math.max(...this.#maps.map((map) => map.length)));
  }

  /**
   * Output codes of one sample; a view that the next call overwrites.
   * @param input codes [h][w][channels]
   */
  run(input: Int16Array): Int16Array {
    this.network.layers.forEach(({ layer, weights, bias, requantisation }, index) => {
      const source = layer.inputs[0]! < 0 ? input : this.#maps[layer.inputs[0]!]!;
      const map = this.#maps[index]!;
      if (layer.type === "flatten") {
        map.set(source);
        return;
      }
      if (layer.type === "global_avg_pool") poolSums(layer, source, this.#sums);
      else convSums(layer, source, weights!, bias, this.#sums);
      requantiseAll(this.#sums, map.length, requantisation!, map, 0);
    });
    return this.#maps[this.#maps.length - 1]!;
  }

  /** Output map of a layer after {@link run}. */
  map(index: number): Int16Array {
    return this.#maps[index]!;
  }
}

/** Index of the largest value, the first of equals: the class. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
