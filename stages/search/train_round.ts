/** Trains the networks of one round, in rungs where the search halves, and tells how it goes. */
import { hash32 } from "../../base/random.ts";
import type { TrialScores } from "../../network/artifacts/search.ts";
import type { FitParameters } from "../../network/artifacts/training.ts";
import type { Progress } from "../../pipeline/stage.ts";
import type { Explored } from "./explored.ts";
import type { JobSource } from "./pool.ts";
import type { SearchParameters } from "./schema.ts";
import type { Study } from "./study.ts";
import type { TrialJob, TrialOutcome, TrialProgress } from "./train_trial.ts";

export interface TrainRequest {
  readonly source: JobSource;
  onProgress(progress: TrialProgress): void;
  onOutcome(outcome: TrialOutcome): void;
}

export type Train = (request: TrainRequest) => Promise<void>;

export interface TrialToTrain {
  readonly sample: number;
  readonly explored: Explored;
}

export interface RoundsRequest {
  readonly params: SearchParameters;
  readonly options: FitParameters;
  readonly study: Study;
  readonly workDir: string;
  readonly train: Train;
  readonly progress: Progress;
  /** Told with every progress line, e.g. the feasible share. */
  readonly aside: () => string;
}

export class Rounds {
  readonly #request: RoundsRequest;
  readonly #scores = new Map<string, TrialScores>();
  /** Accuracies of all trials that reached a rung, by its number of epochs. */
  readonly #reached = new Map<number, number[]>();
  readonly #checkpoints: string[] = [];
  #epochsTrained = 0;
  #finished = 0;
  #planned: number;
  #kept = 0;
  #started = 0;
  /** Epochs trained by this process: in finished rounds, and in all. */
  #epochsBefore = 0;
  #epochsHere = 0;

  constructor(request: RoundsRequest) {
    this.#request = request;
    this.#planned = request.params.trials;
  }

  /** Scores of a network that was trained or given up. */
  scores(network: string): TrialScores | undefined {
    return this.#scores.get(network);
  }

  get epochsTrained(): number {
    return this.#epochsTrained;
  }

  /** Trials that were found recorded. */
  get kept(): number {
    return this.#kept;
  }

  expect(trials: number): void {
    this.#planned = trials;
  }

  /** Trains what has not been trained; a network that comes again keeps its scores. */
  async run(trials: readonly TrialToTrain[]): Promise<void> {
    const { params } = this.#request;
    const rungs = (params.halving?.rungs ?? []).filter((rung) => rung < params.epochs);
    let active = trials.filter(({ explored }) => !this.#scores.has(explored.network));
    const before = new Map<string, number>();
    for (const until of [...rungs, params.epochs]) {
      const results = await this.#train(active, until);
      const accuracies = active.map(({ explored }) => {
        const scores = results.get(explored.network)!;
        this.#epochsTrained += scores.epochs.length - (before.get(explored.network) ?? 0);
        before.set(explored.network, scores.epochs.length);
        return scores.val_accuracy;
      });
      const last = until === params.epochs;
      const reached = this.#reached.get(until) ?? [];
      reached.push(...accuracies);
      this.#reached.set(until, reached);
      const keep = last ? reached.length : Math.ceil((params.halving?.keep ?? 1) * reached.length);
      const bar = [...reached].sort((a, b) => b - a)[keep - 1] ?? -Infinity;
      active = active.filter(({ explored }, i) => {
        const scores = results.get(explored.network)!;
        // Patience may have ended it before the rung.
        const ended = last || scores.epochs.length < until;
        const goesOn = !ended && accuracies[i]! >= bar;
        if (!goesOn) {
          this.#scores.set(explored.network, ended ? scores : { ...scores, stopped_after: until });
          this.#finished++;
        }
        return goesOn;
      });
    }
  }

  async #train(
    trials: readonly TrialToTrain[],
    until: number,
  ): Promise<Map<string, TrialScores>> {
    const { study, train, params, options, workDir, progress } = this.#request;
    const results = new Map<string, TrialScores>();
    const jobs: TrialJob[] = [];
    for (const { sample, explored } of trials) {
      const known = study.scores(explored.network, until);
      if (known !== undefined) {
        results.set(explored.network, known);
        this.#kept++;
        continue;
      }
      const checkpoint = `${workDir}/trial-${sample}.bin`;
      this.#checkpoints.push(checkpoint);
      jobs.push({
        sample,
        network: explored.built,
        options: { ...options, seed: hash32(`${params.seed}:trial:${sample}`) >>> 0 },
        until,
        checkpoint,
      });
    }
    if (jobs.length === 0) return results;
    if (this.#started === 0) {
      this.#started = Date.now();
      if (this.#kept > 0) progress.note(`${this.#kept} trials of an earlier run are kept`);
    }
    study.publish(jobs);
    const running = new Map<number, TrialProgress>();
    let done = 0;
    const tell = () => this.#tell({ until, jobs: jobs.length, done }, running);
    await train({
      source: study,
      onProgress: (update) => {
        running.set(update.sample, update);
        tell();
      },
      onOutcome: ({ sample }) => {
        running.delete(sample);
        done++;
        tell();
      },
    });
    for (const { network } of jobs) {
      const scores = study.scores(network.name, until);
      if (scores === undefined) throw new Error(`${network.name} was not trained`);
      results.set(network.name, scores);
    }
    this.#epochsBefore = this.#epochsHere;
    return results;
  }

  #tell(
    { until, jobs, done }: { until: number; jobs: number; done: number },
    running: ReadonlyMap<number, TrialProgress>,
  ): void {
    const { progress, params, aside } = this.#request;
    const active = [...running.values()];
    const speed = active.reduce((sum, { samples_per_s }) => sum + samples_per_s, 0);
    const accuracies = [...this.#scores.values()].map(({ val_accuracy }) => val_accuracy);
    const rungs = [0, ...(params.halving?.rungs ?? []).filter((rung) => rung < params.epochs)];
    const since = rungs.findLast((rung) => rung < until) ?? 0;
    // Progress of a running trial counts from its first epoch.
    const here = active.reduce(
      (sum, { fraction }) => sum + Math.max(0, fraction * params.epochs - since),
      done * (until - since),
    );
    const whole = this.#plannedEpochs([...rungs, params.epochs]);
    const share = Math.min(1, (this.#epochsTrained + here) / whole);
    this.#epochsHere = Math.max(this.#epochsHere, this.#epochsBefore + here);
    const passed = (Date.now() - this.#started) / 1000;
    const left = this.#epochsHere === 0
      ? undefined
      : passed * Math.max(0, whole - this.#epochsTrained - here) / this.#epochsHere;
    progress.update(
      (params.halving === null
        ? `${this.#finished + done} of ${this.#planned} trials`
        : `${this.#finished} of ${this.#planned} trials ended, ${done} of ${jobs} at epoch ${until}`) +
        (accuracies.length > 0 ? `, best ${(100 * Math.max(...accuracies)).toFixed(1)} %` : "") +
        aside() +
        (speed > 0 ? `, ${Math.round(speed)} samples/s` : "") +
        (left === undefined ? "" : `, ${Math.ceil(left)} s left`),
      share,
    );
  }

  /** Epochs that all trials together will take, where every rung keeps the share it should. */
  #plannedEpochs(rungs: readonly number[]): number {
    const keep = this.#request.params.halving?.keep ?? 1;
    return rungs.slice(1).reduce(
      (sum, rung, i) => sum + this.#planned * keep ** i * (rung - rungs[i]!),
      0,
    );
  }

  /** Removes what only an unfinished training needs. */
  async clean(): Promise<void> {
    for (const path of new Set(this.#checkpoints)) await Deno.remove(path).catch(() => {});
  }
}
