/** Scores of a network on a split: loss, accuracy, confusion. */
import * as tf from "@tensorflow/tfjs-core";
import type { Split } from "./data.ts";
import type { Grid } from "./fake_quantise.ts";
import { forwardOn, type Graph } from "./forward.ts";
import { argMax, crossEntropy } from "./loss.ts";

export interface Scores {
  /** Mean categorical cross-entropy, natural logarithm. */
  readonly loss: number;
  readonly accuracy: number;
  /** confusion[true class][predicted class], samples. */
  readonly confusion: readonly (readonly number[])[];
  /** Class of every sample. */
  readonly predicted: Int32Array;
}

/** Hands the thread back now and then, so that Ctrl-C and messages are seen. */
export class Breather {
  #last = performance.now();

  /** @throws the signal's reason once it is aborted */
  async breathe(signal?: AbortSignal): Promise<void> {
    if (performance.now() - this.#last > 50) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.#last = performance.now();
    }
    signal?.throwIfAborted();
  }
}

/** Samples that are scored together. */
export const EVALUATION_BATCH = 256;

/** Class scores before softmax, [samples][classes]. */
export interface Prediction {
  readonly logits: Float32Array;
  readonly classes: number;
}

export interface EvaluateOptions {
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
  /** The codes that maps are rounded to; the parameters are then on their grid already. */
  readonly grid?: Grid | undefined;
}

/** Scores a whole split. */
export async function predict(
  graph: Graph,
  parameters: readonly tf.Tensor[],
  split: Split,
  { batchSize = EVALUATION_BATCH, signal, grid }: EvaluateOptions = {},
): Promise<Prediction> {
  const { h, w, channels } = split.input;
  const classes = graph.layers[graph.layers.length - 1]!.output.channels;
  const logits = new Float32Array(split.samples * classes);
  const size = h * w * channels;
  const breather = new Breather();
  for (let start = 0; start < split.samples; start += batchSize) {
    const end = Math.min(start + batchSize, split.samples);
    const values = tf.tidy(() => {
      const x = tf.tensor4d(
        split.x.subarray(start * size, end * size),
        [end - start, h, w, channels],
      );
      return forwardOn(graph, parameters, x, grid).maps.at(-1)!;
    });
    logits.set(await values.data(), start * classes);
    values.dispose();
    await breather.breathe(signal);
  }
  return { logits, classes };
}

/** Evaluates a split in batches. */
export async function evaluate(
  graph: Graph,
  parameters: readonly tf.Tensor[],
  split: Split,
  signal?: AbortSignal,
  grid?: Grid,
): Promise<Scores> {
  return scoresOf(await predict(graph, parameters, split, { signal, grid }), split);
}

/** What a prediction is worth. */
export function scoresOf({ logits, classes }: Prediction, split: Split): Scores {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const predicted = Int32Array.from(
    { length: split.samples },
    (_, i) => argMax(logits.subarray(i * classes, (i + 1) * classes)),
  );
  predicted.forEach((c, i) => confusion[split.y[i]!]![c]!++);
  const { loss, correct } = crossEntropy(logits, split.y);
  return { loss, accuracy: correct / split.samples, confusion, predicted };
}
