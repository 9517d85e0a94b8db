/** What the runtime counted, held against what the explorer modelled. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { LayoutArtifact } from "../../network/artifacts/layout.ts";
import type { VerifyArtifact } from "../../network/artifacts/verify.ts";
import type { DesignsArtifact } from "../../network/explore.ts";
import type { Counters } from "./host_runner.ts";

/** Start and delivery end one power cycle each (docs/protocol-brownout.md). */
const START_AND_DELIVERY = 2;

/** The explorer's figures for one inference. @throws UserError where it has none */
export function modelled(designs: DesignsArtifact): VerifyArtifact["modelled"] {
  const { latency_s, power_cycles } = designs.answer;
  if (latency_s === null || typeof power_cycles !== "number") {
    throw new UserError({
      message: "the explorer gave neither latency nor power cycles",
      field: `platforms.${designs.platform.choice.profile}`,
    }, ExitCode.data);
  }
  return { latency_s, power_cycles };
}

/**
 * Commits of one inference, per layer of the runtime's table.
 * @param counters of an uncut run over `inferences`; the last entry is start and delivery
 * @returns `difference`: what is not as modelled, undefined where all is
 */
export function compareCommits(
  designs: DesignsArtifact,
  layout: Pick<LayoutArtifact, "layers">,
  counters: readonly Counters[],
  commits: number,
  inferences: number,
): { counted: VerifyArtifact["counted"]; difference: string | undefined } {
  const { power_cycles } = modelled(designs);
  const layers = layout.layers.map(({ name }, index) => {
    const design = designs.answer.layers.find((layer) => layer.name === name);
    const batches = design?.feasible ? design.batches ?? 0 : 0;
    return { name, modelled: batches, commits: (counters[index]?.commits ?? 0) / inferences };
  });
  const total = commits / inferences;
  const counted = {
    power_cycles: total,
    layers,
    start_and_delivery: total - layers.reduce((sum, layer) => sum + layer.commits, 0),
  };
  const differing = layers.filter((layer) => layer.commits !== layer.modelled)
    .map((layer) => `layer ${layer.name} commits ${layer.commits} times, not ${layer.modelled}`);
  if (total !== power_cycles) {
    differing.unshift(`an inference takes ${total} power cycles, the model says ${power_cycles}`);
  }
  if (differing.length === 0 && counted.start_and_delivery !== START_AND_DELIVERY) {
    differing.push(`start and delivery take ${counted.start_and_delivery} power cycles`);
  }
  return { counted, difference: differing.length === 0 ? undefined : differing.join("; ") };
}

/** Seconds of host time are about a thousand millionth of this: bytes moved and multiplications. */
export const EVERY_WRITE_WORK = 20e9;

/** Work that a cut at every write of one inference takes, from the counters of `inferences`. */
export function everyWriteWork(
  counters: readonly Counters[],
  inferences: number,
  nvm_bytes: number,
): number {
  return counters.reduce((sum, layer) => {
    if (layer.writes === 0) return sum;
    const writes = layer.writes / inferences;
    const torn = Math.min(32, layer.write_bytes / layer.writes);
    // Before the write, torn, the last alone, two subsets; each runs the batch and repeats it.
    const cuts = writes * (torn + 4);
    const moved = layer.macs + layer.pooled + layer.read_bytes + layer.write_bytes;
    const batch = moved / Math.max(1, layer.commits);
    return sum + cuts * (2 * batch + 3 * nvm_bytes);
  }, 0);
}
