/**
 * Exponential running average of weights (Polyak averaging): scores of the average jump less from
 * epoch to epoch than those of the last step, so that the best epoch is less a matter of luck.
 */
import type { Parameter } from "./parameters.ts";

/**
 * Moves `average` towards `parameters` after step number `step` (from 1), in place. Early steps keep
 * less, (step + 1) / (step + 10), so that the initial weights are soon forgotten.
 */
export function averageStep(
  average: readonly Parameter[],
  parameters: readonly Parameter[],
  step: number,
  keep: number,
): void {
  const kept = Math.min(keep, (step + 1) / (step + 10));
  average.forEach(({ data }, k) => {
    const now = parameters[k]!.data;
    for (let i = 0; i < data.length; i++) data[i] = kept * data[i]! + (1 - kept) * now[i]!;
  });
}
