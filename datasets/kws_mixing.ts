/** Time shift and background noise, as keyword spotting trains with them. */
import type { Random } from "../base/random.ts";

export interface Mixing {
  /** Up to so many samples earlier or later. */
  readonly shift_samples: number;
  /** Share of clips that get background noise. */
  readonly background_frequency: number;
  /** The loudest background, as a factor. */
  readonly background_volume: number;
}

/** 100 ms at 16 kHz; volume 0.1 at frequency 0.8 (iNAS, section 4; Warden, arXiv:1804.03209). */
export const KWS_MIXING: Mixing = {
  shift_samples: 1600,
  background_frequency: 0.8,
  background_volume: 0.1,
};

/** A clip of `length` samples: moved in time, padded with silence, over a random background. */
export function mixWord(
  clip: Float32Array,
  length: number,
  backgrounds: readonly Float32Array[],
  { shift_samples, background_frequency, background_volume }: Mixing,
  random: Random,
): Float32Array {
  const mixed = new Float32Array(length);
  const shift = shift_samples > 0 ? random.int(2 * shift_samples + 1) - shift_samples : 0;
  for (let i = Math.max(0, shift); i < length; i++) mixed[i] = clip[i - shift] ?? 0;
  if (random.uniform() < background_frequency) {
    addBackground(mixed, backgrounds, background_volume * random.uniform(), random);
  }
  return mixed;
}

/** Background alone, at any volume up to that of its recording. */
export function mixSilence(
  length: number,
  backgrounds: readonly Float32Array[],
  random: Random,
): Float32Array {
  const mixed = new Float32Array(length);
  addBackground(mixed, backgrounds, random.uniform(), random);
  return mixed;
}

function addBackground(
  mixed: Float32Array,
  backgrounds: readonly Float32Array[],
  volume: number,
  random: Random,
): void {
  if (backgrounds.length === 0) return;
  const background = random.pick(backgrounds);
  const start = random.int(Math.max(1, background.length - mixed.length));
  for (let i = 0; i < mixed.length; i++) {
    const value = mixed[i]! + volume * (background[start + i] ?? 0);
    mixed[i] = Math.max(-1, Math.min(1, value));
  }
}
