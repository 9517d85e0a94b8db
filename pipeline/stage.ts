/**
 * What a stage is to the engine: a name, checked parameters, the artifacts it reads, and a function
 * that fills an empty folder. The engine knows nothing else of it.
 */
import type { z } from "zod";
import type { Problem } from "../base/errors.ts";

/** Progress of a stage, shown on the terminal and written to the event file. */
export interface Progress {
  /** What is going on, e.g. `"trial 3 of 12, epoch 2"`, and how far (0 to 1) where that is known. */
  update(text: string, fraction?: number): void;
  /** A line that stays: a choice made, a fallback taken. */
  note(text: string): void;
  /** A line that stays and stands out; it is repeated in the run's summary. */
  warn(text: string): void;
}

/** What a stage is given. */
export interface StageContext<P> {
  /** Checked parameters, interpolation done. */
  readonly params: P;
  /** Absolute path of the `artifact/` folder of a stage that this one needs. */
  input(stage: string): string;
  /** Absolute path of this stage's own `artifact/`: empty at the start, hashed at the end. */
  readonly artifactDir: string;
  /** Absolute path of `work/`: kept between runs of the same cache key, never hashed. */
  readonly workDir: string;
  /** Root of the checkout. */
  readonly root: string;
  /** Threads that may be used; the artifact never depends on it. */
  readonly threads: number;
  readonly progress: Progress;
  /** Aborted on Ctrl-C: stop within a second, leaving `work/` resumable. */
  readonly signal: AbortSignal;
}

/** What can be said before anything runs. */
export interface PreflightContext<P> {
  readonly params: P;
  readonly root: string;
}

/** A block of the run's closing summary: label and value, in order. */
export type SummaryRow = readonly [label: string, value: string];

export interface StageDefinition<P = unknown> {
  /** The name by which `pipeline.yaml` calls it: `uses: search`. */
  readonly name: string;
  /** One line, shown by `--plan` and `--graph`. */
  readonly summary: string;
  /** Schema of the stage's `with:`. Objects are strict: an unknown key is refused. */
  readonly parameters: z.ZodType<P>;
  /** Names of the kinds of stages whose artifacts it reads; they must stand in its `needs:`. */
  readonly needs: readonly string[];
  /** `import.meta.url` of the module that defines it: its transitive imports are in the cache key. */
  readonly module: string;
  /** Files and folders beside the imports (relative to the root) that its result depends on. */
  readonly sources?: readonly string[];
  /** Further parts of the cache key: compiler version lines, the training backend. */
  fingerprint?(context: PreflightContext<P>): Promise<Record<string, string>>;
  /** What is wrong, found before anything runs: missing data, missing compiler. */
  preflight?(context: PreflightContext<P>): Promise<Problem[]>;
  run(context: StageContext<P>): Promise<void>;
  /** Rows for the closing summary, read from a finished artifact. */
  report?(artifactDir: string): Promise<SummaryRow[]>;
}

/** Keeps the parameter type while a definition is written; the registry forgets it. */
export function defineStage<P>(definition: StageDefinition<P>): StageDefinition {
  return definition as unknown as StageDefinition;
}
