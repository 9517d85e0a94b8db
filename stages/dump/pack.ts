/** Weights in the order in which the loop nest reads them (bo_weight_offset in runtime-c/core/nest.h). */

/**
 * Packs weights tile by tile: output-channel tiles, in each the input-channel tiles, in each
 * [tm][Kh][Kw][tn]. The last tiles are ragged where Tm or Tn do not divide.
 * @param weights [M][Kh][Kw][N] @param kernel Kh * Kw
 */
export function packWeights(
  weights: Int16Array,
  { m, kernel, n }: { m: number; kernel: number; n: number },
  { Tm, Tn }: { Tm: number; Tn: number },
): Int16Array {
  if (weights.length !== m * kernel * n) {
    throw new RangeError(`${weights.length} weights, expected ${m * kernel * n}`);
  }
  const packed = new Int16Array(weights.length);
  let to = 0;
  for (let m0 = 0; m0 < m; m0 += Tm) {
    for (let n0 = 0; n0 < n; n0 += Tn) {
      const tn = Math.min(Tn, n - n0);
      for (let i = m0; i < Math.min(m0 + Tm, m); i++) {
        for (let k = 0; k < kernel; k++, to += tn) {
          const from = (i * kernel + k) * n + n0;
          packed.set(weights.subarray(from, from + tn), to);
        }
      }
    }
  }
  return packed;
}
