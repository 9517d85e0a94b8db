/** Prediction against simulation, per layer: the table that shows a model that is wrong. */
import type { Cost, Platform } from "../../network/platform.ts";
import { chargingAfter_s } from "./charging.ts";
import type { Account, PowerLine, Predicted } from "./simulation.ts";

export interface Row {
  layer: string;
  predicted: Predicted;
  /** One inference. */
  simulated: Omit<Predicted, "name">;
  /** simulated / predicted - 1 */
  latency_error: number;
  energy_error: number;
  energy_max_error: number;
  /**
   * simulated / predicted - 1 where charging is predicted for a cycle that reboots first and then
   * works, with the layer's mean cycle: what remains once the order of loads is known.
   */
  ordered_error: number;
}

/** Rows of a network, start and delivery last. @param line of a run that sleeps after commits */
export function compare(
  platform: Platform,
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
    const { reboot } = platform;
    const charging_s = meanWork(account, line.measured, reboot).reduce(
      (sum, { count, work }) => sum + count * chargingAfter_s(platform, [reboot, work]),
      0,
    );
    return {
      layer: layer.name,
      predicted: layer,
      simulated,
      latency_error: simulated.latency_s / layer.latency_s - 1,
      energy_error: simulated.energy_J / layer.energy_J - 1,
      energy_max_error: simulated.energy_max_J / layer.energy_max_J - 1,
      ordered_error: simulated.latency_s / (one(account.on_s) + charging_s) - 1,
    };
  });
}

/**
 * Work of an account's power cycles, reboot apart, per inference: how many, and the mean of them. Of
 * two unlike ones (start and delivery, a large and a small tile) the worst one's energy is known.
 */
function meanWork(
  account: Account,
  inferences: number,
  reboot: Cost,
): { count: number; work: Cost }[] {
  const count = account.power_cycles / inferences;
  const all = {
    energy_J: account.energy_J / inferences - count * reboot.energy_J,
    latency_s: account.on_s / inferences - count * reboot.latency_s,
  };
  const part = (share: number): Cost => ({
    energy_J: share * all.energy_J,
    latency_s: share * all.latency_s,
  });
  if (count !== 2) return [{ count, work: part(1 / count) }];
  const worst = (account.energy_max_J - reboot.energy_J) / all.energy_J;
  return [{ count: 1, work: part(worst) }, { count: 1, work: part(1 - worst) }];
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
