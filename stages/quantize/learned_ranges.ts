/** Ranges that training with fake quantisation has left, in place of calibration. */
import { join } from "node:path";
import { readJson } from "../../base/files.ts";
import { z } from "zod";
import { TrainingArtifact } from "../../network/artifacts/training.ts";
import type { MapStatistics, Observation } from "./observe.ts";

/** What is read of `training.json`. */
const Learned = z.looseObject({
  quantisation_aware: TrainingArtifact.shape.quantisation_aware,
});

export interface LearnedRanges {
  readonly observation: Observation;
  /** Of every map's codes, the input's too. */
  readonly activation_bits: number;
  readonly per_channel: boolean;
}

/**
 * What the train stage prepared the network for; undefined where it did nothing of the kind.
 * @param element_bytes of the codes asked for; of others nothing is known
 */
export async function learnedRanges(
  trainFolder: string,
  element_bytes: number,
): Promise<LearnedRanges | undefined> {
  const { quantisation_aware: learned } = await readJson(
    join(trainFolder, "training.json"),
    Learned,
  );
  if (learned === undefined || learned.element_bytes !== element_bytes) return undefined;
  // Only the largest magnitude counts; the mean square serves a choice of bits that is made already.
  const symmetric = (range: number): MapStatistics => ({
    minimum: -range,
    maximum: range,
    mean_square: range ** 2,
  });
  return {
    observation: {
      input: symmetric(learned.input_range),
      layers: learned.ranges.map(({ range }) => symmetric(range)),
    },
    activation_bits: learned.activation_bits,
    per_channel: learned.per_channel,
  };
}
