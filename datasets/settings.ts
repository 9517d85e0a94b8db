/** What a user may say of a data set beside its folder, in `with:` of the dataset stage. */
import { z } from "zod";
import { SensorAxes } from "../network/artifacts/dataset.ts";

const share = z.number().gt(0).lt(1);
const count = z.number().int().positive();

export const KwsSettings = z.strictObject({
  /** Of the archive that is downloaded where there is no data folder. */
  version: z.literal([1, 2]).default(2),
  /** Frames x coefficients: 40 ms windows every 40 ms, or 30 ms every 20 ms. */
  features: z.enum(["25x10", "49x10"]).default("25x10"),
  /** `flat`: one column of all features, as fc networks take; `series`: frames with channels. */
  layout: z.enum(["flat", "series"]).default("flat"),
  /** What is read where a folder holds recordings and ready features. */
  from: z.enum(["auto", "recordings", "features"]).default("auto"),
  /** Variants of each training clip, each with its own shift and background. */
  copies: z.number().int().min(1).max(50).default(1),
});
export type KwsSettings = z.infer<typeof KwsSettings>;

export const OmniglotSettings = z.strictObject({
  /** The 30 alphabets for learning, or the 20 for evaluation. */
  alphabets: z.enum(["background", "evaluation"]).default("background"),
  /** Side of the square that the drawings (105 pixels) are reduced to. */
  side_pixels: z.number().int().min(8).max(105).default(28),
});
export type OmniglotSettings = z.infer<typeof OmniglotSettings>;

/** How samples of an own set are split where its folder holds no split itself. */
export const SplitSettings = z.strictObject({
  val: share.default(0.15),
  test: share.default(0.15),
  /** `group` keeps the samples of one group together: one person, device or recording. */
  by: z.enum(["random", "group"]).default("random"),
}).refine(({ val, test }) => val + test < 1, "val and test leave nothing to train with");
export type SplitSettings = z.infer<typeof SplitSettings>;

const common = {
  title: z.string().min(1).optional(),
  licence: z.string().min(1).optional(),
  source: z.string().min(1).optional(),
  split: SplitSettings.prefault({}),
  /** A regular expression on a file's path; its first group names the sample's group. */
  group_pattern: z.string().min(1).refine(isPattern, "no regular expression with a (group)")
    .optional(),
  /** Channel numbers of each sensor's x, y and z, all sensors in one frame: `[[0, 1, 2]]`. */
  axes: z.array(SensorAxes).min(1).optional(),
};

export const OwnCsv = z.strictObject({
  ...common,
  format: z.literal("csv"),
  /** Columns that are the channels; default: all that are neither label nor group. */
  columns: z.array(z.string()).min(1).optional(),
  /** The column that names the class; default: the folder does. */
  label: z.string().min(1).optional(),
  /** The column that names the group. */
  group: z.string().min(1).optional(),
  /** Rows of a sample; default: a file is one sample. */
  window: count.optional(),
  /** Rows from one window to the next; default: `window`, without overlap. */
  stride: count.optional(),
  delimiter: z.string().length(1).default(","),
});
export type OwnCsv = z.infer<typeof OwnCsv>;

export const OwnWav = z.strictObject({
  ...common,
  format: z.literal("wav"),
  rate_Hz: z.number().positive().default(16_000),
  /** Longer recordings are cut, shorter ones padded with silence. */
  duration_s: z.number().positive().default(1),
  window_s: z.number().positive().default(0.04),
  stride_s: z.number().positive().default(0.04),
  coefficients: z.number().int().min(1).max(40).default(10),
  layout: z.enum(["flat", "series"]).default("series"),
});
export type OwnWav = z.infer<typeof OwnWav>;

export const OwnImages = z.strictObject({
  ...common,
  format: z.literal("images"),
  /** Images are reduced or enlarged to this size. */
  size: z.strictObject({ h: count.max(1024), w: count.max(1024) }),
  channels: z.literal([1, 3]).default(3),
});
export type OwnImages = z.infer<typeof OwnImages>;

export const OwnNpy = z.strictObject({
  ...common,
  format: z.literal("npy"),
  /** How a sample is read where its array does not say: [samples][h][w][channels]. */
  shape: z.strictObject({ h: count, w: count, channels: count }).optional(),
  classes: z.array(z.string().min(1)).min(2).optional(),
});
export type OwnNpy = z.infer<typeof OwnNpy>;

export const OwnSettings = z.discriminatedUnion("format", [OwnCsv, OwnWav, OwnImages, OwnNpy]);
export type OwnSettings = z.infer<typeof OwnSettings>;

export interface DatasetSettings {
  readonly kws?: KwsSettings;
  readonly omniglot?: OmniglotSettings;
  readonly own?: OwnSettings;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(`${text}|`).exec("")!.length > 1;
  } catch {
    return false;
  }
}
