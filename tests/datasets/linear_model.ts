/** Multinomial logistic regression on whole windows, trained by full-batch Adam: the bar that a data set must be above. */
import type { RawSplit } from "../../datasets/dataset.ts";

export interface LinearScores {
  readonly train: number;
  /** The best of all moments at which it was looked at: more than any stopping rule can reach. */
  readonly best_test: number;
}

/**
 * @param l2 weight of the squared weights in the loss
 * @returns accuracies, 0 to 1
 */
export function fitLinear(
  train: RawSplit,
  test: RawSplit,
  classes: number,
  options: { l2: number; steps: number; rate: number },
): LinearScores {
  const samples = train.y.length;
  const size = train.x.length / samples;
  const count = (size + 1) * classes;
  const weights = new Float64Array(count);
  const [first, second] = [new Float64Array(count), new Float64Array(count)];
  let bestTest = 0;
  for (let step = 1; step <= options.steps; step++) {
    const gradient = weights.map((w, i) => i < size * classes ? options.l2 * w : 0);
    const scores = new Float64Array(classes);
    for (let i = 0; i < samples; i++) {
      logits(weights, train.x, i * size, size, scores);
      softmax(scores);
      scores[train.y[i]!]! -= 1;
      for (let c = 0; c < classes; c++) scores[c]! /= samples;
      for (let k = 0; k < size; k++) {
        const value = train.x[i * size + k]!;
        for (let c = 0; c < classes; c++) gradient[k * classes + c]! += value * scores[c]!;
      }
      for (let c = 0; c < classes; c++) gradient[size * classes + c]! += scores[c]!;
    }
    for (let i = 0; i < count; i++) {
      const g = gradient[i]!;
      first[i] = 0.9 * first[i]! + 0.1 * g;
      second[i] = 0.999 * second[i]! + 0.001 * g * g;
      weights[i]! -= options.rate * (first[i]! / (1 - 0.9 ** step)) /
        (Math.sqrt(second[i]! / (1 - 0.999 ** step)) + 1e-8);
    }
    if (step % 10 === 0) bestTest = Math.max(bestTest, accuracy(weights, test, size, classes));
  }
  return { train: accuracy(weights, train, size, classes), best_test: bestTest };
}

function accuracy(weights: Float64Array, { x, y }: RawSplit, size: number, classes: number) {
  const scores = new Float64Array(classes);
  let right = 0;
  for (let i = 0; i < y.length; i++) {
    logits(weights, x, i * size, size, scores);
    if (scores.indexOf(Math.max(...scores)) === y[i]) right++;
  }
  return right / y.length;
}

function logits(
  weights: Float64Array,
  x: Float32Array,
  from: number,
  size: number,
  scores: Float64Array,
): void {
  const classes = scores.length;
  for (let c = 0; c < classes; c++) scores[c] = weights[size * classes + c]!;
  for (let k = 0; k < size; k++) {
    const value = x[from + k]!;
    for (let c = 0; c < classes; c++) scores[c]! += value * weights[k * classes + c]!;
  }
}

function softmax(scores: Float64Array): void {
  const top = Math.max(...scores);
  let sum = 0;
  for (let c = 0; c < scores.length; c++) sum += scores[c] = Math.exp(scores[c]! - top);
  for (let c = 0; c < scores.length; c++) scores[c]! /= sum;
}
