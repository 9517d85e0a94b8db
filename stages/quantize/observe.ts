/** What the maps of a network hold on calibration samples. */
import { FloatInference, type FloatNetwork } from "../../network/float.ts";

/** Statistics of one map over all its elements and samples. */
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

class Statistics {
  #minimum = Infinity;
  #maximum = -Infinity;
  #sum_squares = 0;
  #count = 0;

  add(values: Float32Array): void {
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (x < this.#minimum) this.#minimum = x;
      if (x > this.#maximum) this.#maximum = x;
      this.#sum_squares += x * x;
    }
    this.#count += values.length;
  }

  result(): MapStatistics {
    return {
      minimum: this.#minimum,
      maximum: this.#maximum,
      mean_square: this.#sum_squares / this.#count,
    };
  }
}

/** Watches the maps of a network, sample by sample. */
export class Observer {
  readonly #inference: FloatInference;
  readonly #input = new Statistics();
  readonly #layers: Statistics[];

  constructor(network: FloatNetwork) {
    this.#inference = new FloatInference(network);
    this.#layers = network.layers.map(() => new Statistics());
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
export function observe(network: FloatNetwork, samples: Iterable<Float32Array>): Observation {
  const observer = new Observer(network);
  for (const sample of samples) observer.add(sample);
  return observer.result();
}
