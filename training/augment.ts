/** Seeded disturbances of training windows, so that a network does not learn one wearer's sensor. */
import type { Random } from "../base/random.ts";
import type { FitParameters } from "../network/artifacts/training.ts";
import type { Batch } from "./data.ts";

/**
 * Gives every window and channel a factor and a constant of its own, as another mounting and another
 * sensor's calibration would. In place.
 */
export function augment(
  { x, y }: Batch,
  channels: number,
  { gain, offset }: FitParameters["augment"],
  random: Random,
): void {
  if (gain === 0 && offset === 0) return;
  const size = x.length / y.length;
  for (let start = 0; start < x.length; start += size) {
    for (let c = 0; c < channels; c++) {
      const factor = 1 + gain * random.normal();
      const constant = offset * random.normal();
      for (let i = start + c; i < start + size; i += channels) x[i] = factor * x[i]! + constant;
    }
  }
}
