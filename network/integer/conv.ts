/** Convolution and pooling on integer codes, 32-bit sums with wrapping arithmetic. */
import { elements, type ResolvedLayer } from "../network.ts";

/** Copies a map into a frame of zeros; the map itself where there is no padding. */
export function padMap<T extends Int16Array | Float32Array>(layer: ResolvedLayer, map: T): T {
  const { input, padding } = layer;
  const { top, bottom, left, right } = padding;
  if (top + bottom + left + right === 0) return map;
  const row = input.w * input.channels;
  const paddedRow = (input.w + left + right) * input.channels;
  const type = map.constructor as { new (length: number): T };
  const padded = new type((input.h + top + bottom) * paddedRow);
  for (let y = 0; y < input.h; y++) {
    padded.set(
      map.subarray(y * row, (y + 1) * row) as T & ArrayLike<number>,
      (y + top) * paddedRow + left * input.channels,
    );
  }
  return padded;
}

/**
 * Where the window of a conv lies in its padded input: `runs` stretches of `length` neighbouring
 * elements, `step` apart. Kernel rows join where the kernel covers the padded row.
 */
export interface Window {
  runs: number;
  length: number;
  step: number;
}

export function windowOf(layer: ResolvedLayer): Window {
  const { input, kernel, padding } = layer;
  const paddedW = input.w + padding.left + padding.right;
  const length = kernel.w * input.channels;
  return kernel.w === paddedW
    ? { runs: 1, length: kernel.h * length, step: 0 }
    : { runs: kernel.h, length, step: paddedW * input.channels };
}

/**
 * Sums of a conv or fc: sum[r][c][m] = bias[m] + sum over (y, x, n) of input * weight, modulo 2^32.
 * @param input codes [H][W][N] @param weights codes [M][Kh][Kw][N] @param bias [M]
 * @param sums receives [R][C][M]
 */
export function convSums(
  layer: ResolvedLayer,
  input: Int16Array,
  weights: Int16Array,
  bias: Int32Array | undefined,
  sums: Int32Array,
): void {
  const { output, stride, padding } = layer;
  const padded = padMap(layer, input);
  const pixel = layer.input.channels;
  const paddedRow = (layer.input.w + padding.left + padding.right) * pixel;
  const { runs, length, step } = windowOf(layer);
  const kernel = runs * length;
  const channels = output.channels;
  let out = 0;
  for (let r = 0; r < output.h; r++) {
    for (let c = 0; c < output.w; c++, out += channels) {
      const corner = r * stride.h * paddedRow + c * stride.w * pixel;
      let m = 0;
      // Four output channels share each input element that is loaded.
      for (; m + 4 <= channels; m += 4) {
        let a = bias === undefined ? 0 : bias[m]!;
        let b = bias === undefined ? 0 : bias[m + 1]!;
        let d = bias === undefined ? 0 : bias[m + 2]!;
        let e = bias === undefined ? 0 : bias[m + 3]!;
        for (let run = 0; run < runs; run++) {
          let w = m * kernel + run * length;
          const start = corner + run * step;
          const end = start + length;
          for (let i = start; i < end; i++, w++) {
            const x = padded[i]!;
            a = (a + Math.imul(x, weights[w]!)) | 0;
            b = (b + Math.imul(x, weights[w + kernel]!)) | 0;
            d = (d + Math.imul(x, weights[w + 2 * kernel]!)) | 0;
            e = (e + Math.imul(x, weights[w + 3 * kernel]!)) | 0;
          }
        }
        sums[out + m] = a;
        sums[out + m + 1] = b;
        sums[out + m + 2] = d;
        sums[out + m + 3] = e;
      }
      for (; m < channels; m++) {
        let a = bias === undefined ? 0 : bias[m]!;
        for (let run = 0; run < runs; run++) {
          let w = m * kernel + run * length;
          const start = corner + run * step;
          const end = start + length;
          for (let i = start; i < end; i++, w++) {
            a = (a + Math.imul(padded[i]!, weights[w]!)) | 0;
          }
        }
        sums[out + m] = a;
      }
    }
  }
}

/** Sums of a global pool: sum[m] = sum over (y, x) of input[y][x][m]; the mean's 1/(H W) lies in the multiplier. */
export function poolSums(layer: ResolvedLayer, input: Int16Array, sums: Int32Array): void {
  const { channels } = layer.input;
  sums.fill(0, 0, channels);
  const count = elements(layer.input);
  for (let i = 0; i < count; i += channels) {
    for (let m = 0; m < channels; m++) sums[m] = (sums[m]! + input[i + m]!) | 0;
  }
}
