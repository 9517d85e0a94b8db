/** What integers answer to a whole test set: by the runtime's kernels, by the reference on a sample. */
import { ExitCode, UserError } from "../../base/errors.ts";
import {
  argmax,
  IntegerInference,
  type IntegerNetwork,
  quantiseInput,
} from "../../network/integer/inference.ts";
import { forKernels, inferAll } from "../../native/infer.ts";

/** Samples whose outputs the reference computes as well. */
const REFERENCE_SAMPLES = 200;

/** Samples between two reports. */
const CHUNK = 256;

export interface IntegerClasses {
  /** Class of every sample. */
  readonly classes: Int32Array;
  readonly by: "kernels" | "reference";
  /** Why the kernels did not compute it. */
  readonly instead?: string;
  /** Samples whose outputs were held against the reference, ascending. */
  readonly compared: readonly number[];
}

/** Samples evenly spread over a split. */
export function spread(samples: number): number[] {
  const every = Math.ceil(samples / REFERENCE_SAMPLES);
  return Array.from({ length: Math.ceil(samples / every) }, (_, i) => i * every);
}

/**
 * Where the runtime's formats cannot hold a layer whole, or the addon is not built, the reference
 * computes everything, and `instead` says so.
 * @param x real values [samples][h][w][channels]
 * @param breathe called between chunks with the share done
 * @throws UserError (exit code 6) where kernels and reference differ in one code
 */
export async function integerClasses(
  network: IntegerNetwork,
  x: Float32Array,
  samples: number,
  threads: number,
  breathe: (fraction: number) => Promise<void>,
): Promise<IntegerClasses> {
  const size = x.length / samples;
  const sample = (i: number) => x.subarray(i * size, (i + 1) * size);
  const reference = new IntegerInference(network);
  const classes = new Int32Array(samples);
  const compared = spread(samples);
  let native;
  try {
    native = forKernels(network);
    await inferAll(native, new Int16Array(0), threads);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (let i = 0; i < samples; i++) {
      classes[i] = argmax(reference.run(quantiseInput(network, sample(i))));
      if (i % CHUNK === 0) await breathe(i / samples);
    }
    return { classes, by: "reference", instead: error.problems[0]!.message, compared };
  }
  let next = 0;
  for (let start = 0; start < samples; start += CHUNK) {
    const count = Math.min(CHUNK, samples - start);
    const inputs = new Int16Array(count * size);
    for (let i = 0; i < count; i++) inputs.set(quantiseInput(network, sample(start + i)), i * size);
    const outputs = await inferAll(native, inputs, threads);
    const width = outputs.length / count;
    for (let i = 0; i < count; i++) {
      const answer = outputs.subarray(i * width, (i + 1) * width);
      classes[start + i] = argmax(answer);
      if (compared[next] !== start + i) continue;
      next++;
      const expected = reference.run(inputs.subarray(i * size, (i + 1) * size));
      refuseDifferent(answer, expected, start + i);
    }
    await breathe((start + count) / samples);
  }
  return { classes, by: "kernels", compared };
}

function refuseDifferent(answer: Int16Array, expected: Int16Array, sample: number): void {
  const output = expected.findIndex((code, i) => code !== answer[i]);
  if (output < 0) return;
  throw new UserError({
    message: `test sample ${sample}: the runtime's kernels do not answer as the reference does`,
    field: `output ${output}`,
    value: answer[output],
    expected: String(expected[output]),
    help: "Build the addon again: deno task setup. If it stays so, please report it.",
  }, ExitCode.verification);
}
