/** What the runtime counted, held against what the explorer modelled. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { LayoutArtifact } from "../../network/artifacts/layout.ts";
import type { VerifyArtifact } from "../../network/artifacts/verify.ts";
import type { DesignsArtifact } from "../../network/explore.ts";
import type { Scheme } from "../../network/design.ts";
import type { Counters } from "./host_runner.ts";

/** Start and delivery commit once each, of scheme ideal the delivery alone (docs/protocol-brownout.md). */
const startAndDelivery = (scheme: Scheme) => scheme === "ideal" ? 1 : 2;

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

/** Records that a layer of the runtime's table writes in one inference. */
function layerCommits({ scheme, answer }: DesignsArtifact, name: string): number {
  if (scheme !== "tile") return scheme === "ideal" ? 0 : 1;
  const design = answer.layers.find((layer) => layer.name === name);
  return design?.feasible ? design.batches ?? 0 : 0;
}

/** Records of one inference; of scheme tile as many as the model has power cycles. */
export function commitsOf(
  designs: DesignsArtifact,
  layout: Pick<LayoutArtifact, "layers">,
): number {
  if (designs.scheme === "tile") return modelled(designs).power_cycles;
  return layout.layers.reduce(
    (sum, { name }) => sum + layerCommits(designs, name),
    startAndDelivery(designs.scheme),
  );
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
  inferences: number,
): { counted: VerifyArtifact["counted"]; difference: string | undefined } {
  const expected = commitsOf(designs, layout);
  const layers = layout.layers.map(({ name }, index) => ({
    name,
    modelled: layerCommits(designs, name),
    commits: (counters[index]?.commits ?? 0) / inferences,
  }));
  const total = counters.reduce((sum, { commits }) => sum + commits, 0) / inferences;
  const counted = {
    commits: total,
    layers,
    start_and_delivery: total - layers.reduce((sum, layer) => sum + layer.commits, 0),
  };
  const differing = layers.filter((layer) => layer.commits !== layer.modelled)
    .map((layer) => `layer ${layer.name} commits ${layer.commits} times, not ${layer.modelled}`);
  if (total !== expected) {
    differing.unshift(`an inference commits ${total} times, the model says ${expected}`);
  }
  if (
    differing.length === 0 && counted.start_and_delivery !== startAndDelivery(designs.scheme)
  ) {
    differing.push(`start and delivery commit ${counted.start_and_delivery} times`);
  }
  return { counted, difference: differing.length === 0 ? undefined : differing.join("; ") };
}

/** Seconds of host time are about a thousand millionth of this: bytes moved and multiplications. */
export const EVERY_WRITE_WORK = 20e9;

/**
 * Work that a cut at every write of one inference takes.
 * @param counters of an uncut run over `inferences`, per layer
 */
export function everyWriteWork(
  counters: readonly Counters[],
  inferences: number,
  nvm_bytes: number,
  scheme: Scheme,
): number {
  const moved = (layer: Counters) =>
    (layer.macs + layer.pooled + layer.read_bytes + layer.write_bytes) / inferences;
  const whole = counters.reduce((sum, layer) => sum + moved(layer), 0);
  return counters.reduce((sum, layer) => {
    if (layer.writes === 0) return sum;
    const writes = layer.writes / inferences;
    const torn = Math.min(32, layer.write_bytes / layer.writes);
    // Before the write, torn, the last alone, two subsets; each runs to the cut and goes on from there.
    const cuts = writes * (torn + 4);
    // Under tile a power cycle is one batch; under the others it lasts until the inference is done.
    const cycle = scheme === "tile"
      ? moved(layer) / Math.max(1, layer.commits / inferences)
      : whole;
    return sum + cuts * (2 * cycle + 3 * nvm_bytes);
  }, 0);
}
