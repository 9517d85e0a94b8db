/** How much each class counts in the loss. */
import { UserError } from "../base/errors.ts";
import type { FitParameters } from "../network/artifacts/training.ts";

/**
 * Weights by class; undefined where all count alike.
 * @param labels of the training split
 * @throws UserError where the number of weights is not that of classes, or a class to be balanced has
 * no samples
 */
export function classWeights(
  option: FitParameters["class_weights"],
  labels: Int32Array,
  classes: number,
): Float32Array | undefined {
  if (option === undefined) return undefined;
  if (option !== "balanced") {
    if (option.length === classes) return Float32Array.from(option);
    throw new UserError({
      message: "there must be one weight per class",
      field: "class_weights",
      value: option,
      expected: `${classes} numbers`,
    });
  }
  const samples = new Int32Array(classes);
  for (const label of labels) samples[label]!++;
  const empty = samples.indexOf(0);
  if (empty >= 0) {
    throw new UserError({
      message: `class ${empty} has no training samples, so that it cannot be balanced`,
      field: "class_weights",
      value: option,
      expected: `${classes} numbers, or samples of every class`,
    });
  }
  return Float32Array.from(samples, (count) => labels.length / (classes * count));
}
