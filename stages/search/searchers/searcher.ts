/**
 * What a search method is: it is asked for networks and told what became of them. It knows decisions,
 * not layers; exploring, training and recording are the driver's.
 *
 * The contract, which `tests/search/conformance` holds every method to:
 * - `ask()` gives choices of indices, one per decision, each inside its decision; empty: no more.
 * - every network asked for is told, in the order of asking, before the next `ask()`; a method that is
 *   `ahead` may be asked again before it is told.
 * - the same seed and the same tellings give the same askings: a killed search is resumed by asking
 *   again and telling what was recorded, and results do not depend on how many workers train.
 */
import type { Binding } from "../../../network/explore.ts";

export interface SearcherSetting {
  /** Number of choices of each decision. */
  readonly radices: readonly number[];
  /** Kind of each decision, from 0; those of a kind have as many choices. Default: all differ. */
  readonly kinds?: readonly number[] | undefined;
  readonly seed: number;
  /** Budget of the search, in the method's own count ({@link Searcher.counts}). */
  readonly trials: number;
  /** Latency that must be met, s; Infinity where there is none. */
  readonly requirement_s: number;
  /** Of methods that ask in an order found before: the best first. */
  readonly ranked?: readonly (readonly number[])[] | undefined;
  /** Whether a network of these indices can be built for the input at hand. */
  exists(indices: readonly number[]): boolean;
}

/** What became of a network that was asked for. */
export interface Told {
  readonly indices: readonly number[];
  /** Why it was not trained; null where it was. */
  readonly rejected: {
    readonly binding: Binding;
    /** By how much the limit is missed, in the unit of the binding. */
    readonly violation: number;
  } | null;
  /** Null where no design is safe. */
  readonly latency_s: number | null;
  readonly energy_J: number | null;
  /** Best validation accuracy, 0 to 1; null where it was not trained. */
  readonly accuracy: number | null;
}

/** One step of a method that keeps a history, e.g. the rewards of a controller. */
export interface Step {
  readonly indices: readonly number[];
  /** `policy`, `random` or `repeated` (of the policy, the second time in a row). */
  readonly action: string;
  /** Null where nothing was evaluated. */
  readonly reward: number | null;
}

export interface Searcher {
  /** Whether askings do not depend on tellings, so that all may be trained side by side. */
  readonly ahead: boolean;
  /** What `trials` counts: networks that are trained, or every network that is asked for. */
  readonly counts: "trained" | "asked";
  /** Whether one network may be asked for more than once. */
  readonly repeats: boolean;
  ask(): readonly (readonly number[])[];
  tell(results: readonly Told[]): void;
  history?(): readonly Step[];
}
