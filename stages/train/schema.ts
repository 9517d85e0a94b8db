/** What `with:` of the train stage may say. */
import { z } from "zod";
import { FitParameters } from "../../network/artifacts/training.ts";
import { backendNames } from "../../training/backend_choice.ts";

export const TrainParameters = z.strictObject({
  ...FitParameters.shape,
  backend: z.enum(["auto", ...backendNames]).default("auto"),
});
export type TrainParameters = z.infer<typeof TrainParameters>;
