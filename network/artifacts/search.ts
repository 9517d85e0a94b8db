/** `trials.json` and `pareto.json`: what search looked at, what it cost, what it scored. */
import { z } from "zod";
import { Binding } from "../explore.ts";
import { PlatformChoice } from "../platform.ts";
import { SearchSpace } from "../space.ts";
import { EpochRecord, FitParameters } from "./training.ts";

const count = z.number().int().nonnegative();

/** What the explorer says of a network on one platform. */
export const PlatformCosts = z.strictObject({
  platform: z.string(),
  feasible: z.boolean(),
  latency_s: z.number().nullable(),
  energy_J: z.number().nullable(),
  power_cycles: z.number().nullable(),
  /** Least over the layers: energy budget left by the worst power cycle, and VM left. */
  slack_J: z.number().nullable(),
  slack_vm_bytes: z.number().nullable(),
});
export type PlatformCosts = z.infer<typeof PlatformCosts>;

/** Why a network was not trained. */
export const Rejection = z.strictObject({
  platform: z.string(),
  binding: Binding,
  /** The first layer without a design; null where the network as a whole does not fit. */
  layer: z.string().nullable(),
  /** Layers without a design. */
  layers: count,
  /** By how much the limit is missed, in `unit`. */
  violation: z.number(),
  unit: z.string(),
});
export type Rejection = z.infer<typeof Rejection>;

/** A training of a candidate. */
export const TrialScores = z.strictObject({
  seed: z.number().int(),
  best_epoch: z.number().int().positive(),
  val_accuracy: z.number(),
  val_loss: z.number(),
  epochs: z.array(EpochRecord),
});
export type TrialScores = z.infer<typeof TrialScores>;

/** One network that was drawn. */
export const Candidate = z.strictObject({
  /** Position in the order of drawing, from 0. */
  sample: count,
  network: z.string(),
  decisions: z.record(z.string(), z.number().int()),
  parameters: count,
  macs: count,
  costs: z.array(PlatformCosts),
  /** Requirement minus latency; null without requirement or latency. */
  slack_s: z.number().nullable(),
  rejection: Rejection.nullable(),
  trial: TrialScores.nullable(),
});
export type Candidate = z.infer<typeof Candidate>;

export const TrialsArtifact = z.strictObject({
  method: z.literal("random"),
  seed: z.number().int(),
  space: SearchSpace,
  networks_in_space: z.number().int().positive(),
  platforms: z.array(PlatformChoice),
  /** The platform whose latency counts, or `worst`. */
  platform: z.string(),
  requirement_s: z.number().nullable(),
  requirement_rule: z.string(),
  options: FitParameters,
  /** Share of the training split that a trial sees. */
  subset: z.number(),
  backend: z.string(),
  sampled: count,
  trained: count,
  rejected: z.partialRecord(Binding, count),
  /** Sample number of the network in architecture.json. */
  chosen: count,
  candidates: z.array(Candidate),
});
export type TrialsArtifact = z.infer<typeof TrialsArtifact>;

export const ParetoArtifact = z.strictObject({
  platform: z.string(),
  requirement_s: z.number().nullable(),
  /** Trained networks by latency; on the front where none is both faster and more accurate. */
  points: z.array(z.strictObject({
    sample: count,
    network: z.string(),
    latency_s: z.number(),
    val_accuracy: z.number(),
    on_front: z.boolean(),
    chosen: z.boolean(),
  })),
});
export type ParetoArtifact = z.infer<typeof ParetoArtifact>;
