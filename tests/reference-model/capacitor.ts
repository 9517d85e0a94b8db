/** The physical capacitor, integrated step by step: C dV/dt = (V_sup - V)/R - P/V. */
import type { Cost, Platform } from "../../network/platform.ts";

const STEPS = 20_000;

/** Seconds to charge back to V_on after a power cycle; 0 where the voltage never fell. */
export function integratedRecharge_s(p: Platform, cycle: Cost): number {
  const power_W = cycle.energy_J / cycle.latency_s;
  const slope = (V: number) => ((p.v_supply - V) / p.harvester_ohm - power_W / V) / p.capacitance_F;
  const h = cycle.latency_s / STEPS;
  let V = p.v_on;
  // The change is added up on its own: it is small beside V.
  let change = 0;
  for (let i = 0; i < STEPS; i++) {
    const k1 = slope(V);
    const k2 = slope(V + h / 2 * k1);
    const k3 = slope(V + h / 2 * k2);
    const k4 = slope(V + h * k3);
    change += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    V = p.v_on + change;
  }
  if (V >= p.v_on) return 0;
  return p.harvester_ohm * p.capacitance_F *
    Math.log((p.v_supply - V) / (p.v_supply - p.v_on));
}
