/** Recall and precision per class, from a confusion matrix. */
import type { AccuracyArtifact } from "../../network/artifacts/training.ts";

/**
 * @param confusion [true class][predicted class], samples
 * @returns per class; recall is null where it has no samples, precision where it was never predicted
 */
export function classScores(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
): AccuracyArtifact["test"]["per_class"] {
  return classes.map((name, c) => {
    const samples = confusion[c]!.reduce((sum, n) => sum + n, 0);
    const predicted = confusion.reduce((sum, row) => sum + row[c]!, 0);
    const correct = confusion[c]![c]!;
    return {
      class: name,
      samples,
      recall: samples === 0 ? null : correct / samples,
      precision: predicted === 0 ? null : correct / predicted,
    };
  });
}
