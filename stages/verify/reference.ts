/** Golden vectors, held against integer inference: a file is believed only where both agree. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { Codes, NdArray } from "../../base/files.ts";
import { IntegerInference, type IntegerNetwork } from "../../network/integer/inference.ts";

/**
 * Computes every golden vector anew.
 * @param inputs [K][h][w][channels] @param outputs [K][classes], as dump has them
 * @param file path of the outputs, for the message
 * @throws UserError (exit code 6) naming vector and output
 */
export function checkVectors(
  network: IntegerNetwork,
  inputs: NdArray<Codes>,
  outputs: NdArray<Codes>,
  file: string,
): void {
  const count = inputs.shape[0]!;
  const inference = new IntegerInference(network);
  const size = inputs.data.length / count;
  const classes = outputs.data.length / count;
  for (let vector = 0; vector < count; vector++) {
    const answer = inference.run(inputs.data.subarray(vector * size, (vector + 1) * size));
    for (let i = 0; i < classes; i++) {
      const expected = outputs.data[vector * classes + i];
      if (answer.length === classes && answer[i] === expected) continue;
      throw new UserError({
        message: `golden vector ${vector} is not what integer inference answers: output ${i}`,
        location: { file },
        value: expected,
        expected: String(answer[i]),
        help: "The dump is damaged: run it again with --force --from dump.",
      }, ExitCode.verification);
    }
  }
}
