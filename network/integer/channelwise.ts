/** Layers whose output channels read channels of their own: depthwise conv, windowed pools, add, concat. */
import { elements, type ResolvedLayer } from "../network.ts";

/** Scales a maximum to a sum, so that multiplier 2^14 and shift 28 give the code back. */
export const MAXIMUM_SHIFT = 14;

/** Largest Kh * Kw of an average pool that reaches into the padding: the runtime's division fits 32 bits. */
export const PADDED_MEAN_ELEMENTS_MAX = 181;

/** Rows and columns of a window that lie inside the map: kernel offsets [from, to). */
function insideOf(at: number, kernel: number, size: number): { from: number; to: number } {
  return { from: Math.max(0, -at), to: Math.min(kernel, size - at) };
}

/** Visits every window of every pixel. @param visit receives the output index of channel 0 */
function eachWindow(
  layer: ResolvedLayer,
  visit: (
    out: number,
    y: number,
    x: number,
    rows: { from: number; to: number },
    columns: { from: number; to: number },
  ) => void,
): void {
  const { input, output, kernel, stride, padding } = layer;
  let out = 0;
  for (let r = 0; r < output.h; r++) {
    const y = r * stride.h - padding.top;
    const rows = insideOf(y, kernel.h, input.h);
    for (let c = 0; c < output.w; c++, out += output.channels) {
      const x = c * stride.w - padding.left;
      visit(out, y, x, rows, insideOf(x, kernel.w, input.w));
    }
  }
}

/**
 * sum[r][c][m] = bias[m] + sum over (y, x) of input[..][m] * weight[m][y][x], modulo 2^32.
 * @param weights codes [M][Kh][Kw][1]
 */
export function depthwiseSums(
  layer: ResolvedLayer,
  input: Int16Array,
  weights: Int16Array,
  bias: Int32Array | undefined,
  sums: Int32Array,
): void {
  const { kernel, output } = layer;
  const { w, channels } = layer.input;
  eachWindow(layer, (out, y, x, rows, columns) => {
    for (let m = 0; m < output.channels; m++) {
      let sum = bias === undefined ? 0 : bias[m]!;
      for (let i = rows.from; i < rows.to; i++) {
        for (let j = columns.from; j < columns.to; j++) {
          const code = input[((y + i) * w + x + j) * channels + m]!;
          sum = (sum + Math.imul(code, weights[(m * kernel.h + i) * kernel.w + j]!)) | 0;
        }
      }
      sums[out + m] = sum;
    }
  });
}

/** sum = 2^14 * the largest code of the window; the padding has no elements. */
export function maximumSums(layer: ResolvedLayer, input: Int16Array, sums: Int32Array): void {
  const { w, channels } = layer.input;
  eachWindow(layer, (out, y, x, rows, columns) => {
    for (let m = 0; m < channels; m++) {
      let largest = -32768;
      for (let i = rows.from; i < rows.to; i++) {
        for (let j = columns.from; j < columns.to; j++) {
          largest = Math.max(largest, input[((y + i) * w + x + j) * channels + m]!);
        }
      }
      sums[out + m] = largest * 2 ** MAXIMUM_SHIFT;
    }
  });
}

/**
 * Sum of the window's elements; of a window that the padding cuts to `count` elements, as if it were
 * whole: floor(sum * Kh * Kw / count + 1/2). The mean's 1/(Kh Kw) lies in the multiplier.
 */
export function meanSums(layer: ResolvedLayer, input: Int16Array, sums: Int32Array): void {
  const { w, channels } = layer.input;
  const whole = layer.kernel.h * layer.kernel.w;
  eachWindow(layer, (out, y, x, rows, columns) => {
    const count = (rows.to - rows.from) * (columns.to - columns.from);
    for (let m = 0; m < channels; m++) {
      let sum = 0;
      for (let i = rows.from; i < rows.to; i++) {
        for (let j = columns.from; j < columns.to; j++) {
          sum += input[((y + i) * w + x + j) * channels + m]!;
        }
      }
      sums[out + m] = Math.floor((2 * sum * whole + count) / (2 * count));
    }
  });
}

/** sum = a * multipliers[0] + b * multipliers[1], both maps of one shape. */
export function addSums(
  layer: ResolvedLayer,
  a: Int16Array,
  b: Int16Array,
  multipliers: readonly [number, number],
  sums: Int32Array,
): void {
  const count = elements(layer.output);
  for (let i = 0; i < count; i++) sums[i] = a[i]! * multipliers[0] + b[i]! * multipliers[1];
}

/** Channels of `a` times multipliers[0], then channels of `b` times multipliers[1]. */
export function concatSums(
  layer: ResolvedLayer,
  a: Int16Array,
  b: Int16Array,
  multipliers: readonly [number, number],
  sums: Int32Array,
): void {
  const { channels } = layer.output;
  const first = layer.input.channels;
  const second = channels - first;
  const pixels = layer.output.h * layer.output.w;
  for (let i = 0; i < pixels; i++) {
    for (let m = 0; m < first; m++) sums[i * channels + m] = a[i * first + m]! * multipliers[0];
    for (let m = 0; m < second; m++) {
      sums[i * channels + first + m] = b[i * second + m]! * multipliers[1];
    }
  }
}

/** Whether any window reaches into the padding (bo_is_padded of runtime-c/core/nest.h). */
export function isPadded({ input, output, kernel, stride, padding }: ResolvedLayer): boolean {
  return padding.top > 0 || padding.left > 0 ||
    (output.h - 1) * stride.h + kernel.h > input.h ||
    (output.w - 1) * stride.w + kernel.w > input.w;
}

/**
 * Two multipliers in [1, 2^15) in the ratio of two scales, as near as 15 bits allow: the larger lies
 * in [2^14, 2^15), the other is off by at most a half.
 * @returns `unit`: real value of one unit of the sum
 */
export function joinMultipliers(
  a: number,
  b: number,
): { multipliers: [number, number]; unit: number } {
  const ratio = Math.min(a, b) / Math.max(a, b);
  let best = { large: 0, small: 0, error: Infinity };
  for (let large = 32767; large >= 16384; large--) {
    const small = Math.max(1, Math.floor(large * ratio + 0.5));
    const error = Math.abs(small / large - ratio);
    if (error < best.error) best = { large, small, error };
  }
  return {
    multipliers: a >= b ? [best.large, best.small] : [best.small, best.large],
    unit: Math.max(a, b) / best.large,
  };
}
