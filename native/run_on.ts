/**
 * Running on after commits (docs/protocol-brownout.md): the latency of the chosen designs, and what
 * no designs of the same space can go below.
 */
import type { RunOn } from "../network/explore.ts";
import type { ResolvedLayer } from "../network/network.ts";
import type { Platform } from "../network/platform.ts";
import { loadExplorer, type NativeAnswer, type NativeRequest } from "./addon.ts";

/** Inferences whose mean is told: a power cycle may reach over several. */
const INFERENCES = 16;

/** Requests whose optima {@link showRunOn} needs, in this order. */
export function runOnRelaxations(native: NativeRequest): NativeRequest[] {
  return [{ ...native, relax: "work_energy" }, { ...native, relax: "work_time" }];
}

/** @param relaxed answers to {@link runOnRelaxations}, where there is a bound: of scheme tile */
export function showRunOn(
  { native, layers }: { native: NativeRequest; layers: readonly ResolvedLayer[] },
  answer: NativeAnswer,
  relaxed: readonly NativeAnswer[] | undefined,
  root: string | undefined,
): RunOn {
  const designs = answer.layers.map((layer, i) => layer?.best[answer.choices[i]!] ?? null);
  const { layer_latency_s, layer_power_cycles, lowest_V: _, ...whole } = loadExplorer(root)
    .runOn(native, designs, INFERENCES);
  const lower_bound_s = relaxed === undefined
    ? undefined
    : leastLatency_s(native.platform, relaxed);
  return {
    ...whole,
    ...(lower_bound_s === undefined
      ? {}
      : { lower_bound_s, gap: whole.latency_s / lower_bound_s - 1 }),
    layers: layers.map(({ name }, i) => ({
      name,
      latency_s: layer_latency_s[i]!,
      power_cycles: layer_power_cycles[i]!,
    })),
    delivery: {
      latency_s: layer_latency_s.at(-1)!,
      power_cycles: layer_power_cycles.at(-1)!,
    },
  };
}

/**
 * No inference is shorter than its work, nor than the harvester takes to bring the work's energy: at
 * most what it brings at the voltage of most power, and what the capacitor gives to the mean of
 * several inferences.
 */
function leastLatency_s(p: Platform, relaxed: readonly NativeAnswer[]): number {
  // Of "work_time" seconds stand where joules do.
  const [work_J, work_s] = relaxed.map(({ energy_J }) => energy_J) as [number, number];
  // The release pair is read after boots only, and boots are what is not counted.
  const pair = 2, elements = 4;
  const pair_J = pair * (p.nvm_read.energy_fixed_J + elements * p.nvm_read.energy_per_element_J);
  const pair_s = pair * (p.nvm_read.latency_fixed_s + elements * p.nvm_read.latency_per_element_s);
  const stored_J = 0.5 * p.capacitance_F * (p.v_supply ** 2 - p.v_off ** 2) / INFERENCES;
  const best_V = Math.max(p.v_off, p.v_supply / 2);
  const harvest_W = best_V * (p.v_supply - best_V) / p.harvester_ohm;
  const least_J = work_J - pair_J - stored_J;
  // The explorer's own rounding must not make a bound of an optimum.
  return Math.max(work_s - pair_s, least_J / harvest_W) * (1 - 1e-9);
}
