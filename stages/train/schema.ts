/** What `with:` of the train stage may say. */
import { z } from "zod";
import { FitParameters, QuantisationTarget } from "../../network/artifacts/training.ts";
import { backendNames } from "../../training/backend_choice.ts";

export const TrainParameters = z.strictObject({
  ...FitParameters.shape,
  /**
   * Of a network that came with weights (`search.onnx`): they are kept as they are, trained further
   * from where they stand, or forgotten.
   */
  imported: z.enum(["keep", "fine-tune", "retrain"]).default("keep"),
  /**
   * Epochs with fake quantisation after all others, for integers of this size; null: none. Quantize
   * takes the ranges that they leave where it is asked for the same integers.
   */
  quantisation_aware: z.strictObject({
    ...QuantisationTarget.shape,
    epochs: z.number().int().positive().default(5),
    /**
     * What is learned: the scores of the float network, so that the integers answer as it does, or the
     * labels once more.
     */
    learn_from: z.enum(["float", "labels"]).default("float"),
    /**
     * Default: a hundredth of the training's for the float network's scores, from which larger steps
     * lead away; a tenth for labels.
     */
    learning_rate: z.number().positive().optional(),
  }).nullable().default(null),
  backend: z.enum(["auto", ...backendNames]).default("auto"),
});
export type TrainParameters = z.infer<typeof TrainParameters>;

/** Learning rate of the epochs with rounding. */
export function awareRate(
  { learning_rate, learn_from }: Pick<
    NonNullable<TrainParameters["quantisation_aware"]>,
    "learning_rate" | "learn_from"
  >,
  training: Pick<FitParameters, "learning_rate">,
): number {
  return learning_rate ?? training.learning_rate / (learn_from === "float" ? 100 : 10);
}
