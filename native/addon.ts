/** The compiled addon as TypeScript sees it, and how it is loaded. `native/src/napi.cpp` and what it calls are its source. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { ExitCode, UserError } from "../base/errors.ts";
import type { Platform, Protocol } from "../network/platform.ts";
import type { Design } from "../network/design.ts";
import type { Preservation } from "./preservation.ts";
import type { IntegerLayer } from "../network/integer/inference.ts";
import type { LayerType, WalkShape } from "../network/network.ts";
import type {
  Binding,
  Coverage,
  Delivery,
  DesignSpace,
  FrontPoint,
  NvmLayout,
  Objective,
  Pin,
  Power,
  VmLayout,
} from "../network/explore.ts";

/** Layer kinds of the runtime (runtime-c/core/format.h); an fc is a conv, a flatten is none. */
export type NativeKind = Exclude<LayerType, "fc" | "flatten"> | "none";

/** A layer as the walk takes it; sizes in elements. `none` moves no data (flatten). */
export interface NativeLayer extends WalkShape {
  kind: NativeKind;
  has_bias: boolean;
  inputs: number[];
  output_elements: number;
  pin?: Pin;
}

export interface NativeRequest extends Partial<Preservation> {
  protocol: Protocol;
  power: Power;
  platform: Platform;
  space?: DesignSpace;
  objective?: Objective;
  latency_limit_s?: number;
  /** Asks for the least energy of all batches without boots, or their time in its place. */
  relax?: "work_energy" | "work_time";
  input_elements: number;
  layers: NativeLayer[];
}

/** What keeping progress and taking it up again take of latency and energy; NaN where infeasible. */
export interface NativeShares {
  preservation_share_time: number;
  preservation_share_energy: number;
  recovery_share_time: number;
  recovery_share_energy: number;
}

/** Costs of one design; its order is always four letters. */
export interface NativeCosted extends Design, NativeShares {
  latency_s: number;
  energy_max_J: number;
  energy_min_J: number;
  energy_J: number;
  power_cycles: number;
  batches: number;
  vm_bytes: number;
  plane_bytes: number;
  written_bytes: number;
  vm: VmLayout;
}

/** One inference, the mean of several, where the board goes on after commits. */
export interface NativeRunOn {
  latency_s: number;
  energy_J: number;
  power_cycles: number;
  /** The supply monitor's threshold, and the lowest voltage behind any step. */
  above_V: number;
  lowest_V: number;
  /** Without boots and charging: no latency of these designs is less. */
  running_s: number;
  /** By layer, then of start and delivery together. */
  layer_latency_s: number[];
  layer_power_cycles: number[];
}

export interface NativeRejection {
  count: number;
  witness: Design;
  violation: number;
  /** Whether the witness misses this limit and no other. */
  sole: boolean;
}

export interface NativeLayerAnswer {
  designs_total: number;
  designs_feasible: number;
  proven_optimal: boolean;
  /** Of the full space. */
  coverage?: Coverage;
  lower_bound?: number;
  /** The optimum and its runners-up; empty where nothing is feasible. */
  best: NativeCosted[];
  rejected: Partial<Record<Binding, NativeRejection>>;
  /** Where no single limit is to blame: the design that misses several by least in all. */
  nearest?: { design: Design; over: Partial<Record<Binding, number>> };
}

export interface NativeAnswer extends NativeShares {
  feasible: boolean;
  latency_s: number;
  energy_J: number;
  energy_max_J: number;
  power_cycles: number;
  vm_bytes: number;
  nvm_bytes: number;
  written_bytes: number;
  delivery?: Delivery;
  nvm?: NvmLayout;
  /** Limits that the network as a whole misses. */
  misses: { binding: Binding; violation: number }[];
  /** By layer: which of its `best` the network takes. */
  choices: number[];
  /** With objective pareto: what else it could take, the fastest first. */
  front: FrontPoint[];
  layers: (NativeLayerAnswer | null)[];
}

/** Networks that are made level by level (native/space.ts). */
export interface NativeSpace {
  common: NativeRequest;
  /** Stretches of layers, and how many layers back each of their inputs lies. */
  chains: { layers: number[]; back: number[][] }[];
  levels: { choices: number; chain: number[]; next: number[] }[];
  /** Chains. */
  tails: number[];
}

export interface NativeSpaceTable {
  latency_s: Float64Array;
  energy_J: Float64Array;
  written_bytes: Float64Array;
  state: Uint8Array;
  designs: number;
  visited: number;
  layers: number;
  limited_layers: number;
}

/** A quantised network: layers with their constants, all codes in 16 bits. */
export interface NativeIntegerNetwork {
  element_bytes: 1 | 2;
  input_elements: number;
  layers: (NativeLayer & Omit<IntegerLayer, "layer">)[];
}

export interface Addon {
  /** Output codes of whole samples, off the event loop. @throws TypeError on bad input */
  infer(network: NativeIntegerNetwork, inputs: Int16Array, threads: number): Promise<Int16Array>;
  /** A table of every network of a space; null when cancelled. @throws TypeError on bad input */
  space(
    request: NativeSpace,
    threads: number,
  ): { promise: Promise<NativeSpaceTable | null>; cancel: () => void };
  /** Explores off the event loop; the promise gives null when cancelled. @throws TypeError on bad input */
  explore(
    requests: NativeRequest[],
    threads: number,
    time_limit_s?: number,
  ): { promise: Promise<NativeAnswer[] | null>; cancel: () => void };
  /** A network whose board goes on after commits; a design per layer, null where it does no work.
   * @throws TypeError on bad input */
  runOn(
    request: NativeRequest,
    designs: (Design | null)[],
    inferences: number,
  ): NativeRunOn;
  /** Costs of one design of one layer, feasible or not. @throws TypeError on bad input */
  cost(request: NativeRequest, layer: number, design: Design): NativeCosted;
}

/** Where `deno task setup` leaves the addon, relative to the root. */
export const ADDON_PATH = "native/build/Release/brownout.node";

const loaded = new Map<string, Addon>();

/**
 * Loads the addon of a checkout, once.
 * @param root default: the checkout that this file lies in
 * @throws UserError (toolchain) where it is not built or does not load
 */
export function loadExplorer(
  root: string = join(import.meta.dirname!, ".."),
): Addon {
  const path = join(root, ADDON_PATH);
  const known = loaded.get(path);
  if (known !== undefined) return known;
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    throw new UserError({
      message: `the explorer's addon cannot be loaded: ${(error as Error).message.split("\n")[0]}`,
      location: { file: path },
      help: "Run: deno task setup",
    }, ExitCode.toolchain);
  }
  loaded.set(path, addon);
  return addon;
}
