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

/** Runs the samples through the network in floating point. @param samples each [h][w][channels] */
export function observe(network: FloatNetwork, samples: Iterable<Float32Array>): Observation {
  const inference = new FloatInference(network);
  const input = new Statistics();
  const layers = network.layers.map(() => new Statistics());
  for (const sample of samples) {
    input.add(sample);
    inference.run(sample);
    layers.forEach((statistics, index) => statistics.add(inference.map(index)));
  }
  return { input: input.result(), layers: layers.map((statistics) => statistics.result()) };
}
