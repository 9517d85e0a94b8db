/** `with:` of the dataset stage. */
import { z } from "zod";
import { datasetLoader, datasetNames } from "../../datasets/registry.ts";
import {
  type DatasetSettings,
  KwsSettings,
  OmniglotSettings,
  OwnSettings,
} from "../../datasets/settings.ts";

/** One number for all channels, or one per channel. */
const perChannel = z.union([z.number(), z.array(z.number()).min(1)]);

/** x = (raw - mean) / std, where an imported model asks for other values than the training split's. */
export const GivenNormalisation = z.strictObject({
  mean: perChannel.default(0),
  std: z.union([z.number().positive(), z.array(z.number().positive()).min(1)]).default(1),
});
export type GivenNormalisation = z.infer<typeof GivenNormalisation>;

const Described = z.strictObject({
  name: z.enum(datasetNames),
  seed: z.number().int().min(0).max(2 ** 32 - 1).default(1),
  /** Folder or archive that holds the data, relative to the checkout; absent: downloaded. */
  data_dir: z.string().min(1).nullish(),
  /** What a model was trained with that is imported; absent: fitted to the training split. */
  normalise: GivenNormalisation.optional(),
  /** What is said of one data set only; the others leave it alone. */
  kws: KwsSettings.optional(),
  omniglot: OmniglotSettings.optional(),
  own: OwnSettings.optional(),
});

export const DatasetParameters = Described.transform(
  ({ name, seed, data_dir, normalise, kws, omniglot, own }): DatasetParameters => ({
    name,
    seed,
    ...(normalise === undefined ? {} : { normalise }),
    // A generated set stays cached, wherever a data folder for others may lie.
    ...(datasetLoader(name).descriptor.reads_data_dir && data_dir ? { data_dir } : {}),
    ...settingsOf(name, {
      ...(kws === undefined ? {} : { kws }),
      ...(omniglot === undefined ? {} : { omniglot }),
      ...(own === undefined ? {} : { own }),
    }),
  }),
);

/** Settings of other sets are no part of this one's cache key; defaults are. */
function settingsOf(name: string, { kws, omniglot, own }: DatasetSettings): DatasetSettings {
  if (name === "kws") return { kws: kws ?? KwsSettings.parse({}) };
  if (name === "omniglot") return { omniglot: omniglot ?? OmniglotSettings.parse({}) };
  return name === "own" && own !== undefined ? { own } : {};
}

export interface DatasetParameters extends DatasetSettings {
  name: string;
  seed: number;
  data_dir?: string;
  normalise?: GivenNormalisation;
}
