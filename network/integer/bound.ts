/** How large a 32-bit sum can become: the proof that it never overflows. */

/** Largest sum that is allowed; int32 holds it and its negative. */
export const SUM_LIMIT = 2 ** 31 - 1;

/** Below it a kernel that doubles and saturates (LEA) sums as int32 does. */
export const DOUBLED_SUM_LIMIT = 2 ** 30 - 1;

/**
 * Largest |sum| that any input can cause in any output channel, also on the way, for every order of
 * adding up: each subset of the products lies between the sum of all that can be negative and the sum
 * of all that can be positive. Exact in doubles up to 2^22 weights a channel.
 *
 * @param weights codes [M][K] @param bias codes [M] @param minimum least input code, at most 0
 * @param maximum largest input code, at least 0
 */
export function accumulatorBound(
  weights: Int16Array,
  channels: number,
  bias: ArrayLike<number> | undefined,
  minimum: number,
  maximum: number,
): number {
  if (minimum > 0 || maximum < 0) throw new RangeError(`[${minimum}, ${maximum}] lacks zero`);
  const kernel = weights.length / channels;
  let bound = 0;
  for (let m = 0; m < channels; m++) {
    let positive = 0;
    let negative = 0;
    for (let i = m * kernel; i < (m + 1) * kernel; i++) {
      const w = weights[i]!;
      if (w > 0) positive += w;
      else negative -= w;
    }
    const up = positive * maximum - negative * minimum;
    const down = negative * maximum - positive * minimum;
    bound = Math.max(bound, Math.max(up, down) + Math.abs(bias?.[m] ?? 0));
  }
  return bound;
}

/**
 * The input of one window that drives output channel `m` furthest up (`sign` 1) or down (-1).
 * @returns codes [K]
 */
export function worstInput(
  weights: Int16Array,
  channels: number,
  m: number,
  sign: 1 | -1,
  minimum: number,
  maximum: number,
): Int16Array {
  const kernel = weights.length / channels;
  return weights.slice(m * kernel, (m + 1) * kernel)
    .map((w) => w === 0 ? 0 : w * sign > 0 ? maximum : minimum);
}
