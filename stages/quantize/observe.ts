/** What the maps of a network hold on calibration samples. */
import { FloatInference, type FloatNetwork } from "../../network/float.ts";

/**
 * Statistics of one map over all its elements and samples; minimum and maximum cut to a percentile of
 * the magnitudes where one is asked for.
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

/** How often each magnitude occurs, in bins of equal relative width. */
class Magnitudes {
  readonly #counts = new Float64Array(1 << (31 - BIN_SHIFT));
  #total = 0;

  add(values: Float32Array): void {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < bits.length; i++) this.#counts[(bits[i]! & 0x7fffffff) >>> BIN_SHIFT]!++;
    this.#total += bits.length;
  }

  /** The upper end of the bin up to which at least `share` of all magnitudes lie. */
  percentile(share: number): number {
    let seen = 0;
    let bin = 0;
    while (bin < this.#counts.length && (seen += this.#counts[bin]!) < share * this.#total) bin++;
    return new Float32Array(Uint32Array.of((bin + 1) << BIN_SHIFT).buffer)[0]!;
  }
}

class Statistics {
  readonly #magnitudes: Magnitudes | undefined;
  readonly #share: number;
  #minimum = Infinity;
  #maximum = -Infinity;
  #sum_squares = 0;
  #count = 0;

  /** @param share of the magnitudes that the range must hold; 1: all of them */
  constructor(share: number) {
    this.#share = share;
    this.#magnitudes = share < 1 ? new Magnitudes() : undefined;
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
    const range = this.#magnitudes?.percentile(this.#share) ?? Infinity;
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

  /** @param share of a map's magnitudes that its range must hold, in (0, 1] */
  constructor(network: FloatNetwork, share = 1) {
    this.#inference = new FloatInference(network);
    this.#input = new Statistics(share);
    this.#layers = network.layers.map(() => new Statistics(share));
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
  share = 1,
): Observation {
  const observer = new Observer(network, share);
  for (const sample of samples) observer.add(sample);
  return observer.result();
}
