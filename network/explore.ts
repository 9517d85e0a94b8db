/**
 * What is asked of the explorer and what it answers. A request is a network, how it is powered, which
 * designs are tried, what the cost model assumes of the runtime, and the platform.
 */
import { z } from "zod";
import { Network, ResolvedLayer } from "./network.ts";
import { AfterCommit, Design, LoopOrder, MacSpan, Scheme } from "./design.ts";
import { PlatformChoice, Protocol } from "./platform.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1).optional();
/**
 * Of latency and energy (protocol brownout): keeping progress, which is records and partial sums that
 * wait in NVM for the next visit; and taking it up again, which is reboots, reading records, and
 * loading what the batch before had in VM. Charging is shared among operations by energy.
 */
const shares = {
  preservation_share_time: share,
  preservation_share_energy: share,
  recovery_share_time: share,
  recovery_share_energy: share,
};

export const Power = z.enum(["intermittent", "continuous"]);
export type Power = z.infer<typeof Power>;
export const DesignSpace = z.enum(["published", "full"]);
export type DesignSpace = z.infer<typeof DesignSpace>;

/**
 * What the best design has least of: seconds, joules, or bytes written to NVM; `pareto`: every design
 * that no other beats in all three.
 */
export const Objective = z.enum(["latency", "energy", "wear", "pareto"]);
export type Objective = z.infer<typeof Objective>;

/** Axes of a layer's design that are held fixed. */
export const Pin = z.strictObject({
  Tr: positive,
  Tc: positive,
  Tm: positive,
  Tn: positive,
  loop_order: LoopOrder,
  mac_span: MacSpan,
  S: positive,
}).partial();
export type Pin = z.infer<typeof Pin>;

/** How progress is kept; protocol `inas2021` knows `tile` and `sleep` only. */
const preservation = {
  scheme: Scheme.optional(),
  /** Outputs of a group, of hawaii and stateful; default: of each layer the best power of two. */
  b: positive.max(65535).optional(),
  after_commit: AfterCommit.optional(),
};

const choice = {
  ...preservation,
  objective: Objective.optional(),
  /** By layer name; `*` stands for every layer that has no entry. */
  pin: z.record(z.string(), Pin).optional(),
  /** The network is infeasible where its latency is above. */
  latency_limit_s: z.number().positive().optional(),
};

export const ExploreRequest = z.strictObject({
  name: z.string(),
  power: Power.default("intermittent"),
  space: DesignSpace.default("published"),
  /** Default: the profile's own. */
  protocol: Protocol.optional(),
  ...choice,
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
  ...choice,
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
  /** Multipliers and shifts of the tile's output channels, where each has its own. */
  scales: count,
  /** 32-bit sums of every output tile that a batch touches; results are made in place. */
  sums: count,
  total_bytes: count,
});
export type VmLayout = z.infer<typeof VmLayout>;

export const Binding = z.enum(["vm", "energy", "nvm", "alignment", "latency"]);
export type Binding = z.infer<typeof Binding>;

/** A limit that is missed, and by how much. */
export const Miss = z.strictObject({ binding: Binding, violation: z.number(), unit: z.string() });
export type Miss = z.infer<typeof Miss>;

/** A design with its cost. */
export const CostedDesign = z.strictObject({
  ...Design.shape,
  latency_s: z.number(),
  /**
   * Energy of the worst, the cheapest and the mean power cycle (intermittent). Of schemes other than
   * tile, whose power cycles last until power fails, the worst is what a boot must be able to do: boot,
   * recovery and the largest unit of progress.
   */
  energy_max_J: z.number().optional(),
  energy_min_J: z.number().optional(),
  energy_mean_J: z.number().optional(),
  /** Energy of the whole layer. */
  energy_J: z.number().optional(),
  power_cycles: z.number().optional(),
  vm_bytes: count,
  /** Of one of the two planes of partial sums; 0 where no output tile is visited twice. */
  plane_bytes: count.optional(),
  /** NVM bytes that the layer writes: sums, outputs and records. */
  written_bytes: count.optional(),
  ...shares,
});
export type CostedDesign = z.infer<typeof CostedDesign>;

/** Exact below 2^53; beyond, the nearest double. */
const designs = z.number().nonnegative();

/** Where the designs of a full space went: the fields but `total` add up to it. */
export const Coverage = z.strictObject({
  total: designs,
  /** Evaluated power cycle by power cycle. */
  visited: designs,
  /** No better than another order, or span, of the same tile. */
  order: designs,
  span: designs,
  /** Beyond a limit, and so is everything larger. */
  vm: designs,
  nvm: designs,
  alignment: designs,
  energy: designs,
  /** Their objective is bounded from below by more than the optimum's. */
  bound: designs,
  /** Left when the time was up. */
  unvisited: designs,
});
export type Coverage = z.infer<typeof Coverage>;

export const Rejections = z.partialRecord(
  Binding,
  z.strictObject({
    count: designs,
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
  designs_total: designs,
  /** Of the full space: of those visited. */
  designs_feasible: designs,
  proven_optimal: z.boolean(),
  /** No design has less of the objective; the gap is what the optimum may still save. */
  lower_bound: z.number().optional(),
  coverage: Coverage.optional(),
  /** Where the kernel takes even lengths only: input channels with one of zeros added. */
  padded_input_channels: count.optional(),
  /** Output channels likewise, where a layer after it reads them with such a kernel. */
  padded_output_channels: count.optional(),
  /** Power cycles (batches) of the layer under protocol brownout. */
  batches: count.optional(),
  runners_up: z.array(CostedDesign).default([]),
  /** With objective pareto: the layer's Pareto front, the fastest first. */
  front: z.array(CostedDesign).optional(),
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
  designs_total: designs,
  designs_feasible: z.literal(0),
  /** Where no single limit is to blame: everything that the nearest design misses. */
  together: z.array(Miss).optional(),
  /** Nothing was found, but the time was up before every design was covered. */
  proven_infeasible: z.boolean().optional(),
  coverage: Coverage.optional(),
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
  /** Per layer: multipliers and shifts of its output channels; 0 where one serves all. */
  scales: z.array(count),
  /** The network's input map, then each layer's output map; maps whose lives do not overlap share bytes. */
  input_map: count,
  maps: z.array(count),
  /** The two planes of partial sums, shared by all layers; equal where none is needed. */
  planes: z.tuple([count, count]),
  /** Where constants (header, weights, biases, scales) end and the arena starts. */
  image_bytes: count,
  total_bytes: count,
});
export type NvmLayout = z.infer<typeof NvmLayout>;

/** Storing the input and delivering the result (protocol `brownout`). */
export const Delivery = z.strictObject({
  latency_s: z.number(),
  energy_max_J: z.number(),
  energy_J: z.number(),
  written_bytes: count,
  /** 2 of scheme tile; of ideal 0, whose one power cycle is the whole network's. */
  power_cycles: z.number().nonnegative(),
});
export type Delivery = z.infer<typeof Delivery>;

/** What one design per layer costs together, delivery included. */
export const FrontPoint = z.strictObject({
  latency_s: z.number(),
  energy_J: z.number(),
  written_bytes: z.number(),
  /** By layer: index into its `front`. */
  choices: z.array(count),
});
export type FrontPoint = z.infer<typeof FrontPoint>;

const runs = z.strictObject({ latency_s: z.number(), power_cycles: z.number() });
/**
 * With `after_commit: run_on`, which schemes other than tile always have (then `above_V` is V_off, and
 * power fails there): one inference, the mean of several, of the chosen designs on a board
 * that goes on after a commit while its supply is above `above_V`. Exact for these designs; they are
 * the optimum of a board that is off after each commit, which need not be the optimum here. No
 * latency of these designs is below `running_s`: all their work without boots and charging; none of
 * any designs of the space is below `lower_bound_s` (of scheme tile), and `gap` is the share by which this one is
 * above it.
 */
export const RunOn = z.strictObject({
  ...runs.shape,
  energy_J: z.number(),
  above_V: z.number(),
  running_s: z.number(),
  lower_bound_s: z.number().optional(),
  gap: z.number().optional(),
  layers: z.array(runs.extend({ name: z.string() })),
  delivery: runs,
});
export type RunOn = z.infer<typeof RunOn>;

export const ExploreAnswer = z.strictObject({
  name: z.string(),
  feasible: z.boolean(),
  latency_s: z.number().nullable(),
  energy_J: z.number().nullable().optional(),
  power_cycles: z.number().nullable().optional(),
  /** Of the worst and the mean power cycle (intermittent). */
  energy_max_J: z.number().nullable().optional(),
  energy_mean_J: z.number().nullable().optional(),
  /** Of the layer that needs most; of everything in NVM; written to NVM in one inference. */
  vm_bytes: count.nullable().optional(),
  nvm_bytes: z.number().nullable().optional(),
  written_bytes: z.number().nullable().optional(),
  ...shares,
  layers: z.array(LayerAnswer),
  /** With objective pareto: the network's Pareto front, the fastest first; `layers` have its first point. */
  front: z.array(FrontPoint).optional(),
  delivery: Delivery.optional(),
  run_on: RunOn.optional(),
  nvm: NvmLayout.optional(),
  /** Why the network as a whole does not fit where every layer does. */
  binding: Binding.optional(),
  violation: z.number().optional(),
  unit: z.string().optional(),
  misses: z.array(Miss).optional(),
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
  scheme: Scheme.default("tile"),
  /** As given; 0: each layer's design names its B, or the scheme has none. */
  b: count.default(0),
  after_commit: AfterCommit.default("sleep"),
  network: Network,
  layers: z.array(ResolvedLayer),
  answer: ExploreAnswer,
});
export type DesignsArtifact = z.infer<typeof DesignsArtifact>;
