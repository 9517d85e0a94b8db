/** How many bits each map deserves, by trying: the prediction knows nothing of how errors add up. */
import { FloatInference, type FloatNetwork } from "../../network/float.ts";
import { quantiseInput } from "../../network/integer/inference.ts";
import { IntegerOutputs } from "./integer_outputs.ts";
import type { Observation } from "./observe.ts";
import { BITS_MAX, BITS_MIN, quantise, type QuantiseOptions } from "./quantise.ts";

/** How far integers answer from floating point, on the same samples for many choices of bits. */
export class OutputError {
  readonly #network: FloatNetwork;
  readonly #observation: Observation;
  readonly #samples: readonly Float32Array[];
  readonly #threads: number;
  /** [samples][outputs] */
  readonly #expected: number[];

  constructor(
    network: FloatNetwork,
    observation: Observation,
    samples: readonly Float32Array[],
    threads: number,
  ) {
    this.#threads = threads;
    this.#network = network;
    this.#observation = observation;
    this.#samples = samples;
    const inference = new FloatInference(network);
    this.#expected = samples.flatMap((sample) => [...inference.run(sample)]);
  }

  /** Squared error of the outputs, summed over samples and classes, in the outputs' real unit. */
  async of(options: QuantiseOptions): Promise<number> {
    const { network, layers } = quantise(this.#network, this.#observation, options);
    const scale = layers.at(-1)!.output_scale;
    const inputs = this.#samples.map((sample) => quantiseInput(network, sample));
    const codes = await new IntegerOutputs(network, this.#threads).of(inputs);
    return this.#expected.reduce((sum, value, i) => sum + (codes[i]! * scale - value) ** 2, 0);
  }
}

/**
 * Climbs downhill: map by map, one bit fewer or more as long as the outputs' error falls, until a
 * round over all maps changes nothing. Ties keep what stands, so the result is one and the same.
 * Yields the best bits after every trial, so that the caller can show progress and stop.
 */
export async function* refineBits(
  network: FloatNetwork,
  observation: Observation,
  samples: readonly Float32Array[],
  start: QuantiseOptions,
  threads: number,
): AsyncGenerator<readonly number[]> {
  const most = start.bits_max ?? BITS_MAX;
  let bits = [...start.bits];
  const outputs = new OutputError(network, observation, samples, threads);
  const errorOf = (candidate: readonly number[]) => outputs.of({ ...start, bits: candidate });
  let error = await errorOf(bits);
  yield bits;
  for (let changed = true; changed;) {
    changed = false;
    for (let map = 0; map < bits.length; map++) {
      const type = map > 0 ? network.layers[map - 1]!.layer.type : undefined;
      if (type === "flatten" || type === "max_pool") continue;
      for (const step of [-1, 1]) {
        for (;;) {
          const candidate = bits.with(map, bits[map]! + step);
          if (candidate[map]! < BITS_MIN || candidate[map]! > most) break;
          const tried = await errorOf(candidate);
          const better = tried < error;
          if (better) {
            bits = candidate;
            error = tried;
            changed = true;
          }
          yield bits;
          if (!better) break;
        }
      }
    }
  }
}
