/** Seeded disturbances of training windows, so that a network does not learn one wearer's sensor. */
import type { Random } from "../base/random.ts";
import { augmentSamples } from "../datasets/augment.ts";
import type { FitParameters } from "../network/artifacts/training.ts";
import type { Batch, Split } from "./data.ts";
import { requireAxes, turn } from "./sensor_frame.ts";

/**
 * Disturbs a batch in place as the options say.
 * @throws UserError where windows are to be turned whose axes are not known
 */
export function augment(
  batch: Batch,
  { input, frame }: Pick<Split, "input" | "frame">,
  options: FitParameters["augment"],
  random: Random,
): void {
  const { gain, offset, crop_pixels = 0, flip = false, shift_steps = 0, noise = 0 } = options;
  if (crop_pixels > 0 || flip) {
    augmentSamples(batch.x, input, { kind: "image", crop_pixels, flip }, random);
  }
  if (shift_steps > 0 || noise > 0) {
    const step_elements = input.w * input.channels;
    augmentSamples(batch.x, input, { kind: "series", step_elements, shift_steps, noise }, random);
  }
  if (options.rotate_degrees !== undefined) {
    requireAxes(options, frame, "augment.rotate_degrees");
    const { h, w, channels } = input;
    turn(batch.x, { size: h * w * channels, channels }, frame!, options.rotate_degrees, random);
  }
  recalibrate(batch, input.channels, gain, offset, random);
}

/**
 * Gives every window and channel a factor and a constant of its own, as another mounting and another
 * sensor's calibration would. In place.
 */
function recalibrate(
  { x, y }: Batch,
  channels: number,
  gain: number,
  offset: number,
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
