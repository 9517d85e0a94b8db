/** What the explorer's answers mean for a candidate: its costs, and why it is turned away. */
import type { PlatformCosts, Rejection } from "../../network/artifacts/search.ts";
import type { ExploreAnswer } from "../../network/explore.ts";

/** Costs of a network on one platform. */
export function costsOf(platform: string, answer: ExploreAnswer): PlatformCosts {
  const feasible = answer.layers.filter((layer) => layer.feasible);
  const least = (values: (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    return answer.feasible && known.length > 0 ? Math.min(...known) : null;
  };
  const written = feasible.map(({ written_bytes }) => written_bytes);
  return {
    platform,
    feasible: answer.feasible,
    latency_s: answer.latency_s,
    energy_J: answer.energy_J ?? null,
    power_cycles: answer.power_cycles ?? null,
    slack_J: least(feasible.map(({ slack_J }) => slack_J)),
    slack_vm_bytes: least(feasible.map(({ slack_vm_bytes }) => slack_vm_bytes)),
    ...(answer.feasible && written.every((bytes) => bytes !== undefined)
      ? { nvm_written_bytes: written.reduce((sum, bytes) => sum + bytes, 0) }
      : {}),
  };
}

/** Why a platform cannot run the network; null where it can. */
export function rejectionOf(platform: string, answer: ExploreAnswer): Rejection | null {
  if (answer.feasible) return null;
  const without = answer.layers.filter((layer) => !layer.feasible);
  const first = without[0];
  if (first !== undefined) {
    const { binding, violation, unit, name } = first;
    return { platform, binding, layer: name, layers: without.length, violation, unit };
  }
  const { binding, violation, unit } = answer;
  if (binding === undefined) {
    throw new Error(`the explorer calls ${answer.name} infeasible on ${platform} without a reason`);
  }
  return { platform, binding, layer: null, layers: 0, violation: violation ?? 0, unit: unit ?? "" };
}

/** Latency of a network on the platform that counts; null where it cannot run there. */
export function latencyOn(platform: string, costs: readonly PlatformCosts[]): number | null {
  if (platform !== "worst") return costs.find((c) => c.platform === platform)?.latency_s ?? null;
  const latencies = costs.map(({ latency_s }) => latency_s);
  return latencies.includes(null) ? null : Math.max(...latencies as number[]);
}

/** The value that a share `q` of `values` does not exceed (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}
