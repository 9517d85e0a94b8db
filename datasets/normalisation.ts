/** x = (raw - mean) / std, with mean and deviation of the training split alone. */
import type { DatasetArtifact } from "../network/artifacts/dataset.ts";
import type { NormalisationKind, RawDataset, RawSplit } from "./dataset.ts";

export type Normalisation = DatasetArtifact["normalisation"];

/**
 * Mean and population deviation per channel or per element, accumulated in 64 bits. A channel that
 * never changes in training has deviation 1, so that it is only shifted.
 */
export function fitNormalisation(dataset: RawDataset, per: NormalisationKind): Normalisation {
  if (per === "none") return { per, mean: [], std: [] };
  const { input, splits: { train: { x } } } = dataset;
  const groups = input.channels * (per === "channel" ? 1 : input.h * input.w);
  const count = x.length / groups;
  const mean = new Float64Array(groups);
  for (let i = 0; i < x.length; i++) mean[i % groups]! += x[i]!;
  for (let g = 0; g < groups; g++) mean[g]! /= count;
  const squares = new Float64Array(groups);
  for (let i = 0; i < x.length; i++) squares[i % groups]! += (x[i]! - mean[i % groups]!) ** 2;
  const std = Array.from(squares, (sum) => Math.sqrt(sum / count) || 1);
  return { per, mean: [...mean], std };
}

/** Normalised copy of a split's samples. */
export function normalise({ x }: RawSplit, { per, mean, std }: Normalisation): Float32Array {
  if (per === "none") return x;
  const groups = mean.length;
  return x.map((value, i) => (value - mean[i % groups]!) / std[i % groups]!);
}
