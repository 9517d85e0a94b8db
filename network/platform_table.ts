/**
 * The platform as the power simulation reads it (runtime-c/sim/power): `name value` lines in SI
 * units, so that model and simulation take their joules from the same file and share nothing else.
 */
import { type Affine, type Cost, OVERHEADS, type Platform } from "./platform.ts";

/** Costs without which the simulation refuses the table, by name of {@link Platform}. */
const AFFINE = ["nvm_read", "nvm_write", "mac"] as const;
const SCALAR = ["add", "max", "requantise", "commit", "reboot"] as const;
const BUFFER = [
  "capacitance_F",
  "harvester_ohm",
  "v_on",
  "v_off",
  "v_supply",
  "safe_margin",
] as const;

/** Text of the table; every number is written so that it reads back the same. */
export function platformTable(platform: Platform): string {
  const lines: [string, number][] = BUFFER.map((name) => [name, platform[name]]);
  for (const name of AFFINE) {
    for (const [field, value] of Object.entries(platform[name] satisfies Affine)) {
      lines.push([`${name}.${field}`, value]);
    }
  }
  const scalar = (name: string, { energy_J, latency_s }: Cost) =>
    lines.push([`${name}.energy_J`, energy_J], [`${name}.latency_s`, latency_s]);
  for (const name of SCALAR) scalar(name, platform[name]);
  for (const name of OVERHEADS) scalar(name, platform.overheads[name]);
  return lines.map(([name, value]) => `${name} ${value}\n`).join("");
}
