/** One split of a data set in memory, as the dataset stage wrote it. */
import { readNpy } from "../base/files.ts";
import { ExitCode, UserError } from "../base/errors.ts";
import type { Shape } from "../network/network.ts";
import { Random } from "../base/random.ts";
import type { SensorFrame } from "./sensor_frame.ts";

export interface Split {
  readonly input: Shape;
  /** [samples][h][w][channels] */
  readonly x: Float32Array;
  /** [samples], class numbers from 0 */
  readonly y: Int32Array;
  readonly samples: number;
  /** Where the data set names its sensors' axes. */
  readonly frame?: SensorFrame;
}

/**
 * Reads `<name>.x.npy` and `<name>.y.npy` of a dataset artifact.
 * @throws UserError where shapes do not fit the data set's description
 */
export async function readSplit(
  folder: string,
  name: "train" | "val" | "test",
  input: Shape,
  frame?: SensorFrame,
): Promise<Split> {
  const x = await readNpy(`${folder}/${name}.x.npy`, Float32Array);
  const y = await readNpy(`${folder}/${name}.y.npy`, Int32Array);
  const expected = [y.data.length, input.h, input.w, input.channels];
  if (x.shape.join() !== expected.join()) {
    throw new UserError({
      message: "the array does not fit dataset.json and its labels",
      location: { file: `${folder}/${name}.x.npy` },
      value: x.shape,
      expected: `[${expected}]`,
    }, ExitCode.data);
  }
  return { input, x: x.data, y: y.data, samples: y.data.length, ...(frame && { frame }) };
}

/** A seeded share of a split, its samples in random order; the whole split for a share of 1. */
export function takeShare(split: Split, share: number, seed: number): Split {
  if (share >= 1) return split;
  const samples = Math.max(1, Math.round(split.samples * share));
  const order = new Random(seed, "training/share").shuffle(
    Int32Array.from({ length: split.samples }, (_, i) => i),
  ).subarray(0, samples);
  return { ...split, ...gather(split, order), samples };
}

/** Samples that are trained on together. */
export interface Batch {
  /** [samples][h][w][channels] */
  readonly x: Float32Array;
  readonly y: Int32Array;
}

/** The samples of these positions, copied out. */
export function gather({ x, y, input }: Split, positions: Int32Array): Batch {
  const size = input.h * input.w * input.channels;
  const batch = new Float32Array(positions.length * size);
  const labels = new Int32Array(positions.length);
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    batch.set(x.subarray(position * size, (position + 1) * size), i * size);
    labels[i] = y[position]!;
  }
  return { x: batch, y: labels };
}
