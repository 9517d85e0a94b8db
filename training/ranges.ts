/** Ranges of a network's maps that lose the least when rounded to a few bits. */
import * as tf from "@tensorflow/tfjs-core";
import type { Split } from "./data.ts";
import { forward, type Graph } from "./forward.ts";

const BINS = 2048;
/** Shares of the largest magnitude that are tried as the range. */
const SHARES = Array.from({ length: 40 }, (_, i) => (i + 1) / 40);

/**
 * Largest magnitude that a code should stand for, of the input and of each layer's map: what makes the
 * mean squared error of rounding and clamping smallest on these samples.
 * @param bits of a code, sign included
 */
export async function observeRanges(
  graph: Graph,
  parameters: readonly tf.Tensor[],
  samples: Split,
  bits: number,
): Promise<Float32Array> {
  const { h, w, channels } = samples.input;
  const maps = tf.tidy(() => {
    const x = tf.tensor4d(samples.x, [samples.samples, h, w, channels]);
    return forward(graph, parameters, x);
  });
  const ranges = [bestRange(samples.x, bits)];
  for (const map of maps) ranges.push(bestRange(await map.data<"float32">(), bits));
  tf.dispose(maps);
  return Float32Array.from(ranges);
}

/** Zero for a map that is zero throughout. */
export function bestRange(values: Float32Array, bits: number): number {
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (largest === 0) return 0;
  const counts = new Float64Array(BINS);
  for (const value of values) {
    counts[Math.min(BINS - 1, Math.floor(BINS * Math.abs(value) / largest))]!++;
  }
  const codeMax = 2 ** (bits - 1) - 1;
  let best = { range: largest, error: Infinity };
  for (const share of SHARES) {
    const range = share * largest;
    const scale = range / codeMax;
    let error = 0;
    counts.forEach((count, bin) => {
      const beyond = (bin + 0.5) / BINS * largest - range;
      // Rounding is off by a twelfth of a squared step on average; zeros are exact.
      if (count > 0) error += count * (beyond > 0 ? beyond ** 2 : bin === 0 ? 0 : scale ** 2 / 12);
    });
    if (error < best.error) best = { range, error };
  }
  return best.range;
}
