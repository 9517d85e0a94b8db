/** Costs as the reference models add them up: joules and seconds side by side. */
import type { Affine, Cost } from "../../network/platform.ts";

export const NOTHING: Cost = { energy_J: 0, latency_s: 0 };

export function sum(...costs: Cost[]): Cost {
  return costs.reduce((a, b) => ({
    energy_J: a.energy_J + b.energy_J,
    latency_s: a.latency_s + b.latency_s,
  }), NOTHING);
}

export function times(n: number, cost: Cost): Cost {
  return { energy_J: n * cost.energy_J, latency_s: n * cost.latency_s };
}

/** Cost of n elements. */
export function of(affine: Affine, n: number): Cost {
  return {
    energy_J: affine.energy_fixed_J + n * affine.energy_per_element_J,
    latency_s: affine.latency_fixed_s + n * affine.latency_per_element_s,
  };
}

/** What a model says of one design; the fields are those of the explorer's answers. */
export interface Costed {
  latency_s: number;
  energy_max_J: number;
  energy_min_J: number;
  energy_J: number;
  power_cycles: number;
  vm_bytes: number;
}
