/** Integer inference of a whole network: the one definition that every runtime equals, bit for bit. */
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import type { Codes } from "../../base/files.ts";
import type { ChannelScale, Requantisation } from "../artifacts/quantized.ts";
import { elements, type ResolvedLayer, type Shape, weightShape } from "../network.ts";
import {
  addSums,
  concatSums,
  depthwiseSums,
  isPadded,
  maximumSums,
  meanSums,
  PADDED_MEAN_ELEMENTS_MAX,
} from "./channelwise.ts";
import { convSums, poolSums } from "./conv.ts";
import { quantiseValue, requantiseAll, requantiseChannels } from "./requantise.ts";

/** A layer with its integer constants. */
export interface IntegerLayer {
  layer: ResolvedLayer;
  /** [M][Kh][Kw][N] of conv and fc; int8 codes, too, are held in 16 bits here. */
  weights?: Int16Array;
  /** [M], where the layer has a bias. */
  bias?: Int32Array;
  /** Of add and concat: of the codes of either input. */
  multipliers?: readonly [number, number];
  /** Absent for flatten. */
  requantisation?: Requantisation;
  /** [M]: in the place of the requantisation's multiplier and shift, per output channel. */
  scales?: readonly ChannelScale[];
}

export interface IntegerNetwork {
  name: string;
  inputShape: Shape;
  /** Of codes of maps and weights: 1 (int8) or 2 (int16). */
  element_bytes: 1 | 2;
  input: { scale: number; minimum: number; maximum: number };
  layers: IntegerLayer[];
}

/** Layer types that integer inference knows, and so quantize, dump and the runtimes. */
export const INTEGER_LAYERS = [
  "conv",
  "depthwise_conv",
  "fc",
  "max_pool",
  "avg_pool",
  "global_avg_pool",
  "add",
  "concat",
  "flatten",
] as const;

/** Whether a layer reads two maps. */
export function readsTwo({ type }: ResolvedLayer): boolean {
  return type === "add" || type === "concat";
}

/** What integer inference cannot do with a layer: the field, its value, what it takes. */
function limitsOf(layer: ResolvedLayer): { field: string; value: unknown; expected: string }[] {
  const { type, kernel, padding, stride } = layer;
  const limits = [];
  if (type === "conv" && layer.groups !== 1) {
    limits.push({
      field: "groups",
      value: layer.groups,
      expected: "groups: 1, or a depthwise_conv",
    });
  }
  if (readsTwo(layer)) {
    if (layer.inputs.length !== 2) {
      limits.push({
        field: "inputs",
        value: layer.inputs.length,
        expected: "two inputs; chain layers for more",
      });
    }
    const moved = stride.h * stride.w !== 1 || Object.values(padding).some((side) => side > 0);
    if (moved) limits.push({ field: "stride", value: stride, expected: "no stride, no padding" });
  }
  if (type === "max_pool" || type === "avg_pool") {
    const { top, bottom, left, right } = padding;
    if (Math.max(top, bottom) >= kernel.h || Math.max(left, right) >= kernel.w) {
      limits.push({ field: "padding", value: padding, expected: "less than the kernel" });
    }
    const whole = kernel.h * kernel.w;
    if (type === "avg_pool" && isPadded(layer) && whole > PADDED_MEAN_ELEMENTS_MAX) {
      limits.push({
        field: "kernel",
        value: kernel,
        expected: `at most ${PADDED_MEAN_ELEMENTS_MAX} elements where there is padding`,
      });
    }
  }
  return limits;
}

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
    if (!known) {
      return [{
        message: `layer ${layer.name}: a ${layer.type} layer has no integer inference`,
        field: `layers.${index}`,
        value: layer.type,
        expected: INTEGER_LAYERS.join(", "),
      }];
    }
    return limitsOf(layer).map(({ field, value, expected }) => ({
      message: `layer ${layer.name}: such a ${layer.type} has no integer inference`,
      field: `layers.${index}.${field}`,
      value,
      expected,
    }));
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
    for (const { layer, weights, bias, multipliers, requantisation, scales } of network.layers) {
      if ((multipliers !== undefined) !== readsTwo(layer)) {
        throw new RangeError(`${layer.name}: multipliers ${multipliers ? "extra" : "missing"}`);
      }
      const shape = weightShape(layer);
      const wanted = shape.length === 0 ? undefined : shape.reduce((a, b) => a * b, 1);
      if (weights?.length !== wanted) {
        throw new RangeError(`${layer.name}: ${weights?.length} weights, expected ${wanted}`);
      }
      if (bias?.length !== (layer.bias ? layer.output.channels : undefined)) {
        throw new RangeError(`${layer.name}: ${bias?.length} biases`);
      }
      if (scales !== undefined && scales.length !== (weights && layer.output.channels)) {
        throw new RangeError(`${layer.name}: ${scales.length} scales`);
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
  run(input: Codes): Int16Array {
    const source = input instanceof Int16Array ? input : Int16Array.from(input);
    const mapOf = (index: number) => index < 0 ? source : this.#maps[index]!;
    this.network.layers.forEach((item, index) => {
      const { layer, requantisation, scales } = item;
      const first = mapOf(layer.inputs[0]!);
      const map = this.#maps[index]!;
      if (layer.type === "flatten") {
        map.set(first);
        return;
      }
      sumsOf(item, first, readsTwo(layer) ? mapOf(layer.inputs[1]!) : first, this.#sums);
      if (scales === undefined) requantiseAll(this.#sums, map.length, requantisation!, map, 0);
      else requantiseChannels(this.#sums, map.length, requantisation!, scales, map);
    });
    return this.#maps[this.#maps.length - 1]!;
  }

  /** Output map of a layer after {@link run}. */
  map(index: number): Int16Array {
    return this.#maps[index]!;
  }
}

/** @param second the second map of add and concat */
function sumsOf(
  { layer, weights, bias, multipliers }: IntegerLayer,
  source: Int16Array,
  second: Int16Array,
  sums: Int32Array,
): void {
  switch (layer.type) {
    case "global_avg_pool":
      return poolSums(layer, source, sums);
    case "depthwise_conv":
      return depthwiseSums(layer, source, weights!, bias, sums);
    case "max_pool":
      return maximumSums(layer, source, sums);
    case "avg_pool":
      return meanSums(layer, source, sums);
    case "add":
      return addSums(layer, source, second, multipliers!, sums);
    case "concat":
      return concatSums(layer, source, second, multipliers!, sums);
    default:
      return convSums(layer, source, weights!, bias, sums);
  }
}

/** Codes as files and the runtime hold them: of 1 or 2 bytes. */
export function storedCodes(codes: Int16Array, element_bytes: 1 | 2): Codes {
  return element_bytes === 1 ? Int8Array.from(codes) : codes;
}

/** Index of the largest value, the first of equals: the class. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
