/** Ranges that training with fake quantisation has left, in place of calibration. */
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../base/errors.ts";
import { readJson } from "../../base/files.ts";
import { TrainingArtifact } from "../../network/artifacts/training.ts";
import type { WeightScales } from "../../network/platform.ts";
import type { MapStatistics, Observation } from "./observe.ts";

/** What is read of `training.json`. */
const Learned = z.looseObject({
  quantisation_aware: TrainingArtifact.shape.quantisation_aware,
});

export interface LearnedRanges {
  readonly observation: Observation;
  /** Of every map's codes, the input's too. */
  readonly activation_bits: number;
}

/**
 * What the train stage prepared the network for; undefined where it did nothing of the kind.
 * @param asked the codes to make; of codes of another size nothing is known
 * @throws UserError where weights have learned to live with other scales
 */
export async function learnedRanges(
  trainFolder: string,
  asked: { element_bytes: 1 | 2; weight_scales: WeightScales },
): Promise<LearnedRanges | undefined> {
  const { quantisation_aware: learned } = await readJson(
    join(trainFolder, "training.json"),
    Learned,
  );
  if (learned === undefined || learned.element_bytes !== asked.element_bytes) return undefined;
  const weight_scales = learned.per_channel ? "per_channel" : "per_layer";
  if (weight_scales !== asked.weight_scales) {
    throw new UserError({
      message: `the network was trained with rounding for weight_scales ${weight_scales}`,
      field: "quantize.weight_scales",
      value: asked.weight_scales,
      expected: weight_scales,
      help: "Train for these: --set train.quantisation_aware.per_channel=" +
        `${asked.weight_scales === "per_channel"}`,
    });
  }
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
  };
}
