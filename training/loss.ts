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
  const classes = scores.length / labels.length;
  const target = (i: number, c: number) =>
    (c === labels[i] ? 1 - smoothing : 0) + smoothing / classes;
  return lossAgainst(scores, labels, target, weights);
}

/**
 * Loss of class scores against the classes' probabilities.
 * @param probabilities [samples][classes], each row's sum 1 @param labels of which `correct` is counted
 */
export function crossEntropyWith(
  scores: Float32Array,
  labels: Int32Array,
  probabilities: Float32Array,
): BatchLoss {
  const classes = scores.length / labels.length;
  return lossAgainst(scores, labels, (i, c) => probabilities[i * classes + c]!);
}

/** Probabilities of class scores. @param scores [samples][classes] */
export function softmax(scores: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    const row = scores.subarray(start, start + classes);
    const largest = row[argMax(row)]!;
    const powers = Array.from(row, (score) => Math.exp(score - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    probabilities.set(powers.map((power) => power / sum), start);
  }
  return probabilities;
}

/**
 * How far the probabilities of class scores lie from expected ones: the mean Kullback-Leibler divergence,
 * in nats; 0 where they are the same.
 * @param expected [samples][classes], each row's sum 1 @param scores [samples][classes]
 */
export function divergence(
  expected: Float32Array,
  scores: Float32Array,
  classes: number,
): number {
  const actual = softmax(scores, classes);
  let sum = 0;
  // What cannot be expected does not count; what is said to be impossible stays finite.
  expected.forEach((p, i) => {
    if (p > 0) sum += p * Math.log(p / Math.max(actual[i]!, 1e-45));
  });
  return sum * classes / expected.length;
}

/** @param target probability that a sample is of a class */
function lossAgainst(
  scores: Float32Array,
  labels: Int32Array,
  target: (sample: number, c: number) => number,
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
      const wanted = target(i, c);
      loss -= weight * wanted * row[c]!;
      gradient[i * classes + c] = weight * (probability - wanted) / samples;
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
