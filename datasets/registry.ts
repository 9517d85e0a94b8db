/** All data sets by name. A new one is a file of this folder and a line here. */
import { nearestName, UserError } from "../base/errors.ts";
import { cifar10 } from "./cifar10.ts";
import type { DatasetLoader } from "./dataset.ts";
import { fashionMnist } from "./fashion_mnist.ts";
import { har } from "./har.ts";
import { kws } from "./kws.ts";
import { mnist } from "./mnist.ts";
import { motion } from "./motion.ts";
import { omniglot } from "./omniglot.ts";
import { own } from "./own.ts";

const LOADERS: readonly DatasetLoader[] = [
  motion,
  har,
  cifar10,
  kws,
  mnist,
  fashionMnist,
  omniglot,
  own,
];

export const datasetNames: readonly string[] = LOADERS.map((loader) => loader.descriptor.name);

/** @throws UserError that says which names there are and which is nearest */
export function datasetLoader(name: string): DatasetLoader {
  const found = LOADERS.find((loader) => loader.descriptor.name === name);
  if (found !== undefined) return found;
  throw new UserError({
    message: "no such data set",
    field: "dataset",
    value: name,
    expected: `one of ${datasetNames.join(", ")}`,
    nearest: nearestName(name, datasetNames),
  });
}
