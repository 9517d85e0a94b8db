/**
 * Aging evolution (Real et al., AAAI 2019) under constraints (Deb's rule: what fits beats what does
 * not, less violation beats more) and for several objectives: accuracy against latency and energy,
 * weighed anew for every tournament (as muNAS does). Generations are synchronous, so that
 * the outcome does not depend on how many workers train.
 */
import { Random } from "../../../base/random.ts";
import { drawIndices } from "../sampler.ts";
import type { Searcher, SearcherSetting, Told } from "./searcher.ts";

const POPULATION = 16;
const TOURNAMENT = 5;
const GENERATION = 4;
/** Share of children that mix two parents before they are mutated. */
const CROSSOVER = 0.3;
/** Mutations tried until a child is new; then one is drawn at random. */
const ATTEMPTS = 32;

export class Evolution implements Searcher {
  readonly ahead = false;
  readonly counts = "trained";
  readonly repeats = false;
  readonly #setting: SearcherSetting;
  readonly #random: Random;
  readonly #fresh: Iterator<number[]>;
  readonly #asked = new Set<string>();
  /** Oldest first. */
  #population: Told[] = [];

  constructor(setting: SearcherSetting) {
    this.#setting = setting;
    this.#random = new Random(setting.seed, "search/evolution");
    this.#fresh = drawIndices(setting.radices, setting.seed, setting.exists);
  }

  ask(): readonly (readonly number[])[] {
    const wanted = this.#population.length < POPULATION
      ? POPULATION - this.#population.length
      : GENERATION;
    const batch: (readonly number[])[] = [];
    while (batch.length < wanted) {
      const next = this.#population.length < POPULATION ? this.#draw() : this.#child();
      if (next === undefined) break;
      this.#asked.add(next.join());
      batch.push(next);
    }
    return batch;
  }

  /** A population of what fits as soon as there is enough of it; what does not fit gives way first. */
  tell(results: readonly Told[]): void {
    this.#population.push(...results);
    while (this.#population.length > POPULATION) {
      const unfit = this.#population.findIndex(({ rejected }) => rejected !== null);
      this.#population.splice(unfit < 0 ? 0 : unfit, 1);
    }
  }

  #child(): readonly number[] | undefined {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const first = this.#parent();
      const second = this.#random.uniform() < CROSSOVER ? this.#parent() : first;
      const child = first.map((index, i) => this.#random.uniform() < 0.5 ? index : second[i]!);
      const place = this.#random.int(child.length);
      const choices = this.#setting.radices[place]!;
      if (choices > 1) {
        child[place] = (child[place]! + 1 + this.#random.int(choices - 1)) % choices;
      }
      if (!this.#asked.has(child.join()) && this.#setting.exists(child)) return child;
    }
    return this.#draw();
  }

  #draw(): readonly number[] | undefined {
    for (let next = this.#fresh.next(); !next.done; next = this.#fresh.next()) {
      if (!this.#asked.has(next.value.join())) return next.value;
    }
    return undefined;
  }

  #parent(): readonly number[] {
    const entrants = Array.from(
      { length: TOURNAMENT },
      () => this.#random.pick(this.#population),
    );
    const latency = this.#random.uniform() ** 2;
    const energy = this.#random.uniform() ** 2;
    return entrants.reduce((best, other) =>
      this.#better(other, best, latency, energy) ? other : best
    ).indices;
  }

  #better(a: Told, b: Told, latency: number, energy: number): boolean {
    if (a.rejected !== null || b.rejected !== null) {
      if (a.rejected === null || b.rejected === null) return a.rejected === null;
      // Amounts compare only within one unit.
      return a.rejected.binding === b.rejected.binding &&
        a.rejected.violation < b.rejected.violation;
    }
    return this.#score(a, latency, energy) > this.#score(b, latency, energy);
  }

  /** Accuracy less shares of what the slowest and hungriest of the population cost. */
  #score(told: Told, latencyWeight: number, energyWeight: number): number {
    const share = (cost: "latency_s" | "energy_J") => {
      const most = Math.max(...this.#population.map((one) => one[cost] ?? 0));
      return most > 0 ? (told[cost] ?? most) / most : 0;
    };
    return (told.accuracy ?? 0) - 0.1 * latencyWeight * share("latency_s") -
      0.1 * energyWeight * share("energy_J");
  }
}
