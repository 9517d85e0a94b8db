/**
 * Questions to the table of a search space (`exploreSpace()`): filter, rank, count and quantiles of
 * millions of networks, none of which is built or explored for it.
 */
import type { SpaceTable } from "./space.ts";

/** What a network of a table is; the numbers are those of `state`. */
export const NETWORK_STATES = [
  "feasible",
  "not buildable",
  "a layer has no safe design",
  "does not fit in NVM",
  "delivery exceeds the energy budget",
] as const;
export type NetworkState = typeof NETWORK_STATES[number];

/** Latency in s, energy in J, bytes written to NVM, of one inference. */
export const NETWORK_COSTS = ["latency_s", "energy_J", "written_bytes"] as const;
export type NetworkCost = typeof NETWORK_COSTS[number];

/** Costs by network number, Infinity where it cannot run, and why it cannot. */
export type NetworkTable = Pick<SpaceTable, NetworkCost | "state">;

/** At most so much of each. */
export type NetworkLimits = { readonly [cost in NetworkCost]?: number };

/**
 * Networks that run on every platform, with their highest costs on those that count.
 * @param tables of one space, at least one @param counting some of them
 */
export function worstTable(
  tables: readonly NetworkTable[],
  counting: readonly NetworkTable[] = tables,
): NetworkTable {
  const [first, ...others] = tables;
  if (first === undefined) throw new RangeError("the worst of no tables");
  if (others.length === 0) return first;
  const state = first.state.slice();
  for (const other of others) {
    for (let i = 0; i < state.length; i++) if (state[i] === 0) state[i] = other.state[i]!;
  }
  const worst = (cost: NetworkCost) =>
    Float64Array.from(
      state,
      (bad, i) =>
        bad !== 0
          ? Infinity
          : counting.reduce((most, table) => Math.max(most, table[cost][i]!), -Infinity),
    );
  return {
    state,
    latency_s: worst("latency_s"),
    energy_J: worst("energy_J"),
    written_bytes: worst("written_bytes"),
  };
}

/** Some networks of a table, those that can run: by default all of them. */
export class SpaceQuery {
  /** Ascending; see `networkChoices()`. */
  readonly numbers: Uint32Array;
  readonly #table: NetworkTable;

  constructor(table: NetworkTable, numbers?: Uint32Array) {
    this.#table = table;
    this.numbers = numbers ?? numbersWhere(table.state.length, (i) => table.state[i] === 0);
  }

  get count(): number {
    return this.numbers.length;
  }

  /** Those within every limit, the limits included. */
  within(limits: NetworkLimits): SpaceQuery {
    const asked = NETWORK_COSTS.flatMap((cost) => {
      const most = limits[cost];
      return most === undefined ? [] : [{ column: this.#table[cost], most }];
    });
    return new SpaceQuery(
      this.#table,
      this.numbers.filter((i) => asked.every(({ column, most }) => column[i]! <= most)),
    );
  }

  /** Numbers of the networks that cost least, ascending by cost, then by number. @param most so many */
  rank(by: NetworkCost, most = this.count): number[] {
    const column = this.#table[by];
    return this.#least((i) => column[i]!, most);
  }

  /** Numbers of the networks whose cost is nearest to `value`, the nearest first, then by number. */
  nearest(by: NetworkCost, value: number, most = 1): number[] {
    const column = this.#table[by];
    return this.#least((i) => Math.abs(column[i]! - value), most);
  }

  /**
   * Costs that these shares of the networks keep, between neighbours in proportion: of 0.25, 0.5 and
   * 0.75 the published TS1 to TS3. NaN of no networks.
   */
  quantiles(shares: readonly number[], by: NetworkCost = "latency_s"): number[] {
    const sorted = this.#sorted(by);
    return shares.map((share) => {
      if (sorted.length === 0) return NaN;
      const at = share * (sorted.length - 1);
      const low = Math.floor(at), high = Math.ceil(at);
      return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
    });
  }

  /** Like {@link quantiles}, but each the cost of a network: the least that so large a share keeps. */
  reached(shares: readonly number[], by: NetworkCost = "latency_s"): number[] {
    const sorted = this.#sorted(by);
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN);
  }

  #sorted(by: NetworkCost): Float64Array {
    const column = this.#table[by];
    return Float64Array.from(this.numbers, (i) => column[i]!).sort();
  }

  #least(costOf: (network: number) => number, most: number): number[] {
    if (most <= 0) return [];
    // Sorting numbers by a function is slow, sorting a million plain costs is not.
    const cutoff = Float64Array.from(this.numbers, costOf).sort()[most - 1] ?? Infinity;
    const near = [...this.numbers.filter((i) => costOf(i) <= cutoff)];
    return near.sort((a, b) => costOf(a) - costOf(b) || a - b).slice(0, most);
  }
}

/** How many networks of a table are in each state that occurs, those that can run left out. */
export function countRefused({ state }: NetworkTable): Partial<Record<NetworkState, number>> {
  const counts = NETWORK_STATES.map(() => 0);
  for (const bad of state) counts[bad]!++;
  return Object.fromEntries(
    NETWORK_STATES.flatMap((name, i) => i > 0 && counts[i]! > 0 ? [[name, counts[i]!]] : []),
  );
}

function numbersWhere(size: number, keep: (number: number) => boolean): Uint32Array {
  const numbers = new Uint32Array(size);
  let count = 0;
  for (let i = 0; i < size; i++) if (keep(i)) numbers[count++] = i;
  return numbers.slice(0, count);
}
