/** Every network that exists, none twice, in a seeded random order. */
import { drawIndices } from "../sampler.ts";
import type { Searcher, SearcherSetting } from "./searcher.ts";

/** Networks that are asked for in one go: the explorer shares their layers. */
const BATCH = 8;

export class RandomSearch implements Searcher {
  readonly ahead = true;
  readonly counts = "trained";
  readonly repeats = false;
  readonly #draw: Iterator<number[]>;

  constructor({ radices, seed, exists }: SearcherSetting) {
    this.#draw = drawIndices(radices, seed, exists);
  }

  ask(): readonly (readonly number[])[] {
    const batch: number[][] = [];
    while (batch.length < BATCH) {
      const next = this.#draw.next();
      if (next.done) break;
      batch.push(next.value);
    }
    return batch;
  }

  tell(): void {}
}
