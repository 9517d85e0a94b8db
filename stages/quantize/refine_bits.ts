/** How many bits each map deserves, by trying: the prediction knows nothing of how errors add up. */
import { UserError } from "../../base/errors.ts";
import { forKernels, inferAll } from "../../native/infer.ts";
import { FloatInference, type FloatNetwork } from "../../network/float.ts";
import {
  IntegerInference,
  type IntegerNetwork,
  quantiseInput,
} from "../../network/integer/inference.ts";
import type { Observation } from "./observe.ts";
import { BITS_MAX, BITS_MIN, quantise, type QuantiseOptions } from "./quantise.ts";

/** How far integers answer from floating point, on the same samples for many choices of bits. */
export class OutputError {
  readonly #network: FloatNetwork;
  readonly #observation: Observation;
  readonly #samples: readonly Float32Array[];
  /** [samples][outputs] */
  readonly #expected: number[];

  constructor(
    network: FloatNetwork,
    observation: Observation,
    samples: readonly Float32Array[],
  ) {
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
    const codes = await answers(network, this.#samples);
    return this.#expected.reduce((sum, value, i) => sum + (codes[i]! * scale - value) ** 2, 0);
  }
}

/** Output codes, [samples][outputs]: the kernels' or, where they cannot hold the network, the reference's. */
async function answers(
  network: IntegerNetwork,
  samples: readonly Float32Array[],
): Promise<Int16Array> {
  const inputs = samples.map((sample) => quantiseInput(network, sample));
  try {
    const all = new Int16Array(inputs.reduce((sum, codes) => sum + codes.length, 0));
    let at = 0;
    for (const codes of inputs) {
      all.set(codes, at);
      at += codes.length;
    }
    return await inferAll(forKernels(network), all, navigator.hardwareConcurrency);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reference = new IntegerInference(network);
    return Int16Array.from(inputs.flatMap((codes) => [...reference.run(codes)]));
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
): AsyncGenerator<readonly number[]> {
  const most = start.bits_max ?? BITS_MAX;
  let bits = [...start.bits];
  const outputs = new OutputError(network, observation, samples);
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
