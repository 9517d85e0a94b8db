/**
 * What integers will do to a network, in floating point: weights and maps are rounded to the codes that
 * quantize gives them, so that training learns to live with it. Gradients pass the rounding as if it were
 * not there (straight-through, Bengio et al. 2013); where a map is clamped they stop.
 *
 * The rules are those of network/integer: symmetric codes, bias in units of input times weight scale,
 * output scales that a multiplier and a shift can stand for, no sum beyond 32 bits.
 */
import * as tf from "@tensorflow/tfjs-core";
import { SUM_LIMIT } from "../network/integer/bound.ts";
import { joinMultipliers } from "../network/integer/channelwise.ts";
import { fixedPoint, quantiseValue, RATIO_MAX, RATIO_MIN } from "../network/integer/requantise.ts";
import type { QuantisationTarget } from "../network/artifacts/training.ts";
import type { ResolvedLayer } from "../network/network.ts";
import type { Graph } from "./forward.ts";
import type { Parameter } from "./parameters.ts";

/** Codes of one map: value = code * scale. */
export interface MapCodes {
  readonly scale: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** A network on the grid of its codes. */
export interface Grid {
  readonly input: MapCodes;
  /** Per layer; null where a layer only moves its input's codes. */
  readonly maps: readonly (MapCodes | null)[];
}

/** Bits of activation codes: 16-bit weights leave 12 of a 32-bit sum to a map. */
export function activationBits({ element_bytes }: QuantisationTarget): number {
  return element_bytes === 1 ? 8 : 12;
}

/**
 * The grid, and the parameters on it.
 * @param ranges largest magnitude that each map must hold: of the input, then of each layer
 */
export function onGrid(
  graph: Graph,
  parameters: readonly Parameter[],
  ranges: ArrayLike<number>,
  target: QuantisationTarget,
): { grid: Grid; parameters: Parameter[] } {
  const maximum = 2 ** (activationBits(target) - 1) - 1;
  const symmetric = (scale: number, positive = false): MapCodes => ({
    scale,
    minimum: positive ? 0 : -maximum,
    maximum,
  });
  const rounded = [...parameters];
  const input = symmetric(rangeOf(ranges[0]!) / maximum);
  const codes: MapCodes[] = [];
  const codesOf = (index: number) => index < 0 ? input : codes[index]!;
  const maps = graph.layers.map((layer, index): MapCodes | null => {
    const sources = layer.inputs.map(codesOf);
    const from = sources[0]!;
    if (layer.type === "flatten" || layer.type === "max_pool") {
      const positive = layer.activation === "relu" || from.minimum === 0;
      codes.push({ ...from, minimum: positive ? 0 : from.minimum });
      return null;
    }
    const kernel = graph.kernels[index]!;
    const bias = graph.biases[index]!;
    let units: number[];
    if (kernel >= 0) {
      const result = roundWeights(rounded[kernel]!, rounded[bias], from, target);
      rounded[kernel] = result.kernel;
      if (result.bias !== undefined) rounded[bias] = result.bias;
      units = result.scales.map((scale) => scale * from.scale);
    } else units = [unitWithoutWeights(layer, sources)];
    const positive = layer.activation === "relu" ||
      kernel < 0 && sources.every(({ minimum }) => minimum === 0);
    const wanted = rangeOf(ranges[index + 1]!) / maximum;
    const own = symmetric(
      kernel >= 0 && target.per_channel
        ? channelScale(units, wanted)
        : layerScale(units[0]!, wanted),
      positive,
    );
    codes.push(own);
    return own;
  });
  return { grid: { input, maps }, parameters: rounded };
}

function rangeOf(range: number): number {
  return range > 0 ? range : 1;
}

/** Real value of one unit of a layer's sum. */
function unitWithoutWeights(layer: ResolvedLayer, sources: readonly MapCodes[]): number {
  return sources.length === 2
    ? joinMultipliers(sources[0]!.scale, sources[1]!.scale).unit
    : sources[0]!.scale / (layer.kernel.h * layer.kernel.w);
}

/** The output scale nearest above `wanted` that one multiplier and shift can give. */
function layerScale(unit: number, wanted: number): number {
  const { multiplier, shift } = fixedPoint(Math.max(RATIO_MIN, Math.min(unit / wanted, RATIO_MAX)));
  return unit * 2 ** shift / multiplier;
}

/** With a multiplier per channel the scale is as wanted, where no channel's ratio is too large. */
function channelScale(units: readonly number[], wanted: number): number {
  return Math.max(wanted, Math.max(...units) / RATIO_MAX);
}

/** Weights and bias on their grid. The output channel is the innermost axis of every kernel. */
function roundWeights(
  kernel: Parameter,
  bias: Parameter | undefined,
  from: MapCodes,
  { element_bytes, per_channel }: QuantisationTarget,
): { kernel: Parameter; bias: Parameter | undefined; scales: number[] } {
  const codeMax = 2 ** (8 * element_bytes - 1) - 1;
  const channels = kernel.kind === "depthwise_kernel" ? kernel.shape[2]! : kernel.shape[3]!;
  const largest = new Float64Array(channels);
  const { data } = kernel;
  // Plain loops, once per training step over all weights.
  for (let i = 0; i < data.length;) {
    for (let m = 0; m < channels; m++, i++) largest[m] = Math.max(largest[m]!, Math.abs(data[i]!));
  }
  const all = largest.reduce((a, b) => Math.max(a, b), 0);
  const largestBias = bias?.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0) ?? 0;
  const own = Array.from(largest, (magnitude, m) => {
    const biasOf = per_channel ? Math.abs(bias?.data[m] ?? 0) : largestBias;
    const weight = per_channel ? magnitude : all;
    return Math.max(weight / codeMax, biasOf / (from.scale * (SUM_LIMIT - 1)));
  });
  // A channel without any weight or bias takes the largest scale: a larger one would widen the map's.
  const spare = Math.max(...own) || 1;
  const scales = own.map((scale) => scale || spare);
  const codes = new Float64Array(kernel.data.length);
  for (;;) {
    for (let i = 0; i < data.length;) {
      for (let m = 0; m < channels; m++, i++) {
        codes[i] = quantiseValue(data[i]!, scales[m]!, -codeMax, codeMax);
      }
    }
    const bounds = boundsOf(codes, channels, bias?.data, scales, from);
    const worst = Math.max(...bounds);
    if (worst <= SUM_LIMIT) break;
    bounds.forEach((bound, m) => {
      const excess = (per_channel ? bound : worst) / SUM_LIMIT;
      if (excess > 1) scales[m] = scales[m]! * excess * (1 + 2 ** -20);
    });
  }
  const rounded = new Float32Array(data.length);
  for (let i = 0; i < data.length;) {
    for (let m = 0; m < channels; m++, i++) rounded[i] = codes[i]! * scales[m]!;
  }
  return {
    kernel: { ...kernel, data: rounded },
    bias: bias && {
      ...bias,
      data: bias.data.map((b, m) => {
        const unit = scales[m]! * from.scale;
        return quantiseValue(b, unit, -Infinity, Infinity) * unit;
      }),
    },
    scales: per_channel ? scales : [scales[0]!],
  };
}

/** Largest |sum| per channel, as network/integer/bound.ts has it. */
function boundsOf(
  codes: Float64Array,
  channels: number,
  bias: Float32Array | undefined,
  scales: readonly number[],
  { minimum, maximum, scale }: MapCodes,
): number[] {
  const positive = new Float64Array(channels);
  const negative = new Float64Array(channels);
  for (let i = 0; i < codes.length;) {
    for (let m = 0; m < channels; m++, i++) {
      const code = codes[i]!;
      if (code > 0) positive[m]! += code;
      else negative[m]! -= code;
    }
  }
  return Array.from(positive, (up, m) => {
    const down = negative[m]!;
    const own = bias === undefined
      ? 0
      : Math.abs(Math.floor(bias[m]! / (scales[m]! * scale) + 0.5));
    return Math.max(up * maximum - down * minimum, down * maximum - up * minimum) + own;
  });
}

/** A map on the grid. */
export function roundMap(map: tf.Tensor4D, { scale, minimum, maximum }: MapCodes): tf.Tensor4D {
  const codes = tf.floor(tf.add(tf.mul(map, 1 / scale), 0.5));
  return tf.mul(tf.clipByValue(codes, minimum, maximum), scale);
}

/** The gradient where a map was not clamped; 0 elsewhere. @param raw the map before {@link roundMap} */
export function throughRounding(
  dy: tf.Tensor4D,
  raw: tf.Tensor4D,
  { scale, maximum }: MapCodes,
): tf.Tensor4D {
  const inside = tf.lessEqual(tf.abs(raw), (maximum + 0.5) * scale);
  return tf.mul(dy, tf.cast(inside, "float32"));
}
