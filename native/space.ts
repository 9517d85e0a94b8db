/**
 * Whole search spaces: each distinct layer is explored once, every network's optimum is a sum. The
 * table of a million networks takes a fraction of a second, so a search can filter and rank it
 * (space_query.ts).
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import type { Scheme } from "../network/design.ts";
import type { DesignSpace, Objective, Power } from "../network/explore.ts";
import { type Layer, type ResolvedLayer, resolveLayers, type Shape } from "../network/network.ts";
import { type PlatformChoice, type Protocol } from "../network/platform.ts";
import { decisions, head, parts, type SearchSpace, spaceSize } from "../network/space.ts";
import { loadExplorer, type NativeSpace } from "./addon.ts";
import { prepareLayers } from "./mod.ts";

export interface SpaceOptions {
  space?: DesignSpace | undefined;
  power?: Power | undefined;
  protocol?: Protocol | undefined;
  objective?: Objective | undefined;
  /** Not `ideal`, of which no sum over layers is the latency. */
  scheme?: Scheme | undefined;
  b?: number | undefined;
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  root?: string | undefined;
}

/** Networks are numbered by their choices as digits, the last decision's fastest. */
export interface SpaceTable {
  /** Of each network's optimum, as {@link exploreNetwork} gives it; Infinity where infeasible. */
  latency_s: Float64Array;
  energy_J: Float64Array;
  written_bytes: Float64Array;
  /** Index into NETWORK_STATES (space_query.ts): 0 is feasible. */
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
  return digits(number, decisions(space).map(({ choices }) => choices.length));
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
  const { signal, root, threads = availableParallelism(), objective, scheme, b } = options;
  signal?.throwIfAborted();
  if (scheme === "ideal") {
    throw new UserError({
      message:
        "an inference under scheme ideal takes one power cycle: no table of sums has its latency",
      field: "scheme",
      value: scheme,
      expected: "tile, hawaii, stateful or checkpoint",
    });
  }
  const graph = spaceGraph(space, input, classes);
  const prepared = await prepareLayers({
    name: `${space.type} space of ${spaceSize(space)} networks`,
    power: options.power ?? "intermittent",
    space: options.space ?? "published",
    protocol: options.protocol,
    ...(objective === undefined ? {} : { objective }),
    ...(scheme === undefined ? {} : { scheme }),
    ...(b === undefined ? {} : { b }),
    platform,
    input,
    layers: graph.layers,
    loose_outputs: new Set(graph.tails.map((chain) => graph.chains[chain]!.layers.at(-1)!)),
  }, root ?? join(import.meta.dirname!, ".."));
  const { promise, cancel } = loadExplorer(root).space({
    common: prepared.native,
    levels: graph.levels,
    chains: graph.chains,
    tails: graph.tails,
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
  /** Distinct layers; those that read the network's input apart from others. */
  layers: ResolvedLayer[];
  levels: NativeSpace["levels"];
  chains: NativeSpace["chains"];
  tails: number[];
}

/** States of a level are the distinct shapes that reach it, and whether anything stands before. */
interface State {
  readonly shape: Shape;
  /** Nothing yet: what comes next reads the network's input. */
  readonly first: boolean;
}

function spaceGraph(space: SearchSpace, input: Shape, classes: number): Graph {
  const known = new Map<string, number>();
  const graph: Graph = { layers: [], levels: [], chains: [], tails: [] };
  const addLayer = (layer: ResolvedLayer, first: boolean, last: boolean): number => {
    const { name, inputs, activation: _, ...shape } = layer;
    const key = JSON.stringify([shape, inputs.length, first, last]);
    const index = known.get(key) ?? graph.layers.length;
    if (index === graph.layers.length) {
      known.set(key, index);
      graph.layers.push({
        ...layer,
        name: `${name} (${index})`,
        inputs: inputs.map(() => first ? -1 : 0),
      });
    }
    return index;
  };
  const addChain = (
    layers: readonly Layer[],
    { shape, first }: State,
    last = false,
  ): number => {
    const resolved = layers.length === 0
      ? []
      : resolveLayers({ name: "part", input: shape, layers: [...layers] });
    graph.chains.push({
      layers: resolved.map((layer, i) =>
        addLayer(layer, first && layer.inputs.includes(-1), last && i + 1 === resolved.length)
      ),
      back: resolved.map(({ inputs }, i) => inputs.map((from) => i - from)),
    });
    return graph.chains.length - 1;
  };
  let states: State[] = [{ shape: input, first: true }];
  for (const part of parts(space)) {
    const radices = part.decisions.map(({ choices }) => choices.length);
    const choices = radices.reduce((a, b) => a * b, 1);
    const next: State[] = [];
    const numbers = new Map<string, number>();
    const level = { choices, chain: [] as number[], next: [] as number[] };
    for (const state of states) {
      for (let choice = 0; choice < choices; choice++) {
        const values = digits(choice, radices).map((d, i) => part.decisions[i]!.choices[d]!);
        const made = part.make(values, { shape: state.shape, name: "input" });
        if (made === undefined) {
          level.chain.push(-1);
          level.next.push(-1);
          continue;
        }
        const to = { shape: made.output, first: state.first && made.layers.length === 0 };
        const key = JSON.stringify(to);
        const number = numbers.get(key) ?? next.length;
        if (number === next.length) {
          numbers.set(key, number);
          next.push(to);
        }
        level.chain.push(addChain(made.layers, state));
        level.next.push(number);
      }
    }
    graph.levels.push(level);
    states = next;
  }
  graph.tails = states.map((state) => addChain(head(space, classes), state, true));
  return graph;
}

/** Mixed-radix digits, the last the fastest. */
function digits(number: number, radices: readonly number[]): number[] {
  const result: number[] = [];
  for (const radix of radices.toReversed()) {
    result.unshift(number % radix);
    number = Math.floor(number / radix);
  }
  return result;
}
