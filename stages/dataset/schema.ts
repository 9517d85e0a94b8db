/** `with:` of the dataset stage. */
import { z } from "zod";
import { datasetLoader, datasetNames } from "../../datasets/registry.ts";

export const DatasetParameters = z.strictObject({
  name: z.enum(datasetNames),
  seed: z.number().int().min(0).max(2 ** 32 - 1).default(1),
  /** Folder or archive that holds the data, relative to the checkout; absent: downloaded. */
  data_dir: z.string().min(1).nullish(),
}).transform(({ name, seed, data_dir }) =>
  // A generated set stays cached, wherever a data folder for others may lie.
  datasetLoader(name).descriptor.reads_data_dir && data_dir
    ? { name, seed, data_dir }
    : { name, seed }
);
export type DatasetParameters = { name: string; seed: number; data_dir?: string };
