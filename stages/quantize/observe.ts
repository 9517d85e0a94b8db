/** What the maps of a network hold on calibration samples. */
import { FloatInference, type FloatNetwork } from "../../network/float.ts";

/**
 * Statistics of one map over all its elements and samples; minimum and maximum cut to the range
 * that a rule gives.
 */
export interface MapStatistics {
  minimum: number;
  maximum: number;
  mean_square: number;
}

/** Of the network's input, and of each layer's output. */
export interface Observation {
  input: MapStatistics;
  layers: MapStatistics[];
}

/** Bits of a float32 that a bin of magnitudes drops: seven bits of the mantissa stay, 0.8 % a bin. */
const BIN_SHIFT = 16;

function upperEnd(bin: number): number {
  return new Float32Array(Uint32Array.of((bin + 1) << BIN_SHIFT).buffer)[0]!;
}

/**
 * How a map's range follows from what it holds: the share of its magnitudes that the range takes in
 * (1: all), or what rounds and clamps with the least squared error in codes of so many bits.
 */
export type RangeRule = { share: number } | { least_error_bits: number };

/** How often each magnitude occurs, in bins of equal relative width. */
class Magnitudes {
  readonly #counts = new Float64Array(1 << (31 - BIN_SHIFT));
  #total = 0;

  add(values: Float32Array): void {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < bits.length; i++) this.#counts[(bits[i]! & 0x7fffffff) >>> BIN_SHIFT]!++;
    this.#total += bits.length;
  }

  /**
   * The range whose codes lose the least: the smallest sum of squared errors of what is rounded, a
   * twelfth of a squared step on average, and of what is clamped. Zeros are exact.
   * @param code_max largest code
   */
  leastError(code_max: number): number {
    let count = 0, sum = 0, squares = 0;
    for (let bin = 1; bin < this.#counts.length; bin++) count += this.#counts[bin]!;
    let best = { range: 0, error: Infinity };
    // From the largest range down; what lies above it is kept as count, sum and sum of squares.
    let beyond = 0;
    for (let bin = this.#counts.length - 1; bin >= 1; bin--) {
      if (this.#counts[bin]! === 0 && beyond === 0) continue;
      const range = upperEnd(bin);
      const step = range / code_max;
      const clamped = squares - 2 * range * sum + range ** 2 * beyond;
      const error = (count - beyond) * step ** 2 / 12 + clamped;
      if (error < best.error) best = { range, error };
      const here = this.#counts[bin]!;
      beyond += here;
      sum += here * range;
      squares += here * range ** 2;
    }
    return best.range;
  }

  /** The upper end of the bin up to which at least `share` of all magnitudes lie. */
  percentile(share: number): number {
    let seen = 0;
    let bin = 0;
    while (bin < this.#counts.length && (seen += this.#counts[bin]!) < share * this.#total) bin++;
    return upperEnd(bin);
  }
}

class Statistics {
  readonly #magnitudes: Magnitudes | undefined;
  readonly #rule: RangeRule;
  #minimum = Infinity;
  #maximum = -Infinity;
  #sum_squares = 0;
  #count = 0;

  constructor(rule: RangeRule) {
    this.#rule = rule;
    const all = "share" in rule && rule.share === 1;
    this.#magnitudes = all ? undefined : new Magnitudes();
  }

  add(values: Float32Array): void {
    this.#magnitudes?.add(values);
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (x < this.#minimum) this.#minimum = x;
      if (x > this.#maximum) this.#maximum = x;
      this.#sum_squares += x * x;
    }
    this.#count += values.length;
  }

  result(): MapStatistics {
    const rule = this.#rule;
    const range = this.#magnitudes === undefined
      ? Infinity
      : "share" in rule
      ? this.#magnitudes.percentile(rule.share)
      : this.#magnitudes.leastError(2 ** (rule.least_error_bits - 1) - 1);
    return {
      minimum: Math.max(this.#minimum, -range),
      maximum: Math.min(this.#maximum, range),
      mean_square: this.#sum_squares / this.#count,
    };
  }
}

/** Watches the maps of a network, sample by sample. */
export class Observer {
  readonly #inference: FloatInference;
  readonly #input: Statistics;
  readonly #layers: Statistics[];

  constructor(network: FloatNetwork, rule: RangeRule = { share: 1 }) {
    this.#inference = new FloatInference(network);
    this.#input = new Statistics(rule);
    this.#layers = network.layers.map(() => new Statistics(rule));
  }

  /** @param sample [h][w][channels] */
  add(sample: Float32Array): void {
    this.#input.add(sample);
    this.#inference.run(sample);
    this.#layers.forEach((statistics, index) => statistics.add(this.#inference.map(index)));
  }

  result(): Observation {
    return {
      input: this.#input.result(),
      layers: this.#layers.map((statistics) => statistics.result()),
    };
  }
}

/** What the maps hold on all of the samples. @param samples each [h][w][channels] */
export function observe(
  network: FloatNetwork,
  samples: Iterable<Float32Array>,
  rule: RangeRule = { share: 1 },
): Observation {
  const observer = new Observer(network, rule);
  for (const sample of samples) observer.add(sample);
  return observer.result();
}
