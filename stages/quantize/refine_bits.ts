/** How many bits each map deserves, by trying: the prediction knows nothing of how errors add up. */
import { FloatInference, type FloatNetwork } from "../../network/float.ts";
import { IntegerInference, quantiseInput } from "../../network/integer/inference.ts";
import type { Observation } from "./observe.ts";
import { BITS_MAX, BITS_MIN, quantise, type QuantiseOptions } from "./quantise.ts";

/** Squared error of the outputs, summed over samples and classes, in the outputs' real unit. */
export function outputError(
  network: FloatNetwork,
  observation: Observation,
  samples: readonly Float32Array[],
  options: QuantiseOptions,
): number {
  const { network: integer, layers } = quantise(network, observation, options);
  const floatInference = new FloatInference(network);
  const integerInference = new IntegerInference(integer);
  const scale = layers.at(-1)!.output_scale;
  let error = 0;
  for (const sample of samples) {
    const expected = floatInference.run(sample);
    const codes = integerInference.run(quantiseInput(integer, sample));
    for (let i = 0; i < codes.length; i++) error += (codes[i]! * scale - expected[i]!) ** 2;
  }
  return error;
}

/**
 * Climbs downhill: map by map, one bit fewer or more as long as the outputs' error falls, until a
 * round over all maps changes nothing. Ties keep what stands, so the result is one and the same.
 * Yields the best bits after every trial, so that the caller can show progress and stop.
 */
export function* refineBits(
  network: FloatNetwork,
  observation: Observation,
  samples: readonly Float32Array[],
  start: QuantiseOptions,
): Generator<readonly number[]> {
  const most = start.bits_max ?? BITS_MAX;
  let bits = [...start.bits];
  const errorOf = (candidate: readonly number[]) =>
    outputError(network, observation, samples, { ...start, bits: candidate });
  let error = errorOf(bits);
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
          const tried = errorOf(candidate);
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
