/**
 * Whole search spaces: each distinct layer is explored once, every network's optimum is a sum. The
 * table of a million networks takes a fraction of a second, so a search can filter and rank it.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { DesignSpace, Objective, Power } from "../network/explore.ts";
import { type ResolvedLayer, resolveLayers, type Shape } from "../network/network.ts";
import { type PlatformChoice, type Protocol } from "../network/platform.ts";
import { buildNetwork, decisions, type SearchSpace, spaceSize } from "../network/space.ts";
import { loadExplorer, type NativeSpace } from "./addon.ts";
import { prepareLayers } from "./mod.ts";

export interface SpaceOptions {
  space?: DesignSpace | undefined;
  power?: Power | undefined;
  protocol?: Protocol | undefined;
  objective?: Objective | undefined;
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  root?: string | undefined;
}

/** What a network of {@link SpaceTable} is; the numbers are those of `state`. */
export const NETWORK_STATES = [
  "feasible",
  "not buildable",
  "a layer has no safe design",
  "does not fit in NVM",
  "delivery exceeds the energy budget",
] as const;

/** Networks are numbered by their choices as digits, the last decision's fastest. */
export interface SpaceTable {
  /** Of each network's optimum, as {@link exploreNetwork} gives it; Infinity where infeasible. */
  latency_s: Float64Array;
  energy_J: Float64Array;
  /** Index into {@link NETWORK_STATES}: 0 is feasible. */
  state: Uint8Array;
  /** Distinct layers, and their designs: covered, and evaluated one by one. */
  layers: number;
  designs: number;
  visited: number;
  /** Layers that were explored again because a network leaves less NVM for its partial sums. */
  limited_layers: number;
}

/** Number of a network in the table. */
export function networkNumber(
  space: SearchSpace,
  indices: readonly number[],
): number {
  return decisions(space).reduce(
    (at, { choices }, i) => at * choices.length + indices[i]!,
    0,
  );
}

/** Choices of network `number`. */
export function networkChoices(space: SearchSpace, number: number): number[] {
  const indices: number[] = [];
  for (const { choices } of decisions(space).reverse()) {
    indices.unshift(number % choices.length);
    number = Math.floor(number / choices.length);
  }
  return indices;
}

/**
 * Explores every network of a search space on a platform.
 * @throws UserError as {@link exploreNetwork}; the signal's reason when aborted
 */
export async function exploreSpace(
  space: SearchSpace,
  input: Shape,
  classes: number,
  platform: PlatformChoice,
  options: SpaceOptions = {},
): Promise<SpaceTable> {
  const { signal, root, threads = availableParallelism(), objective } = options;
  signal?.throwIfAborted();
  const graph = spaceGraph(space, input, classes);
  const prepared = await prepareLayers({
    name: `${space.type} space of ${spaceSize(space)} networks`,
    power: options.power ?? "intermittent",
    space: options.space ?? "published",
    protocol: options.protocol,
    ...(objective === undefined ? {} : { objective }),
    platform,
    input,
    layers: graph.layers,
  }, root ?? join(import.meta.dirname!, ".."));
  const { promise, cancel } = loadExplorer(root).space({
    common: prepared.native,
    levels: graph.levels,
    tails: graph.tails.map((layers) => ({ layers })),
  }, threads);
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted) cancel();
  try {
    const table = await promise;
    if (table === null) {
      signal?.throwIfAborted();
      throw new Error("the explorer stopped without being asked to");
    }
    return table;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

interface Graph {
  /** Distinct layers; those of the first level read the network's input. */
  layers: ResolvedLayer[];
  levels: NativeSpace["levels"];
  tails: number[][];
}

/** States of a level are the distinct shapes that reach it. */
function spaceGraph(space: SearchSpace, input: Shape, classes: number): Graph {
  const layers: ResolvedLayer[] = [];
  const known = new Map<string, number>();
  const add = (layer: ResolvedLayer, first: boolean): number => {
    const { input, output, kernel, type, bias } = layer;
    const key = JSON.stringify([type, input, output, kernel, bias, first]);
    const index = known.get(key) ?? layers.length;
    if (index === layers.length) {
      known.set(key, index);
      layers.push({
        ...layer,
        name: `${layer.name} (${index})`,
        inputs: [first ? -1 : 0],
      });
    }
    return index;
  };
  const all = decisions(space);
  const perLayer = all.length / space.layers;
  const levels: NativeSpace["levels"] = [];
  let states: Shape[] = [input];
  for (let l = 0; l < space.layers; l++) {
    const radices = all.slice(perLayer * l, perLayer * (l + 1)).map((d) => d.choices.length);
    const choices = radices.reduce((a, b) => a * b, 1);
    const next: Shape[] = [];
    const numbers = new Map<string, number>();
    const level = { choices, layer: [] as number[], next: [] as number[] };
    for (const state of states) {
      for (let choice = 0; choice < choices; choice++) {
        const layer = layerOf(space, state, classes, choice, radices);
        if (layer === undefined) {
          level.layer.push(-1);
          level.next.push(-1);
          continue;
        }
        const key = JSON.stringify(layer.output);
        const number = numbers.get(key) ?? next.length;
        if (number === next.length) {
          numbers.set(key, number);
          next.push(layer.output);
        }
        level.layer.push(add(layer, l === 0));
        level.next.push(number);
      }
    }
    levels.push(level);
    states = next;
  }
  const tails = states.map((state) => tailOf(space, state, classes).map((t) => add(t, false)));
  return { layers, levels, tails };
}

/** The space with one layer, so that shapes and tails come from where networks are built. */
function single(space: SearchSpace): SearchSpace {
  return { ...space, layers: 1 };
}

function layerOf(
  space: SearchSpace,
  input: Shape,
  classes: number,
  choice: number,
  radices: readonly number[],
): ResolvedLayer | undefined {
  const indices = radices.length === 1
    ? [choice]
    : [Math.floor(choice / radices[1]!), choice % radices[1]!];
  if (space.type === "conv") {
    const kernel = space.kernels[indices[0]!]!;
    if (kernel > input.h || (space.dimensions === 2 && kernel > input.w)) {
      return undefined;
    }
  }
  return resolveLayers(
    buildNetwork(single(space), indices, input, classes),
  )[0]!;
}

function tailOf(
  space: SearchSpace,
  state: Shape,
  classes: number,
): ResolvedLayer[] {
  if (space.type === "fc") {
    const closing = { ...space, layers: 1, units: [classes] };
    return [resolveLayers(buildNetwork(closing, [0], state, classes))[0]!]
      .map((layer) => ({ ...layer, activation: "none" as const }));
  }
  // A 1 x 1 conv keeps the map's size: behind it stand the pool and the classifier.
  const keeping = {
    ...space,
    layers: 1,
    kernels: [1],
    channels: [state.channels],
  };
  return resolveLayers(buildNetwork(keeping, [0, 0], state, classes)).slice(1);
}

/** Shares of feasible networks' latencies, e.g. 0.25, 0.5 and 0.75: the published TS1 to TS3. */
export function latencyQuantiles(
  table: SpaceTable,
  shares: readonly number[],
): number[] {
  const sorted = table.latency_s.filter(Number.isFinite).sort();
  return shares.map((share) => {
    if (sorted.length === 0) return NaN;
    const at = share * (sorted.length - 1);
    const low = Math.floor(at), high = Math.ceil(at);
    return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
  });
}
