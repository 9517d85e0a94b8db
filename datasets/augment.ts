/**
 * Disturbances of training samples, drawn anew for every epoch: crop and flip for images, shift and
 * noise for series. They change normalised samples in place, where 0 is the mean of the training
 * split; equal generators give equal bytes.
 */
import { Random } from "../base/random.ts";
import type { Shape } from "../network/network.ts";

/** Images are moved by up to `crop_pixels` (as padding and a random crop do) and mirrored. */
export interface ImageAugmentation {
  readonly kind: "image";
  readonly crop_pixels: number;
  /** Mirrored left to right half of the time. */
  readonly flip: boolean;
}

/** Series [steps][...] are moved in time by up to `shift_steps`, and noise is added. */
export interface SeriesAugmentation {
  readonly kind: "series";
  /** Elements of one step: channels of a window, coefficients of a frame. */
  readonly step_elements: number;
  readonly shift_steps: number;
  /** Standard deviation in units of the normalised samples. */
  readonly noise: number;
}

export type Augmentation = ImageAugmentation | SeriesAugmentation;

/**
 * Disturbs every sample of a batch, in place.
 *
 * @param x [samples][h][w][channels], normalised
 * @throws RangeError where `x` is no whole number of samples, or of steps
 */
export function augmentSamples(
  x: Float32Array,
  shape: Shape,
  augmentation: Augmentation,
  random: Random,
): void {
  const size = shape.h * shape.w * shape.channels;
  if (x.length % size !== 0) throw new RangeError(`${x.length} values are no samples of ${size}`);
  const scratch = new Float32Array(size);
  for (let start = 0; start < x.length; start += size) {
    const sample = x.subarray(start, start + size);
    if (augmentation.kind === "image") moveImage(sample, shape, augmentation, random, scratch);
    else moveSeries(sample, augmentation, random);
  }
}

function moveImage(
  sample: Float32Array,
  { h, w, channels }: Shape,
  { crop_pixels, flip }: ImageAugmentation,
  random: Random,
  scratch: Float32Array,
): void {
  const down = crop_pixels > 0 ? random.int(2 * crop_pixels + 1) - crop_pixels : 0;
  const right = crop_pixels > 0 ? random.int(2 * crop_pixels + 1) - crop_pixels : 0;
  const mirrored = flip && random.int(2) === 1;
  if (down === 0 && right === 0 && !mirrored) return;
  scratch.set(sample);
  for (let row = 0; row < h; row++) {
    const fromRow = row - down;
    for (let column = 0; column < w; column++) {
      const moved = column - right;
      const fromColumn = mirrored ? w - 1 - moved : moved;
      const inside = fromRow >= 0 && fromRow < h && moved >= 0 && moved < w;
      const to = (row * w + column) * channels;
      const from = (fromRow * w + fromColumn) * channels;
      for (let c = 0; c < channels; c++) sample[to + c] = inside ? scratch[from + c]! : 0;
    }
  }
}

function moveSeries(
  sample: Float32Array,
  { step_elements, shift_steps, noise }: SeriesAugmentation,
  random: Random,
): void {
  if (sample.length % step_elements !== 0) {
    throw new RangeError(`${sample.length} values are no steps of ${step_elements}`);
  }
  if (shift_steps > 0) {
    const shift = (random.int(2 * shift_steps + 1) - shift_steps) * step_elements;
    if (shift > 0) {
      sample.copyWithin(shift, 0);
      sample.fill(0, 0, shift);
    } else if (shift < 0) {
      sample.copyWithin(0, -shift);
      sample.fill(0, Math.max(0, sample.length + shift));
    }
  }
  if (noise > 0) {
    const strip = normalStrip();
    const sign = random.int(2) === 0 ? noise : -noise;
    let at = random.int(strip.length);
    for (let i = 0; i < sample.length; i++) {
      sample[i] = sample[i]! + sign * strip[at]!;
      if (++at === strip.length) at = 0;
    }
  }
}

/** Normal numbers in a row, of which every sample takes a stretch from a place of its own. */
let strip: Float32Array | undefined;

/** Drawing each number anew took a quarter of the training time of a small network. */
function normalStrip(): Float32Array {
  if (strip === undefined) {
    const random = new Random(1, "augment/strip");
    strip = Float32Array.from({ length: 1 << 16 }, () => random.normal());
  }
  return strip;
}
