/** What integers answer to a whole test set: by the runtime's kernels, by the reference on a sample. */
import { ExitCode, UserError } from "../../base/errors.ts";
import { argmax, type IntegerNetwork, quantiseInput } from "../../network/integer/inference.ts";
import { IntegerOutputs } from "./integer_outputs.ts";

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
  const integers = new IntegerOutputs(network, threads);
  const { instead } = integers;
  const classes = new Int32Array(samples);
  const compared = spread(samples);
  let next = 0;
  for (let start = 0; start < samples; start += CHUNK) {
    const count = Math.min(CHUNK, samples - start);
    const inputs = Array.from(
      { length: count },
      (_, i) => quantiseInput(network, sample(start + i)),
    );
    const outputs = await integers.of(inputs);
    const width = outputs.length / count;
    for (let i = 0; i < count; i++) {
      const answer = outputs.subarray(i * width, (i + 1) * width);
      classes[start + i] = argmax(answer);
      if (compared[next] !== start + i) continue;
      next++;
      if (instead === undefined) {
        refuseDifferent(answer, integers.reference.run(inputs[i]!), start + i);
      }
    }
    await breathe((start + count) / samples);
  }
  return instead === undefined
    ? { classes, by: "kernels", compared }
    : { classes, by: "reference", instead, compared };
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
