/** Categorical cross-entropy with softmax, in double precision: the scores of a batch are few. */

export interface BatchLoss {
  /** Mean over the batch, natural logarithm. */
  readonly loss: number;
  /** Samples whose largest score is that of their class. */
  readonly correct: number;
  /** Of the mean loss by every score, [samples][classes]. */
  readonly gradient: Float32Array;
}

/**
 * Loss of class scores before softmax.
 * @param scores [samples][classes] @param labels class numbers
 * @param smoothing share of the target that is spread over all classes; the loss is then the
 * cross-entropy with that target
 * @param weights by class; a sample counts as often as its class' weight says, and the loss stays a sum
 * over the number of samples. Undefined: 1 each
 */
export function crossEntropy(
  scores: Float32Array,
  labels: Int32Array,
  smoothing = 0,
  weights?: Float32Array,
): BatchLoss {
  const samples = labels.length;
  const classes = scores.length / samples;
  const gradient = new Float32Array(scores.length);
  let loss = 0;
  let correct = 0;
  for (let i = 0; i < samples; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    const label = labels[i]!;
    const best = argMax(row);
    if (best === label) correct++;
    const largest = row[best]!;
    let sum = 0;
    for (const score of row) sum += Math.exp(score - largest);
    const normaliser = largest + Math.log(sum);
    const weight = weights === undefined ? 1 : weights[label]!;
    loss += weight * normaliser;
    for (let c = 0; c < classes; c++) {
      const probability = Math.exp(row[c]! - largest) / sum;
      const target = (c === label ? 1 - smoothing : 0) + smoothing / classes;
      loss -= weight * target * row[c]!;
      gradient[i * classes + c] = weight * (probability - target) / samples;
    }
  }
  return { loss: loss / samples, correct, gradient };
}

/** Position of the largest value, the first of equal ones. */
export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** The loss of scores whose samples are mixtures of two classes each: linear in both. */
export function mixedLoss(one: BatchLoss, other: BatchLoss, share: number): BatchLoss {
  return {
    loss: share * one.loss + (1 - share) * other.loss,
    correct: one.correct,
    gradient: one.gradient.map((value, i) => share * value + (1 - share) * other.gradient[i]!),
  };
}
