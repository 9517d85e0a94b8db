/** A platform in other units: what is computed from it must be the same in those units. */
import { type Affine, type Cost, OVERHEADS, type Platform } from "../../network/platform.ts";

/** @param joule how many of the new units a joule is; @param second the same of a second */
export function inUnits(p: Platform, joule: number, second: number): Platform {
  const cost = ({ energy_J, latency_s }: Cost): Cost => ({
    energy_J: joule * energy_J,
    latency_s: second * latency_s,
  });
  const affine = (of: Affine): Affine => ({
    energy_fixed_J: joule * of.energy_fixed_J,
    energy_per_element_J: joule * of.energy_per_element_J,
    latency_fixed_s: second * of.latency_fixed_s,
    latency_per_element_s: second * of.latency_per_element_s,
  });
  return {
    ...p,
    capacitance_F: joule * p.capacitance_F,
    harvester_ohm: second / joule * p.harvester_ohm,
    nvm_read: affine(p.nvm_read),
    nvm_write: affine(p.nvm_write),
    mac: affine(p.mac),
    add: cost(p.add),
    multiply: cost(p.multiply),
    divide: cost(p.divide),
    max: cost(p.max),
    requantise: cost(p.requantise),
    commit: cost(p.commit),
    reboot: cost(p.reboot),
    overheads: Object.fromEntries(
      OVERHEADS.map((name) => [name, cost(p.overheads[name])]),
    ) as Platform["overheads"],
  };
}
