/** The physical capacitor, integrated step by step: C dV/dt = (V_sup - V)/R - P/V. */
import type { Cost, Platform } from "../../network/platform.ts";

const STEPS = 20_000;

/**
 * Seconds to charge back to V_on after a power cycle: it reboots, then does the rest at the rest's
 * mean power; 0 where it ends at V_on or above.
 */
export function integratedRecharge_s(p: Platform, cycle: Cost): number {
  const { reboot } = p;
  const work = {
    energy_J: cycle.energy_J - reboot.energy_J,
    latency_s: cycle.latency_s - reboot.latency_s,
  };
  // The change is added up on its own: it is small beside V.
  let change = 0;
  for (const phase of [reboot, work]) {
    const power_W = phase.energy_J / phase.latency_s;
    const slope = (V: number) =>
      ((p.v_supply - V) / p.harvester_ohm - power_W / V) / p.capacitance_F;
    const h = phase.latency_s / STEPS;
    for (let i = 0; i < STEPS; i++) {
      const V = p.v_on + change;
      const k1 = slope(V);
      const k2 = slope(V + h / 2 * k1);
      const k3 = slope(V + h / 2 * k2);
      const k4 = slope(V + h * k3);
      change += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    }
  }
  if (change >= 0) return 0;
  const V = p.v_on + change;
  return p.harvester_ohm * p.capacitance_F *
    Math.log((p.v_supply - V) / (p.v_supply - p.v_on));
}
