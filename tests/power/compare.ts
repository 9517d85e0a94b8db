/** Prediction against simulation, per layer: the table that shows a model that is wrong. */
import type { PowerLine, Predicted } from "./simulation.ts";

export interface Row {
  layer: string;
  predicted: Predicted;
  /** One inference. */
  simulated: Omit<Predicted, "name">;
  /** simulated / predicted - 1 */
  latency_error: number;
  energy_error: number;
  energy_max_error: number;
}

/** Rows of a network, start and delivery last. @param line of a run that sleeps after commits */
export function compare(
  predicted: readonly Predicted[],
  line: PowerLine,
): Row[] {
  return predicted.map((layer, i) => {
    const account = line.layers[i]!;
    const one = (sum: number) => sum / line.measured;
    const simulated = {
      latency_s: one(account.latency_s),
      energy_J: one(account.energy_J),
      energy_max_J: account.energy_max_J,
      power_cycles: one(account.power_cycles),
    };
    return {
      layer: layer.name,
      predicted: layer,
      simulated,
      latency_error: simulated.latency_s / layer.latency_s - 1,
      energy_error: simulated.energy_J / layer.energy_J - 1,
      energy_max_error: simulated.energy_max_J / layer.energy_max_J - 1,
    };
  });
}

/** The middle of the magnitudes. */
export function median(errors: readonly number[]): number {
  const sorted = errors.map(Math.abs).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The largest magnitude. */
export function largest(errors: readonly number[]): number {
  return Math.max(...errors.map(Math.abs));
}
