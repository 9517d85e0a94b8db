/** Learning rate over a training. */
import type { FitParameters } from "../network/artifacts/training.ts";

/** Decay of schedule `step` where none is given. */
const DECAY = { every_epochs: 10, factor: 0.1 };

/**
 * Learning rate after `step` steps.
 * @param stepsPerEpoch steps of one epoch
 */
export function learningRateAt(
  options: Pick<
    FitParameters,
    "learning_rate" | "schedule" | "epochs" | "decay" | "warmup_epochs"
  >,
  step: number,
  stepsPerEpoch: number,
): number {
  const { learning_rate, schedule, epochs, decay = DECAY, warmup_epochs } = options;
  const planned = {
    constant: () => learning_rate,
    cosine: () => learning_rate * (1 + Math.cos(Math.PI * (step / (stepsPerEpoch * epochs)))) / 2,
    step: () =>
      learning_rate * decay.factor ** Math.floor(step / (stepsPerEpoch * decay.every_epochs)),
  }[schedule]();
  if (warmup_epochs === undefined) return planned;
  return planned * Math.min(1, (step + 1) / (warmup_epochs * stepsPerEpoch));
}
