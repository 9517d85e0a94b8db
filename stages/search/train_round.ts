/** Trains the networks of one round, in rungs where the search halves, and tells how it goes. */
import { hash32 } from "../../base/random.ts";
import type { TrialScores } from "../../network/artifacts/search.ts";
import type { FitParameters } from "../../network/artifacts/training.ts";
import type { Progress } from "../../pipeline/stage.ts";
import type { Explored } from "./explored.ts";
import { Ladder } from "./ladder.ts";
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
  /** {@link standing}s of all trials that reached a rung, by its number of epochs. */
  readonly #reached = new Map<number, number[]>();
  readonly #checkpoints: string[] = [];
  /** Epochs after which trials are held against each other, the end last. */
  readonly #untils: readonly number[];
  readonly #ladder: Ladder<TrialToTrain>;
  /** Epochs of each network that are in `#epochsTrained`. */
  readonly #counted = new Map<string, number>();
  #epochsTrained = 0;
  #finished = 0;
  #planned: number;
  /** Trainings, by network and epochs, that were found recorded. */
  readonly #known = new Set<string>();
  #started = 0;
  /** Of the epochs trained, those that an earlier run did. */
  #epochsKept = 0;

  constructor(request: RoundsRequest) {
    this.#request = request;
    this.#planned = request.params.trials;
    const { halving, epochs } = request.params;
    this.#untils = [...(halving?.rungs ?? []).filter((rung) => rung < epochs), epochs];
    this.#ladder = new Ladder(this.#untils, halving?.keep ?? 1);
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
    return this.#known.size;
  }

  expect(trials: number): void {
    this.#planned = trials;
  }

  /** Trains what has not been trained; a network that comes again keeps its scores. */
  async run(trials: readonly TrialToTrain[]): Promise<void> {
    const fresh = trials.filter(({ explored }) => !this.#scores.has(explored.network));
    if (this.#request.params.halving?.against === "earlier") await this.#runInOrder(fresh);
    else await this.#runTogether(fresh);
  }

  /** Rung by rung; each is decided once all trials are there. */
  async #runTogether(trials: readonly TrialToTrain[]): Promise<void> {
    const { params } = this.#request;
    let active = trials;
    for (const until of this.#untils) {
      const results = await this.#train(active, until);
      const standings = active.map(({ explored }) => {
        const scores = results.get(explored.network)!;
        this.#count(explored.network, scores, until);
        return standing(scores);
      });
      const last = until === params.epochs;
      const reached = this.#reached.get(until) ?? [];
      reached.push(...standings);
      this.#reached.set(until, reached);
      const keep = last ? reached.length : Math.ceil((params.halving?.keep ?? 1) * reached.length);
      const bar = [...reached].sort((a, b) => b - a)[keep - 1] ?? -Infinity;
      active = active.filter(({ explored }, n) => {
        const scores = results.get(explored.network)!;
        const goesOn = !this.#isOver(scores, until) && standings[n]! >= bar;
        if (!goesOn) this.#end(explored.network, scores, until);
        return goesOn;
      });
    }
  }

  /** Every trial as far as it gets, against those before it; no rung waits to fill. */
  async #runInOrder(trials: readonly TrialToTrain[]): Promise<void> {
    const { study, train } = this.#request;
    for (const trial of trials) this.#ladder.enter(trial);
    this.#offer(trials, this.#untils[0]!);
    const settle = () => {
      for (;;) {
        const decisions = this.#ladder.decide(({ explored }, until) => {
          const scores = study.scores(explored.network, until);
          if (scores === undefined) return undefined;
          return { value: standing(scores), ended: this.#isOver(scores, until) };
        });
        for (const { trial, until, next } of decisions) {
          const scores = study.scores(trial.explored.network, until)!;
          this.#count(trial.explored.network, scores, until);
          if (next === undefined) this.#end(trial.explored.network, scores, until);
          else this.#offer([trial], next);
        }
        if (decisions.length === 0) break;
      }
    };
    settle();
    if (this.#ladder.open === 0) return;
    const running = new Map<number, { progress?: TrialProgress; since: number }>();
    const tell = () => {
      const under = [...running.values()].flatMap(({ progress, since }) =>
        progress === undefined ? [] : [{ progress, since }]
      );
      this.#tell(`${this.#finished} of ${this.#planned} trials ended`, under, 0);
    };
    const source: JobSource = {
      claim: () => {
        settle();
        const job = study.claim();
        if (typeof job === "object") {
          running.set(job.sample, { since: this.#rungBefore(job.until) });
        }
        // Whoever is at work may make jobs for others.
        return job ?? (this.#ladder.open > 0 ? "wait" : undefined);
      },
      beat: () => study.beat(),
      epoch: (job, record) => study.epoch(job, record),
      done: (job, outcome) => {
        study.done(job, outcome);
        settle();
      },
      release: () => study.release(),
    };
    await train({
      source,
      onProgress: (progress) => {
        running.set(progress.sample, { since: 0, ...running.get(progress.sample), progress });
        tell();
      },
      onOutcome: ({ sample }) => {
        running.delete(sample);
        tell();
      },
    });
  }

  /** What ends a trial whatever the others do; patience may have ended it before the rung. */
  #isOver(scores: TrialScores, until: number): boolean {
    return until === this.#request.params.epochs || scores.epochs.length < until;
  }

  #end(network: string, scores: TrialScores, until: number): void {
    const over = this.#isOver(scores, until);
    this.#scores.set(network, over ? scores : { ...scores, stopped_after: until });
    this.#finished++;
  }

  #count(network: string, scores: TrialScores, until: number): void {
    const more = scores.epochs.length - (this.#counted.get(network) ?? 0);
    this.#counted.set(network, scores.epochs.length);
    this.#epochsTrained += more;
    if (this.#known.has(`${network} ${until}`)) this.#epochsKept += more;
  }

  #rungBefore(until: number): number {
    return this.#untils.findLast((rung) => rung < until) ?? 0;
  }

  /** Publishes the trainings that are not recorded yet. */
  #offer(trials: readonly TrialToTrain[], until: number): TrialJob[] {
    const { study, options, workDir, params, progress } = this.#request;
    const jobs: TrialJob[] = [];
    for (const { sample, explored } of trials) {
      if (study.scores(explored.network, until) !== undefined) {
        this.#known.add(`${explored.network} ${until}`);
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
    if (jobs.length === 0) return jobs;
    if (this.#started === 0) {
      this.#started = Date.now();
      if (this.kept > 0) progress.note(`${this.kept} trials of an earlier run are kept`);
    }
    study.publish(jobs);
    return jobs;
  }

  async #train(
    trials: readonly TrialToTrain[],
    until: number,
  ): Promise<Map<string, TrialScores>> {
    const { study, train, params } = this.#request;
    const jobs = this.#offer(trials, until);
    if (jobs.length > 0) {
      const running = new Map<number, TrialProgress>();
      const since = this.#rungBefore(until);
      let done = 0;
      const tell = () =>
        this.#tell(
          params.halving === null
            ? `${this.#finished + done} of ${this.#planned} trials`
            : `${this.#finished} of ${this.#planned} trials ended, ${done} of ${jobs.length} at ` +
              `epoch ${until}`,
          [...running.values()].map((progress) => ({ progress, since })),
          done * (until - since),
        );
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
    }
    const results = new Map<string, TrialScores>();
    for (const { explored } of trials) {
      const scores = study.scores(explored.network, until);
      if (scores === undefined) throw new Error(`${explored.network} was not trained`);
      results.set(explored.network, scores);
    }
    return results;
  }

  /** @param done epochs of trainings that are over and not yet counted */
  #tell(
    status: string,
    running: readonly { progress: TrialProgress; since: number }[],
    done: number,
  ): void {
    const { progress, params, aside } = this.#request;
    const speed = running.reduce((sum, one) => sum + one.progress.samples_per_s, 0);
    const accuracies = [...this.#scores.values()].map(({ val_accuracy }) => val_accuracy);
    // Progress of a running trial counts from its first epoch.
    const here = running.reduce(
      (sum, one) => sum + Math.max(0, one.progress.fraction * params.epochs - one.since),
      done,
    );
    const whole = this.#plannedEpochs();
    const share = Math.min(1, (this.#epochsTrained + here) / whole);
    const epochsHere = this.#epochsTrained - this.#epochsKept + here;
    const passed = (Date.now() - this.#started) / 1000;
    const left = epochsHere === 0
      ? undefined
      : passed * Math.max(0, whole - this.#epochsTrained - here) / epochsHere;
    progress.update(
      status +
        (accuracies.length > 0 ? `, best ${(100 * Math.max(...accuracies)).toFixed(1)} %` : "") +
        aside() +
        (speed > 0 ? `, ${Math.round(speed)} samples/s` : "") +
        (left === undefined ? "" : `, ${Math.ceil(left)} s left`),
      share,
    );
  }

  /** Epochs that all trials together will take, where every rung keeps the share it should. */
  #plannedEpochs(): number {
    const keep = this.#request.params.halving?.keep ?? 1;
    return this.#untils.reduce(
      (sum, rung, i) => sum + this.#planned * keep ** i * (rung - (this.#untils[i - 1] ?? 0)),
      0,
    );
  }

  /** Removes what only an unfinished training needs. */
  async clean(): Promise<void> {
    for (const path of new Set(this.#checkpoints)) await Deno.remove(path).catch(() => {});
  }
}

/** What a rung goes by: validation accuracy, of equal ones the lower loss, so that a tie costs no epochs. */
function standing({ val_accuracy, val_loss }: TrialScores): number {
  return val_accuracy - 1e-9 * Math.min(val_loss, 100);
}
