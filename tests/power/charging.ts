/**
 * Charging after a power cycle whose phases draw different powers, one after the other. The model
 * takes one mean power for the whole cycle; what that leaves out is the order: a reboot draws little
 * for long and comes first.
 */
import type { Cost, Platform } from "../../network/platform.ts";

const STEPS = 2000;

/** Seconds to charge back to V_on; 0 where the voltage is not below it at the end. */
export function chargingAfter_s(p: Platform, phases: readonly Cost[]): number {
  let V = p.v_on;
  for (const { energy_J, latency_s } of phases) {
    const power_W = energy_J / latency_s;
    const slope = (volts: number) =>
      ((p.v_supply - volts) / p.harvester_ohm - power_W / volts) / p.capacitance_F;
    const h = latency_s / STEPS;
    for (let i = 0; i < STEPS; i++) {
      const k1 = slope(V);
      const k2 = slope(V + h / 2 * k1);
      const k3 = slope(V + h / 2 * k2);
      const k4 = slope(V + h * k3);
      V += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    }
  }
  return V >= p.v_on
    ? 0
    : p.harvester_ohm * p.capacitance_F * Math.log((p.v_supply - V) / (p.v_supply - p.v_on));
}
