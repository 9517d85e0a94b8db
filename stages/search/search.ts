/**
 * Random search: draw, ask the explorer, train only what every platform can run in time, take the
 * best. Everything is recorded as soon as it is known; what is recorded is not done again.
 */
import { canonicalJson } from "../../base/files.ts";
import { hash32 } from "../../base/random.ts";
import { UserError } from "../../base/errors.ts";
import type { Candidate, Rejection, TrialsArtifact } from "../../network/artifacts/search.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import type { ExploreAnswer } from "../../network/explore.ts";
import {
  macs,
  type Network,
  resolveLayers,
  type Shape,
  weightShape,
} from "../../network/network.ts";
import type { PlatformChoice } from "../../network/platform.ts";
import { spaceSize } from "../../network/space.ts";
import type { Progress } from "../../pipeline/stage.ts";
import { chooseBest, type Trained } from "./choose.ts";
import { costsOf, latencyOn, quantile, rejectionOf } from "./costs.ts";
import { countByBinding, nearestMiss, nothingFeasible } from "./nothing_feasible.ts";
import { drawNetworks, type Sample } from "./sampler.ts";
import type { SearchParameters } from "./schema.ts";
import { type ExploredRow, Study } from "./study.ts";
import type { TrialJob, TrialOutcome, TrialProgress } from "./train_trial.ts";

/** Networks that are put to the explorer in one go. */
const BATCH = 8;

export type Explore = (
  networks: readonly Network[],
  platform: PlatformChoice,
) => Promise<ExploreAnswer[]>;

export interface TrainRequest {
  readonly jobs: readonly TrialJob[];
  onProgress(progress: TrialProgress): void;
  onOutcome(outcome: TrialOutcome): void;
}

export interface SearchRequest {
  readonly params: SearchParameters;
  readonly input: Shape;
  readonly classes: number;
  readonly backend: string;
  /** Equal for equal data and platforms; tells studies in one database apart. */
  readonly identity: string;
  readonly workDir: string;
  readonly explore: Explore;
  /** What would let a network run on a platform, a line per layer; empty where it can. */
  readonly advise: (network: Network, platform: PlatformChoice) => Promise<string[]>;
  readonly train: (request: TrainRequest) => Promise<void>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface SearchResult {
  readonly trials: TrialsArtifact;
  readonly network: Network;
  readonly best: Trained;
  readonly trained: readonly Trained[];
}

interface Explored extends ExploredRow {
  readonly drawn: Sample;
}

/**
 * Runs or resumes a search.
 * @throws UserError (exit 5) where no network may be trained
 */
export async function search(request: SearchRequest): Promise<SearchResult> {
  const { params, progress } = request;
  const names = params.platforms.map(({ profile }) => profile);
  const platform = params.platform === "first" ? names[0]! : params.platform;
  if (platform !== "worst" && !names.includes(platform)) {
    throw new UserError(unknownPlatform(params));
  }
  await Deno.mkdir(request.workDir, { recursive: true });
  using study = new Study(
    `${request.workDir}/study.db`,
    String(hash32(request.identity) >>> 0),
    canonicalJson(params),
  );
  const stream = new ExploredStream(request, study);
  const requirement = await requirementOf(params, platform, stream);
  if (requirement !== null) {
    progress.note(`latency requirement on ${platform}: ${requirement.toFixed(2)} s`);
  }

  const judged: { explored: Explored; slack_s: number | null; rejection: Rejection | null }[] = [];
  let accepted = 0;
  for (let at = 0; accepted < params.trials; at++) {
    const explored = await stream.at(at);
    if (explored === undefined) break;
    const latency = latencyOn(platform, explored.costs);
    const slack = requirement === null || latency === null ? null : requirement - latency;
    const rejection = explored.rejection ??
      (slack !== null && slack < 0
        ? {
          platform,
          binding: "latency" as const,
          layer: null,
          layers: 0,
          violation: -slack,
          unit: "s",
        }
        : null);
    judged.push({ explored, slack_s: slack, rejection });
    study.addVerdict({
      sample: explored.sample,
      train: rejection === null,
      slack_s: slack,
      rejection,
    });
    if (rejection === null) accepted++;
    progress.update(
      `asked the explorer about ${judged.length} networks, ${accepted} of ${params.trials} to train`,
    );
  }
  const toTrain = judged.filter(({ rejection }) => rejection === null);
  if (toTrain.length === 0) {
    const turnedAway = judged.flatMap(({ explored, rejection }) =>
      rejection === null ? [] : [{ network: explored.drawn.network, rejection }]
    );
    const nearest = nearestMiss(turnedAway);
    const choice = params.platforms.find(({ profile }) => profile === nearest?.rejection.platform);
    throw nothingFeasible(
      turnedAway.map(({ network, rejection }) => ({ network: network.name, rejection })),
      nearest !== undefined && choice !== undefined
        ? await request.advise(nearest.network, choice)
        : [],
    );
  }
  if (toTrain.length < params.trials) {
    progress.note(
      `${toTrain.length} trials instead of ${params.trials}: no more of the ${judged.length} ` +
        "networks drawn can run on every platform in time",
    );
  }

  const options = fitParameters(params);
  const jobs: TrialJob[] = toTrain.map(({ explored }) => ({
    sample: explored.sample,
    network: explored.drawn.network,
    options: { ...options, seed: hash32(`${params.seed}:trial:${explored.sample}`) >>> 0 },
    checkpoint: `${request.workDir}/trial-${explored.sample}.bin`,
  }));
  await trainOutstanding(jobs, study, request);

  const scores = study.trials();
  const candidates: Candidate[] = judged.map(({ explored, slack_s, rejection }) => ({
    sample: explored.sample,
    network: explored.network,
    decisions: explored.decisions,
    ...sizeOf(explored.drawn.network),
    costs: [...explored.costs],
    slack_s,
    rejection,
    trial: scores.get(explored.sample) ?? null,
  }));
  const trained: Trained[] = candidates.flatMap((candidate) => {
    const latency = latencyOn(platform, candidate.costs);
    return candidate.trial === null || candidate.rejection !== null || latency === null
      ? []
      : [{ candidate, latency_s: latency, val_accuracy: candidate.trial.val_accuracy }];
  });
  const best = chooseBest(trained)!;
  return {
    network: jobs.find(({ sample }) => sample === best.candidate.sample)!.network,
    best,
    trained,
    trials: {
      method: params.method,
      seed: params.seed,
      space: params.space,
      networks_in_space: spaceSize(params.space),
      platforms: params.platforms,
      platform,
      requirement_s: requirement,
      requirement_rule: requirementRule(params),
      options,
      subset: params.subset,
      backend: request.backend,
      sampled: candidates.length,
      trained: trained.length,
      rejected: countByBinding(candidates.flatMap(({ rejection }) => rejection ?? [])),
      chosen: best.candidate.sample,
      candidates,
    },
  };
}

/** The problem of a `platform` that is none of `platforms`. */
export function unknownPlatform({ platform, platforms }: SearchParameters) {
  const names = ["first", "worst", ...platforms.map(({ profile }) => profile)];
  return {
    message: `"${platform}" is none of the platforms`,
    field: "platform",
    value: platform,
    expected: names.join(" | "),
  };
}

function fitParameters(params: SearchParameters): FitParameters {
  return FitParameters.parse(
    Object.fromEntries(
      Object.keys(FitParameters.shape).map((key) => [key, params[key as keyof FitParameters]]),
    ),
  );
}

function requirementRule({ requirement_s }: SearchParameters): string {
  if (requirement_s === null) return "none";
  if (typeof requirement_s === "number") return "given";
  const { quantile, samples } = requirement_s;
  return `${100 * quantile} % quantile of the networks that can run, of the first ${samples} drawn`;
}

async function requirementOf(
  { requirement_s }: SearchParameters,
  platform: string,
  stream: ExploredStream,
): Promise<number | null> {
  if (requirement_s === null || typeof requirement_s === "number") return requirement_s;
  const latencies: number[] = [];
  for (let at = 0; at < requirement_s.samples; at++) {
    const explored = await stream.at(at);
    if (explored === undefined) break;
    const latency = latencyOn(platform, explored.costs);
    if (explored.rejection === null && latency !== null) latencies.push(latency);
  }
  return latencies.length === 0 ? null : quantile(latencies, requirement_s.quantile);
}

function sizeOf(network: Network): { parameters: number; macs: number } {
  const layers = resolveLayers(network);
  const weights = (shape: number[]) =>
    shape.length === 0 ? 0 : shape.reduce((product, n) => product * n, 1);
  return {
    parameters: layers.reduce(
      (sum, layer) => sum + weights(weightShape(layer)) + (layer.bias ? layer.output.channels : 0),
      0,
    ),
    macs: layers.reduce((sum, layer) => sum + macs(layer), 0),
  };
}

/** The drawn networks with their costs, in order; the explorer is asked ahead, once per network. */
class ExploredStream {
  readonly #draw: Iterator<Sample>;
  readonly #known: Map<number, ExploredRow>;
  readonly #ready: Explored[] = [];
  readonly #request: SearchRequest;
  readonly #study: Study;

  constructor(request: SearchRequest, study: Study) {
    const { params, input, classes } = request;
    this.#draw = drawNetworks(params.space, params.seed, input, classes);
    this.#known = study.explored();
    this.#request = request;
    this.#study = study;
  }

  /** The network drawn at this position; undefined behind the last one that may be asked about. */
  async at(position: number): Promise<Explored | undefined> {
    while (this.#ready.length <= position) {
      if (!await this.#more()) return undefined;
    }
    return this.#ready[position];
  }

  async #more(): Promise<boolean> {
    const { params, explore, signal } = this.#request;
    signal.throwIfAborted();
    const drawn: Sample[] = [];
    while (drawn.length < BATCH && this.#ready.length + drawn.length < params.max_samples) {
      const next = this.#draw.next();
      if (next.done) break;
      drawn.push(next.value);
    }
    const unknown = drawn.filter(({ sample }) => !this.#known.has(sample));
    const answers: ExploreAnswer[][] = [];
    for (const platform of unknown.length === 0 ? [] : params.platforms) {
      answers.push(await explore(unknown.map(({ network }) => network), platform));
      signal.throwIfAborted();
    }
    unknown.forEach(({ sample, network, decisions }, i) => {
      const names = params.platforms.map(({ profile }) => profile);
      const row: ExploredRow = {
        sample,
        network: network.name,
        decisions,
        costs: names.map((name, p) => costsOf(name, answers[p]![i]!)),
        rejection: names.map((name, p) => rejectionOf(name, answers[p]![i]!))
          .find((rejection) => rejection !== null) ?? null,
      };
      this.#study.addExplored(row);
      this.#known.set(sample, row);
    });
    for (const one of drawn) this.#ready.push({ ...this.#known.get(one.sample)!, drawn: one });
    return drawn.length > 0;
  }
}

async function trainOutstanding(
  jobs: readonly TrialJob[],
  study: Study,
  { train, progress, params }: SearchRequest,
): Promise<void> {
  const finished = study.trials();
  const outstanding = jobs.filter(({ sample }) => !finished.has(sample));
  if (outstanding.length === 0) return;
  const resumed = jobs.length - outstanding.length;
  if (resumed > 0) progress.note(`${resumed} trials of an earlier run are kept`);
  const running = new Map<number, TrialProgress>();
  const started = Date.now();
  let done = 0;
  const tell = () => {
    const share = [...running.values()].reduce((sum, { fraction }) => sum + fraction, done);
    const left = share === 0
      ? undefined
      : (Date.now() - started) / 1000 * (outstanding.length - share) / share;
    const speed = [...running.values()].reduce((sum, { samples_per_s }) => sum + samples_per_s, 0);
    const best = Math.max(...[...finished.values()].map(({ val_accuracy }) => val_accuracy));
    progress.update(
      `${resumed + done} of ${jobs.length} trials` +
        (finished.size > 0 ? `, best ${(100 * best).toFixed(1)} %` : "") +
        (speed > 0 ? `, ${Math.round(speed)} samples/s` : "") +
        (left === undefined ? "" : `, ${Math.ceil(left)} s left`),
      (resumed + share) / jobs.length,
    );
  };
  progress.note(
    `training ${outstanding.length} networks, ${params.epochs} epochs each` +
      (params.subset < 1 ? `, on ${100 * params.subset} % of the training samples` : ""),
  );
  await train({
    jobs: outstanding,
    onProgress: (update) => {
      running.set(update.sample, update);
      tell();
    },
    onOutcome: ({ sample, scores, ...times }) => {
      study.addTrial(sample, scores, times);
      finished.set(sample, scores);
      running.delete(sample);
      done++;
      tell();
    },
  });
  for (const { checkpoint } of outstanding) await Deno.remove(checkpoint).catch(() => {});
}
