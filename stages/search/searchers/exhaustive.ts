/** Every network that exists, in the order of the decisions: for small spaces. */
import { indicesOf } from "../sampler.ts";
import type { Searcher, SearcherSetting } from "./searcher.ts";

const BATCH = 64;

export class Exhaustive implements Searcher {
  readonly ahead = true;
  readonly counts = "trained";
  readonly repeats = false;
  readonly #setting: SearcherSetting;
  readonly #size: number;
  #next = 0;

  constructor(setting: SearcherSetting) {
    this.#setting = setting;
    this.#size = setting.radices.reduce((size, choices) => size * choices, 1);
  }

  ask(): readonly (readonly number[])[] {
    const batch: number[][] = [];
    while (batch.length < BATCH && this.#next < this.#size) {
      const indices = indicesOf(this.#next++, this.#setting.radices);
      if (this.#setting.exists(indices)) batch.push(indices);
    }
    return batch;
  }

  tell(): void {}
}
