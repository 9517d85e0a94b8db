/**
 * From a trained network and what its maps hold to integer codes whose 32-bit sums cannot overflow.
 *
 * Weights and activations share the 32 bits of a sum: sum|w| * max|x| + |bias| < 2^31. With scales
 * s_x and s_w the rounding noise of a sum, relative to its signal, is about
 * (s_x^2 / E[x^2] + s_w^2 / E[w^2]) / 12, which predicts a split of bits; refine_bits.ts measures it.
 */
import type { ChannelScale, QuantizedLayer } from "../../network/artifacts/quantized.ts";
import type { FloatLayer, FloatNetwork } from "../../network/float.ts";
import { accumulatorBound, SUM_LIMIT } from "../../network/integer/bound.ts";
import { joinMultipliers, MAXIMUM_SHIFT } from "../../network/integer/channelwise.ts";
import {
  type IntegerLayer,
  type IntegerNetwork,
  readsTwo,
} from "../../network/integer/inference.ts";
import {
  fixedPoint,
  nearestFixedPoint,
  quantiseValue,
  RATIO_MAX,
  RATIO_MIN,
} from "../../network/integer/requantise.ts";
import type { ResolvedLayer } from "../../network/network.ts";
import type { MapStatistics, Observation } from "./observe.ts";

export const BITS_MIN = 8;
export const BITS_MAX = 16;

/** Real value of one code of a map, and the codes it can hold. */
interface Codes {
  scale: number;
  minimum: number;
  maximum: number;
  bits: number;
}

export interface Quantised {
  network: IntegerNetwork;
  /** One per layer, without the names of files. */
  layers: Omit<QuantizedLayer, "weights" | "bias">[];
}

export interface QuantiseOptions {
  /** Bits of activation codes: of the network's input first, then of each layer's map. */
  bits: readonly number[];
  /** Most bits of an activation code that may be tried; default {@link BITS_MAX}. */
  bits_max?: number;
  /** Factor by which observed ranges are widened. */
  headroom: number;
  /** Of codes of maps and weights: 1 (int8) or 2 (int16); default 2. */
  element_bytes?: 1 | 2;
  /** Whether each output channel's weights have a scale of their own. */
  per_channel?: boolean;
  /** Largest |sum|; default what int32 holds, less for a kernel that saturates before. */
  sum_limit?: number;
}

/** Quantises a network after observing it. The result depends on nothing but the arguments. */
export function quantise(
  network: FloatNetwork,
  observation: Observation,
  options: QuantiseOptions,
): Quantised {
  const element_bytes = options.element_bytes ?? 2;
  const layers: Quantised["layers"] = [];
  const integer: IntegerLayer[] = [];
  const maps: Codes[] = [];
  const input = inputCodes(observation, options);
  const codesOf = (index: number) => index < 0 ? input : maps[index]!;
  for (const [index, item] of network.layers.entries()) {
    const { layer } = item;
    const from = codesOf(layer.inputs[0]!);
    if (layer.type === "flatten") {
      maps.push(from);
      integer.push({ layer });
      layers.push({
        name: layer.name,
        output_scale: from.scale,
        activation_bits: from.bits,
        accumulator_bound: 0,
      });
      continue;
    }
    if (layer.type === "max_pool") {
      // Codes keep their scale: a maximum needs no other.
      const codes = { ...from, minimum: layer.activation === "relu" ? 0 : from.minimum };
      const requantisation = {
        multiplier: 1 << MAXIMUM_SHIFT,
        shift: 2 * MAXIMUM_SHIFT,
        minimum: codes.minimum,
        maximum: codes.maximum,
      };
      maps.push(codes);
      integer.push({ layer, requantisation });
      layers.push({
        name: layer.name,
        output_scale: codes.scale,
        activation_bits: codes.bits,
        requantisation,
        accumulator_bound: 2 ** MAXIMUM_SHIFT * Math.max(-from.minimum, from.maximum),
      });
      continue;
    }
    const sources = layer.inputs.map(codesOf);
    const constants = item.weights === undefined ? undefined : quantiseWeights(item, from, {
      limit: options.sum_limit ?? SUM_LIMIT,
      code_max: 2 ** (8 * element_bytes - 1) - 1,
      per_channel: options.per_channel === true,
    });
    const joined = readsTwo(layer)
      ? joinMultipliers(sources[0]!.scale, sources[1]!.scale)
      : undefined;
    const units = constants === undefined
      ? [joined?.unit ?? from.scale / (layer.kernel.h * layer.kernel.w)]
      : constants.scales.map((scale) => from.scale * scale);
    const statistics = observation.layers[index]!;
    const bits = options.bits[index + 1]!;
    const maximum = 2 ** (bits - 1) - 1;
    const oneSided = constants === undefined && sources.every((codes) => codes.minimum === 0);
    const minimum = layer.activation === "relu" || oneSided ? 0 : -maximum;
    const wanted = rangeOf(statistics, options.headroom) / maximum;
    const perChannel = options.per_channel === true && constants !== undefined;
    const { scale, channels } = perChannel
      ? channelScales(units, wanted)
      : layerScale(units[0]!, wanted);
    const requantisation = { ...channels[0]!, minimum, maximum };
    const scales = perChannel ? channels : undefined;
    maps.push({ scale, minimum, maximum, bits });
    integer.push({
      layer,
      requantisation,
      ...(joined && { multipliers: joined.multipliers }),
      ...(constants && { weights: constants.weights }),
      ...(constants?.bias && { bias: constants.bias }),
      ...(scales && { scales }),
    });
    layers.push({
      name: layer.name,
      output_scale: scale,
      ...(constants && {
        ...(scales === undefined
          ? { weight_scale: constants.scales[0]! }
          : { weight_scales: constants.scales, channel_scales: scales }),
        weight_bits: constants.bits,
      }),
      activation_bits: bits,
      ...(joined && { multipliers: joined.multipliers }),
      requantisation,
      accumulator_bound: constants?.bound ?? unweightedBound(layer, sources, joined?.multipliers),
    });
  }
  return {
    network: {
      name: network.name,
      inputShape: network.inputShape,
      element_bytes,
      input: plain(input),
      layers: integer,
    },
    layers,
  };
}

/**
 * The output scale nearest above `wanted` that is, exactly, what the integers do, so that
 * requantisation has no gain error. @param unit real value of one unit of the sum
 */
function layerScale(unit: number, wanted: number): { scale: number; channels: ChannelScale[] } {
  const fixed = fixedPoint(Math.max(RATIO_MIN, Math.min(unit / wanted, RATIO_MAX)));
  return { scale: unit * 2 ** fixed.shift / fixed.multiplier, channels: [fixed] };
}

/** With one unit per output channel the scale is as wanted, where no channel's ratio is too large. */
function channelScales(
  units: readonly number[],
  wanted: number,
): { scale: number; channels: ChannelScale[] } {
  const largest = units.reduce((max, unit) => Math.max(max, unit), 0);
  const scale = Math.max(wanted, largest / RATIO_MAX);
  return { scale, channels: units.map((unit) => nearestFixedPoint(unit / scale)) };
}

/** Largest |sum| of a layer without weights. */
function unweightedBound(
  layer: ResolvedLayer,
  sources: readonly Codes[],
  multipliers: readonly [number, number] | undefined,
): number {
  const largest = sources.map(({ minimum, maximum }) => Math.max(-minimum, maximum));
  if (multipliers === undefined) return layer.kernel.h * layer.kernel.w * largest[0]!;
  const parts = multipliers.map((multiplier, i) => multiplier * largest[i]!);
  return layer.type === "add" ? parts[0]! + parts[1]! : Math.max(...parts);
}

function plain({ scale, minimum, maximum }: Codes) {
  return { scale, minimum, maximum };
}

/** Largest |value| that a map must hold; 1 for a map that is zero throughout. */
function rangeOf(statistics: MapStatistics, headroom: number): number {
  const range = Math.max(-statistics.minimum, statistics.maximum) * headroom;
  return range > 0 ? range : 1;
}

function inputCodes(observation: Observation, options: QuantiseOptions): Codes {
  const bits = options.bits[0]!;
  const maximum = 2 ** (bits - 1) - 1;
  const scale = rangeOf(observation.input, options.headroom) / maximum;
  return { scale, minimum: -maximum, maximum, bits };
}

/** Per map, the input's first, the bits that make the predicted noise of its readers smallest. */
export function predictBits(
  network: FloatNetwork,
  observation: Observation,
  headroom: number,
  sum_limit = SUM_LIMIT,
  bits_max = BITS_MAX,
): number[] {
  return [-1, ...network.layers.keys()].map((index) =>
    predictMapBits(network, observation, index, headroom, sum_limit, bits_max)
  );
}

function predictMapBits(
  network: FloatNetwork,
  observation: Observation,
  index: number,
  headroom: number,
  sum_limit: number,
  bits_max: number,
): number {
  const statistics = index < 0 ? observation.input : observation.layers[index]!;
  const oneSided = index >= 0 && statistics.minimum >= 0;
  const range = rangeOf(statistics, headroom);
  const readers = weightedReaders(network, index);
  let best = { bits: bits_max, noise: Infinity };
  for (let bits = bits_max; bits >= BITS_MIN; bits--) {
    const scale = range / (2 ** (bits - 1) - 1);
    const signal = statistics.mean_square > 0 ? statistics.mean_square : range ** 2;
    const noise = readers.reduce(
      (sum, reader) => sum + weightNoise(reader, range, scale, oneSided, sum_limit),
      scale ** 2 / signal,
    );
    if (noise < best.noise) best = { bits, noise };
  }
  return best.bits;
}

/** Layers with weights that read a map, through flattens. */
function weightedReaders(network: FloatNetwork, index: number): FloatLayer[] {
  return network.layers.flatMap((item, reader) => {
    if (!item.layer.inputs.includes(index)) return [];
    const passes = item.layer.type === "flatten" || item.layer.type === "max_pool";
    if (passes) return weightedReaders(network, reader);
    return item.weights === undefined ? [] : [item];
  });
}

/** s_w^2 / E[w^2] of the weight scale that a map's scale leaves. */
function weightNoise(
  { layer, weights, bias }: FloatLayer,
  range: number,
  scale: number,
  oneSided: boolean,
  sum_limit: number,
): number {
  const channels = layer.output.channels;
  const kernel = weights!.length / channels;
  let largest = 0;
  let squares = 0;
  let sum = 0;
  for (let m = 0; m < channels; m++) {
    let positive = 0;
    let negative = 0;
    for (let i = m * kernel; i < (m + 1) * kernel; i++) {
      const w = weights![i]!;
      largest = Math.max(largest, Math.abs(w));
      squares += w * w;
      if (w > 0) positive += w;
      else negative -= w;
    }
    const magnitude = oneSided ? Math.max(positive, negative) : positive + negative;
    sum = Math.max(sum, magnitude * range + Math.abs(bias?.[m] ?? 0));
  }
  if (squares === 0) return 0;
  const weightScale = Math.max(largest / 32767, sum / (scale * sum_limit));
  return weightScale ** 2 / (squares / weights!.length);
}

interface WeightRules {
  /** Largest |sum|. */
  limit: number;
  /** Largest weight code. */
  code_max: number;
  per_channel: boolean;
}

/**
 * The finest weight scales with which no sum overflows, and the codes at them.
 * @returns `scales`: one, or one per output channel; `bound`: largest |sum| of any channel
 */
function quantiseWeights(
  { layer, weights, bias }: FloatLayer,
  from: Codes,
  { limit, code_max, per_channel }: WeightRules,
): {
  scales: number[];
  bits: number;
  weights: Int16Array;
  bias: Int32Array | undefined;
  bound: number;
} {
  const channels = layer.output.channels;
  const kernel = weights!.length / channels;
  const codes = new Int16Array(weights!.length);
  const biasCodes = bias && new Int32Array(channels);
  const groups = per_channel ? channels : 1;
  const size = channels / groups;
  const scales: number[] = [];
  let bound = 0;
  for (let group = 0; group < groups; group++) {
    const own = weights!.subarray(group * size * kernel, (group + 1) * size * kernel);
    const ownBias = bias?.subarray(group * size, (group + 1) * size);
    const found = quantiseGroup(own, ownBias, size, from, limit, code_max);
    codes.set(found.codes, group * size * kernel);
    biasCodes?.set(found.bias!, group * size);
    scales.push(found.scale);
    bound = Math.max(bound, found.bound);
  }
  // A channel without any weight or bias has no scale of its own; a large one would widen the others'.
  const largest = scales.reduce((max, scale) => Math.max(max, scale), 0) || 1;
  const top = codes.reduce((max, w) => Math.max(max, Math.abs(w)), 1);
  return {
    scales: scales.map((scale) => scale === 0 ? largest : scale),
    bits: 1 + Math.max(1, Math.ceil(Math.log2(top + 1))),
    weights: codes,
    bias: biasCodes,
    bound,
  };
}

/** Output channels that share a scale; scale 0 where all that is scaled is 0. */
function quantiseGroup(
  weights: Float32Array,
  bias: Float32Array | undefined,
  channels: number,
  from: Codes,
  limit: number,
  code_max: number,
): { scale: number; codes: Int16Array; bias: number[] | undefined; bound: number } {
  const largest = weights.reduce((max, w) => Math.max(max, Math.abs(w)), 0);
  const largestBias = bias?.reduce((max, b) => Math.max(max, Math.abs(b)), 0) ?? 0;
  let scale = Math.max(largest / code_max, largestBias / (from.scale * (limit - 1)));
  if (scale === 0) {
    return {
      scale,
      codes: new Int16Array(weights.length),
      bias: bias && Array(channels).fill(0),
      bound: 0,
    };
  }
  for (;;) {
    const codes = Int16Array.from(weights, (w) => quantiseValue(w, scale, -code_max, code_max));
    const biasCodes = bias &&
      Array.from(bias, (b) => quantiseValue(b, scale * from.scale, -Infinity, Infinity));
    const bound = accumulatorBound(codes, channels, biasCodes, from.minimum, from.maximum);
    if (bound <= limit) return { scale, codes, bias: biasCodes, bound };
    // Rounding may add up to half a code per weight, hence a step above the plain quotient.
    scale *= (bound / limit) * (1 + 2 ** -20);
  }
}
