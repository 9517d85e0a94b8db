/** Float and integer inference side by side on the same samples. */
import { FloatInference, type FloatNetwork } from "../../network/float.ts";
import {
  argmax,
  IntegerInference,
  type IntegerNetwork,
  quantiseInput,
} from "../../network/integer/inference.ts";

export interface Comparison {
  samples: number;
  float_correct: number;
  integer_correct: number;
  /** Samples whose float and integer class agree. */
  agreeing: number;
}

/**
 * Yields after every `chunk` samples, so that the caller can show progress and stop.
 * @param x [samples][h][w][channels] @param y [samples]
 */
export function* compare(
  float: FloatNetwork,
  integer: IntegerNetwork,
  x: Float32Array,
  y: Int32Array,
  chunk = 16,
): Generator<Comparison> {
  const floatInference = new FloatInference(float);
  const integerInference = new IntegerInference(integer);
  const size = x.length / y.length;
  const total = { samples: 0, float_correct: 0, integer_correct: 0, agreeing: 0 };
  for (let i = 0; i < y.length; i++) {
    const sample = x.subarray(i * size, (i + 1) * size);
    const floatClass = argmax(floatInference.run(sample));
    const integerClass = argmax(integerInference.run(quantiseInput(integer, sample)));
    total.samples++;
    if (floatClass === y[i]) total.float_correct++;
    if (integerClass === y[i]) total.integer_correct++;
    if (floatClass === integerClass) total.agreeing++;
    if (total.samples % chunk === 0) yield { ...total };
  }
  yield total;
}
