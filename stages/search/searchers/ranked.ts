/**
 * Networks in an order that was found before anything is trained: by the losses of inherited weights
 * (`supernet`), or by a figure that costs nothing (`prefilter`). Finding it is the driver's.
 */
import type { Searcher, SearcherSetting } from "./searcher.ts";

const BATCH = 8;

export class Ranked implements Searcher {
  readonly ahead = true;
  readonly counts = "trained";
  readonly repeats = false;
  readonly #order: readonly (readonly number[])[];
  #next = 0;

  constructor({ ranked, exists }: SearcherSetting) {
    this.#order = (ranked ?? []).filter(exists);
  }

  ask(): readonly (readonly number[])[] {
    return this.#order.slice(this.#next, this.#next += BATCH);
  }

  tell(): void {}
}
