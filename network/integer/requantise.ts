/** From a 32-bit sum to an output code: the rounding that every runtime must equal (ROUNDING.md). */
import type { ChannelScale, Requantisation } from "../artifacts/quantized.ts";

export const MULTIPLIER_MIN = 1 << 14;
export const MULTIPLIER_LIMIT = 1 << 15;
export const SHIFT_MIN = 17;
export const SHIFT_MAX = 46;

/**
 * clamp(floor((sum * multiplier + 2^(shift-1)) / 2^shift), minimum, maximum).
 *
 * Exact in doubles: |sum * multiplier| < 2^31 * 2^15 = 2^46, the addend is at most 2^45, so that the
 * numerator is an integer below 2^47 < 2^53; dividing by a power of two only moves the exponent.
 */
export function requantise(sum: number, parameters: Requantisation): number {
  const { multiplier, shift, minimum, maximum } = parameters;
  const rounded = Math.floor((sum * multiplier + 2 ** (shift - 1)) * 2 ** -shift);
  return rounded < minimum ? minimum : rounded > maximum ? maximum : rounded;
}

/** Requantises `count` sums into `output` from `offset`. */
export function requantiseAll(
  sums: Int32Array,
  count: number,
  parameters: Requantisation,
  output: Int16Array,
  offset: number,
): void {
  const { multiplier, minimum, maximum } = parameters;
  const half = 2 ** (parameters.shift - 1);
  const scale = 2 ** -parameters.shift;
  for (let i = 0; i < count; i++) {
    const rounded = Math.floor((sums[i]! * multiplier + half) * scale);
    output[offset + i] = rounded < minimum ? minimum : rounded > maximum ? maximum : rounded;
  }
}

/**
 * {@link requantiseAll} with a multiplier and a shift for each output channel.
 * @param sums [pixels][M] @param scales [M]
 */
export function requantiseChannels(
  sums: Int32Array,
  count: number,
  { minimum, maximum }: Requantisation,
  scales: readonly ChannelScale[],
  output: Int16Array,
): void {
  scales.forEach(({ multiplier, shift }, channel) => {
    const half = 2 ** (shift - 1);
    const scale = 2 ** -shift;
    for (let i = channel; i < count; i += scales.length) {
      const rounded = Math.floor((sums[i]! * multiplier + half) * scale);
      output[i] = rounded < minimum ? minimum : rounded > maximum ? maximum : rounded;
    }
  });
}

/** Largest ratio that a multiplier and a shift can stand for: (2^15 - 1) / 2^17, just under 1/4. */
export const RATIO_MAX = (MULTIPLIER_LIMIT - 1) / 2 ** SHIFT_MIN;
/** Smallest one: 2^-32. */
export const RATIO_MIN = MULTIPLIER_MIN / 2 ** SHIFT_MAX;

/**
 * The largest multiplier / 2^shift that is not above `ratio` (real value of a sum's unit over that of
 * an output code). Rounding down lets the caller widen the output scale to the exact quotient, so
 * that no gain error remains and no value of the wanted range is clamped.
 * @throws RangeError where the ratio lies outside [{@link RATIO_MIN}, {@link RATIO_MAX}]
 */
export function fixedPoint(ratio: number): { multiplier: number; shift: number } {
  if (!(ratio >= RATIO_MIN && ratio <= RATIO_MAX)) {
    throw new RangeError(`ratio ${ratio} lies outside [${RATIO_MIN}, ${RATIO_MAX}]`);
  }
  let shift = SHIFT_MIN;
  while (ratio * 2 ** shift < MULTIPLIER_MIN) shift++;
  return { multiplier: Math.floor(ratio * 2 ** shift), shift };
}

/**
 * The multiplier / 2^shift nearest to `ratio`, off by at most 2^-15 of it; outside the range that can be
 * stood for, the end of that range. Of output channels that share one output scale: only one of them
 * could be the exact quotient.
 */
export function nearestFixedPoint(ratio: number): { multiplier: number; shift: number } {
  const within = Math.max(RATIO_MIN, Math.min(ratio, RATIO_MAX));
  const { shift } = fixedPoint(within);
  const multiplier = Math.floor(within * 2 ** shift + 0.5);
  return multiplier < MULTIPLIER_LIMIT
    ? { multiplier, shift }
    : { multiplier: MULTIPLIER_MIN, shift: shift - 1 };
}

/** Real value to code: clamp(floor(x / scale + 1/2)), evaluated in doubles. */
export function quantiseValue(x: number, scale: number, minimum: number, maximum: number): number {
  const rounded = Math.floor(x / scale + 0.5);
  return rounded < minimum ? minimum : rounded > maximum ? maximum : rounded;
}
