/** `trials.json` and `pareto.json`: what search looked at, what it cost, what it scored. */
import { z } from "zod";
import { Binding, DesignSpace } from "../explore.ts";
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
  /** Written to NVM per inference by the layers: wear. Absent where the model does not count it. */
  nvm_written_bytes: z.number().optional(),
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
  /** Epoch after which it was given up for better ones; absent where it was trained to its end. */
  stopped_after: z.number().int().positive().optional(),
});
export type TrialScores = z.infer<typeof TrialScores>;

/** One network that was drawn. */
export const Candidate = z.strictObject({
  /** Position in the order of asking, from 0. */
  sample: count,
  network: z.string(),
  decisions: z.record(z.string(), z.union([z.number().int(), z.string()])),
  parameters: count,
  macs: count,
  costs: z.array(PlatformCosts),
  /** Latency under continuous power, by which `hw-nas` judges. */
  continuous_latency_s: z.number().nullable().optional(),
  /** Requirement minus latency; null without requirement or latency. */
  slack_s: z.number().nullable(),
  rejection: Rejection.nullable(),
  trial: TrialScores.nullable(),
});
export type Candidate = z.infer<typeof Candidate>;

export const SearchMethod = z.enum([
  "random",
  "reinforce",
  "hw-nas",
  "evolution",
  "supernet",
  "exhaustive",
]);
export type SearchMethod = z.infer<typeof SearchMethod>;

/** What a space offers, known before anything is trained. */
export const SpaceSurvey = z.strictObject({
  networks_in_space: z.number().int().positive(),
  /** Networks that the explorer was asked about: all, or a seeded random sample. */
  asked: count,
  exact: z.boolean(),
  /** Share of them that every platform can run. */
  feasible_share: z.number(),
  /** Of those, on the platform that counts; null where there is none. */
  latency_quantiles_s: z.strictObject({ q25: z.number(), q50: z.number(), q75: z.number() })
    .nullable(),
  /** Why others cannot: by the limit that binds, or by the explorer's own words for a whole space. */
  rejected: z.record(z.string(), count),
});
export type SpaceSurvey = z.infer<typeof SpaceSurvey>;

/** A step of a method that keeps a history. */
export const SearchStep = z.strictObject({
  /** Null where nothing was asked for. */
  sample: count.nullable(),
  /** `policy`, `random` or `repeated`. */
  action: z.string(),
  reward: z.number().nullable(),
});
export type SearchStep = z.infer<typeof SearchStep>;

export const TrialsArtifact = z.strictObject({
  method: SearchMethod,
  seed: z.number().int(),
  space: SearchSpace,
  networks_in_space: z.number().int().positive(),
  survey: SpaceSurvey,
  designs: DesignSpace,
  platforms: z.array(PlatformChoice),
  /** The platform whose latency counts, or `worst`. */
  platform: z.string(),
  requirement_s: z.number().nullable(),
  requirement_rule: z.string(),
  options: FitParameters,
  /** Share of the training split that a trial sees. */
  subset: z.number(),
  backend: z.string(),
  /** Rungs of successive halving: epochs, and the share that goes on; null where all go on. */
  halving: z.strictObject({
    rungs: z.array(count),
    keep: z.number(),
    /** Whom a trial is held against. */
    against: z.enum(["all", "earlier"]),
  }).nullable(),
  /** Of method `supernet`: what was trained before any network was. */
  supernet: z.strictObject({
    /** Networks that were ranked. */
    networks: count,
    per_step: count,
    sampling: z.string(),
    /** Accuracies are those of the largest network. */
    epochs: z.array(EpochRecord),
  }).nullable(),
  /**
   * Epochs that were trained in all: what the search cost, times the training samples. An epoch of a
   * supernet counts once for each network that a step trains.
   */
  epochs_trained: count,
  sampled: count,
  trained: count,
  rejected: z.partialRecord(Binding, count),
  /** Sample number of the network in architecture.json. */
  chosen: count,
  candidates: z.array(Candidate),
  /** The method's own history: a controller's actions and rewards; empty where it keeps none. */
  steps: z.array(SearchStep),
});
export type TrialsArtifact = z.infer<typeof TrialsArtifact>;

export const ParetoArtifact = z.strictObject({
  platform: z.string(),
  requirement_s: z.number().nullable(),
  /** What the front is of: `accuracy`, `latency`, and `energy` and `nvm wear` where they are known. */
  objectives: z.array(z.string()),
  /** By which rule the chosen one was chosen. */
  rule: z.string(),
  /** Trained networks by latency; on the front where none is as good in all and better in one. */
  points: z.array(z.strictObject({
    sample: count,
    network: z.string(),
    latency_s: z.number(),
    val_accuracy: z.number(),
    energy_J: z.number().nullable(),
    nvm_written_bytes: z.number().nullable(),
    /** Epochs trained, where it was given up early. */
    stopped_after: z.number().int().optional(),
    on_front: z.boolean(),
    chosen: z.boolean(),
  })),
  /** Networks that were turned away, with what was in the way. */
  infeasible: z.array(z.strictObject({
    sample: count,
    network: z.string(),
    binding: Binding,
    violation: z.number(),
    unit: z.string(),
    platform: z.string(),
    latency_s: z.number().nullable(),
    /** Where it was trained before it was checked (`hw-nas`). */
    val_accuracy: z.number().nullable(),
  })),
});
export type ParetoArtifact = z.infer<typeof ParetoArtifact>;
