/**
 * What is asked of the explorer and what it answers. A request is a network, how it is powered, which
 * designs are tried, what the cost model assumes of the runtime, and the platform.
 */
import { z } from "zod";
import { Network, ResolvedLayer } from "./network.ts";
import { Design } from "./design.ts";
import { PlatformChoice, Protocol } from "./platform.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();

export const Power = z.enum(["intermittent", "continuous"]);
export type Power = z.infer<typeof Power>;
export const DesignSpace = z.enum(["published", "full"]);
export type DesignSpace = z.infer<typeof DesignSpace>;

export const ExploreRequest = z.strictObject({
  name: z.string(),
  power: Power.default("intermittent"),
  space: DesignSpace.default("published"),
  /** Default: the profile's own. */
  protocol: Protocol.optional(),
  platform: PlatformChoice,
  network: Network,
});
export type ExploreRequest = z.infer<typeof ExploreRequest>;

const flatSide = z.strictObject({ h: positive, w: positive });
/** The flat form (DESIGN.md section 3): layers with their shapes spelt out, one behind the other. */
export const FlatLayer = z.strictObject({
  type: z.enum(["conv", "fc", "global_avg_pool"]),
  input: z.strictObject({ h: positive, w: positive, channels: positive }),
  kernel: flatSide,
  output: z.strictObject({ h: positive, w: positive, channels: positive }),
  stride: z.union([positive, flatSide]).default(1),
  /** Figures that a golden file carries beside the request. */
  published_design: z.unknown().optional(),
  best: z.unknown().optional(),
});
export const FlatRequest = z.strictObject({
  name: z.string(),
  power: Power.default("intermittent"),
  space: DesignSpace.default("published"),
  protocol: Protocol.optional(),
  platform: PlatformChoice.extend({ profile: z.string().optional() })
    .optional(),
  layers: z.array(FlatLayer).min(1),
  dataset: z.string().optional(),
  latency_s: z.number().optional(),
  energy_J: z.number().optional(),
});
export type FlatRequest = z.infer<typeof FlatRequest>;

/** Where a batch's buffers lie in VM, bytes from its start (protocol `brownout`). */
export const VmLayout = z.strictObject({
  input: count,
  weights: count,
  /** 32-bit biases of the tile at hand. */
  bias: count,
  /** 32-bit sums of every output tile that a batch touches; results are made in place. */
  sums: count,
  total_bytes: count,
});
export type VmLayout = z.infer<typeof VmLayout>;

export const Binding = z.enum(["vm", "energy", "nvm", "alignment", "latency"]);
export type Binding = z.infer<typeof Binding>;

/** A design with its cost. */
export const CostedDesign = z.strictObject({
  ...Design.shape,
  latency_s: z.number(),
  /** Energy of the worst and the cheapest power cycle (intermittent). */
  energy_max_J: z.number().optional(),
  energy_min_J: z.number().optional(),
  /** Energy of the whole layer (continuous). */
  energy_J: z.number().optional(),
  power_cycles: z.number().optional(),
  vm_bytes: count,
  /** Of one of the two planes of partial sums; 0 where no output tile is visited twice. */
  plane_bytes: count.optional(),
});
export type CostedDesign = z.infer<typeof CostedDesign>;

export const Rejections = z.partialRecord(
  Binding,
  z.strictObject({
    count,
    witness: Design,
    violation: z.number(),
    unit: z.string(),
    /** Whether the witness misses no other limit: mend this one and there is a feasible design. */
    sole: z.boolean().optional(),
  }),
);

export const FeasibleLayer = z.strictObject({
  name: z.string(),
  feasible: z.literal(true),
  ...CostedDesign.shape,
  vm: VmLayout.optional(),
  /** Budget left by the worst power cycle, and VM left. */
  slack_J: z.number().optional(),
  slack_vm_bytes: z.number(),
  designs_total: count,
  designs_feasible: count,
  proven_optimal: z.boolean(),
  /** Power cycles (batches) of the layer under protocol brownout. */
  batches: count.optional(),
  runners_up: z.array(CostedDesign).default([]),
  rejected: Rejections.default({}),
});
export type FeasibleLayer = z.infer<typeof FeasibleLayer>;

export const InfeasibleLayer = z.strictObject({
  name: z.string(),
  feasible: z.literal(false),
  binding: Binding,
  /** By how much the nearest design misses its limit, in `unit`. */
  violation: z.number(),
  unit: z.string(),
  nearest: Design,
  latency_s: z.null(),
  designs_total: count,
  designs_feasible: z.literal(0),
  rejected: Rejections.default({}),
});
export type InfeasibleLayer = z.infer<typeof InfeasibleLayer>;

export const LayerAnswer = z.discriminatedUnion("feasible", [
  FeasibleLayer,
  InfeasibleLayer,
]);
export type LayerAnswer = z.infer<typeof LayerAnswer>;

/** Byte addresses in NVM (protocol `brownout`), planned by `native`; constants in runtime-c/core/format.h. */
export const NvmLayout = z.strictObject({
  records: count,
  releases: count,
  results: count,
  result_stride_bytes: count,
  header: count,
  /** Per layer: its weights in tile order, its 32-bit biases; 0 where it has none. */
  weights: z.array(count),
  biases: z.array(count),
  /** The network's input map, then each layer's output map; maps whose lives do not overlap share bytes. */
  input_map: count,
  maps: z.array(count),
  /** The two planes of partial sums, shared by all layers; equal where none is needed. */
  planes: z.tuple([count, count]),
  /** Where constants (header, weights, biases) end and the arena starts. */
  image_bytes: count,
  total_bytes: count,
});
export type NvmLayout = z.infer<typeof NvmLayout>;

export const ExploreAnswer = z.strictObject({
  name: z.string(),
  feasible: z.boolean(),
  latency_s: z.number().nullable(),
  energy_J: z.number().nullable().optional(),
  power_cycles: z.number().nullable().optional(),
  layers: z.array(LayerAnswer),
  /** Storing the input and delivering the result (protocol `brownout`). */
  delivery: z.strictObject({
    latency_s: z.number(),
    energy_max_J: z.number(),
    power_cycles: count,
  }).optional(),
  nvm: NvmLayout.optional(),
  /** Why the network as a whole does not fit where every layer does. */
  binding: Binding.optional(),
  violation: z.number().optional(),
  unit: z.string().optional(),
});
export type ExploreAnswer = z.infer<typeof ExploreAnswer>;

/** `<platform>/designs.json`: the request with everything resolved, and its answer. */
export const DesignsArtifact = z.strictObject({
  platform: z.strictObject({
    choice: PlatformChoice,
    protocol: Protocol,
    kernel: z.string(),
    vm_bytes: count,
    nvm_bytes: count,
    energy_budget_J: z.number(),
    energy_full_J: z.number(),
    /** Coefficients that are estimates, by name: figures built on them are estimates too. */
    estimated: z.array(z.string()),
  }),
  space: DesignSpace,
  power: Power,
  network: Network,
  layers: z.array(ResolvedLayer),
  answer: ExploreAnswer,
});
export type DesignsArtifact = z.infer<typeof DesignsArtifact>;
