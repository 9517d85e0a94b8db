/**
 * The search: a method is asked for networks, the explorer says what they cost, only what every platform
 * can run in time is trained, and the method is told. Everything is recorded as soon as it is known;
 * what is recorded is not done again, and a search that was cut is asked and told anew up to there.
 */
import { UserError } from "../../base/errors.ts";
import { canonicalJson } from "../../base/files.ts";
import { hash32 } from "../../base/random.ts";
import type {
  Candidate,
  ParetoArtifact,
  Rejection,
  TrialsArtifact,
} from "../../network/artifacts/search.ts";
import type { Network, Shape } from "../../network/network.ts";
import type { PlatformChoice } from "../../network/platform.ts";
import type { NetworkTable } from "../../native/space_query.ts";
import { canBuild, decisionKinds, decisions, spaceSize } from "../../network/space.ts";
import type { Progress } from "../../pipeline/stage.ts";
import { chooseBest, infeasiblePoints, objectives, paretoPoints, type Trained } from "./choose.ts";
import { latencyOn } from "./costs.ts";
import { type Explore, type Explored, ExploredBook } from "./explored.ts";
import type { Inherit } from "./inherit.ts";
import { countByBinding, nearestMiss, nothingFeasible } from "./nothing_feasible.ts";
import { drawIndices } from "./sampler.ts";
import { rankCandidates, sizeOf } from "./ranking.ts";
import { platformThatCounts, requirementOf, requirementRule } from "./requirement.ts";
import { fitParameters, type SearchParameters } from "./schema.ts";
import { searchers } from "./searchers/registry.ts";
import type { Searcher, Told } from "./searchers/searcher.ts";
import { Study } from "./study.ts";
import { describeSurvey, surveySpace } from "./survey.ts";
import { Rounds, type Train } from "./train_round.ts";
import type { TrialSetting } from "./train_trial.ts";

export type { Explore } from "./explored.ts";

/** The largest space that `exhaustive` walks. */
const EXHAUSTIBLE = 4096;

export interface SearchRequest {
  readonly params: SearchParameters;
  readonly input: Shape;
  readonly classes: number;
  readonly backend: string;
  /** Equal for equal data and platforms; tells studies in one database apart. */
  readonly identity: string;
  readonly workDir: string;
  /** What other processes need to help; null where they cannot. */
  readonly setting?: TrialSetting;
  readonly explore: Explore;
  /** Every network of the space at once; absent: the survey draws a sample. */
  readonly table?: (platform: PlatformChoice) => Promise<NetworkTable>;
  /** What would let a network run on a platform, a line per layer; empty where it can. */
  readonly advise: (network: Network, platform: PlatformChoice) => Promise<string[]>;
  /** Ranks networks by the weights they inherit; needed by method `supernet`. */
  readonly inherit?: Inherit;
  readonly train: Train;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface SearchResult {
  readonly trials: TrialsArtifact;
  readonly pareto: ParetoArtifact;
  readonly network: Network;
  readonly rule: string;
  readonly best: Trained;
  readonly trained: readonly Trained[];
}

/** A network that was asked for, as the method judges it. */
interface Judged {
  readonly sample: number;
  readonly explored: Explored;
  /** Latency that the method goes by. */
  readonly latency_s: number | null;
  readonly slack_s: number | null;
  readonly rejection: Rejection | null;
}

/**
 * Runs or resumes a search.
 * @throws UserError (exit 5) where no network may be trained, or none of those trained can run
 */
export async function search(request: SearchRequest): Promise<SearchResult> {
  const { params, progress, input, classes, signal } = request;
  const platform = platformThatCounts(params);
  const size = spaceSize(params.space);
  if (params.method === "exhaustive" && size > EXHAUSTIBLE) {
    throw new UserError({
      message: `a space of ${size} networks is too large to be searched exhaustively`,
      field: "method",
      value: params.method,
      expected: `at most ${EXHAUSTIBLE} networks, or another method`,
    });
  }
  await Deno.mkdir(request.workDir, { recursive: true });
  using study = new Study(
    `${request.workDir}/study.db`,
    String(hash32(request.identity) >>> 0),
  );
  study.enter(canonicalJson(params), request.setting ?? null);
  const continuous = params.method === "hw-nas";
  const radices = decisions(params.space).map(({ choices }) => choices.length);
  const exists = (indices: readonly number[]) => canBuild(params.space, indices, input);
  const book = new ExploredBook({
    space: params.space,
    input,
    classes,
    platforms: params.platforms,
    continuous,
    explore: request.explore,
    signal,
  }, study);
  const { survey, tables } = await surveySpace({
    radices,
    seed: params.seed,
    platform,
    platforms: params.platforms,
    table: request.table,
    exists,
  }, book);
  progress.note(describeSurvey(survey, platform));
  const latencyOf = (explored: Explored) => latencyOn(platform, judgedCosts(explored));
  const requirement = await requirementOf(
    params,
    () => drawIndices(radices, params.seed, exists),
    book,
    latencyOf,
  );
  if (requirement !== null) {
    progress.note(
      `latency requirement on ${platform}${continuous ? ", continuous power" : ""}: ` +
        `${requirement.toFixed(2)} s`,
    );
  }

  const judged = new Map<string, Judged>();
  const options = fitParameters(params);
  const rounds = new Rounds({
    params,
    options,
    study,
    workDir: request.workDir,
    train: request.train,
    progress,
    aside: () => {
      const fit = [...judged.values()].filter(({ rejection }) => rejection === null).length;
      return `, ${Math.round(100 * fit / judged.size)} % feasible`;
    },
  });
  const judge = (explored: Explored): Judged => {
    const known = judged.get(explored.network);
    if (known !== undefined) return known;
    const latency = latencyOf(explored);
    const slack = requirement === null || latency === null ? null : requirement - latency;
    const one: Judged = {
      sample: judged.size,
      explored,
      latency_s: latency,
      slack_s: slack,
      rejection: continuous
        ? (latency === null ? unfit(explored, platform) : tooSlow(platform, slack))
        : explored.rejection ?? tooSlow(platform, slack),
    };
    judged.set(explored.network, one);
    return one;
  };
  const tell = ({ explored, latency_s, rejection }: Judged): Told => ({
    indices: explored.indices,
    rejected: rejection,
    latency_s,
    energy_J: judgedCosts(explored).find((costs) => costs.platform === platform)?.energy_J ?? null,
    accuracy: rejection === null ? rounds.scores(explored.network)?.val_accuracy ?? null : null,
  });

  const ranked = await rankCandidates(request, {
    radices,
    seed: params.seed,
    exists,
    tables,
    platform,
    requirement_s: requirement ?? Infinity,
    latencyOf,
  }, book);
  const method = params.method === "random" && ranked !== undefined ? "supernet" : params.method;
  const searcher: Searcher = searchers[method]({
    radices,
    kinds: decisionKinds(params.space),
    seed: params.seed,
    trials: params.trials,
    requirement_s: requirement ?? Infinity,
    // Where none is in time, some are asked about for the reasons.
    ranked: ranked === undefined || ranked.order.length > 0
      ? ranked?.order
      : [...drawIndices(radices, params.seed, exists).take(params.trials)],
    exists,
  });
  const bounded = searcher.counts === "trained" && params.method !== "exhaustive";
  const toTrain: Judged[] = [];
  const enough = () =>
    bounded && (toTrain.length >= params.trials || judged.size >= params.max_samples);
  while (!enough()) {
    const asked = searcher.ask();
    if (asked.length === 0) break;
    const batch: Judged[] = [];
    for (const explored of await book.look(asked)) {
      if (enough()) break;
      const fresh = !judged.has(explored.network);
      const one = judge(explored);
      batch.push(one);
      if (fresh && one.rejection === null) toTrain.push(one);
    }
    study.addVerdicts(batch.map(({ sample, explored, rejection, slack_s }) => ({
      sample,
      network: explored.network,
      train: rejection === null,
      slack_s,
      rejection,
    })));
    if (searcher.ahead) {
      progress.update(
        `asked the explorer about ${judged.size} networks, ${toTrain.length} to train`,
      );
      continue;
    }
    await rounds.run(batch.filter(({ rejection }) => rejection === null));
    // A batch that was cut short ends the search: nobody asks again.
    if (batch.length === asked.length) searcher.tell(batch.map(tell));
  }
  const all = [...judged.values()];
  if (toTrain.length === 0) throw await nothingToTrain(all, request);
  if (searcher.ahead) {
    if (params.method !== "exhaustive" && toTrain.length < params.trials) {
      progress.note(
        `${toTrain.length} trials instead of ${params.trials}: no more of the ${all.length} ` +
          "networks drawn can run on every platform in time",
      );
    }
    progress.note(trainingNote(toTrain.length, params));
    rounds.expect(toTrain.length);
    await rounds.run(toTrain);
    searcher.tell(all.map(tell));
  }
  await rounds.clean();

  const candidates: Candidate[] = all.map(({ explored, sample, slack_s, rejection }) => ({
    sample,
    network: explored.network,
    decisions: explored.decisions,
    ...sizeOf(explored.built),
    costs: [...explored.costs],
    ...(continuous ? { continuous_latency_s: latencyOn(platform, explored.continuous!) } : {}),
    slack_s,
    // What was trained under continuous power is checked under the power that it will have.
    rejection: rejection ?? explored.rejection,
    trial: rounds.scores(explored.network) ?? null,
  }));
  const trained = candidates.flatMap((candidate) => trainedOn(platform, candidate));
  const best = chooseBest(trained);
  if (best === undefined) throw await nothingToTrain(all.map(checked), request);
  const rule = "best validation accuracy" +
    (requirement === null ? "" : " within the latency requirement") +
    "; of equal ones the lowest latency";
  const steps = searcher.history?.() ?? [];
  const sampleOf = new Map(all.map(({ explored, sample }) => [explored.indices.join(), sample]));
  return {
    network: judged.get(best.candidate.network)!.explored.built,
    best,
    trained,
    rule,
    pareto: {
      platform,
      requirement_s: requirement,
      objectives: objectives(trained),
      rule,
      points: paretoPoints(trained, best.candidate.sample),
      infeasible: infeasiblePoints(candidates, ({ costs }) => latencyOn(platform, costs)),
    },
    trials: {
      method: params.method,
      seed: params.seed,
      space: params.space,
      networks_in_space: size,
      survey,
      platforms: params.platforms,
      platform,
      requirement_s: requirement,
      requirement_rule: requirementRule(params),
      options,
      subset: params.subset,
      backend: request.backend,
      halving: params.halving,
      designs: params.designs,
      supernet: ranked?.inherited === undefined ? null : {
        networks: ranked.order.length,
        per_step: params.supernet.per_step,
        sampling: params.supernet.sampling,
        epochs: [...ranked.inherited.epochs],
      },
      epochs_trained: rounds.epochsTrained +
        (ranked?.inherited?.epochs.length ?? 0) * params.supernet.per_step,
      sampled: candidates.length,
      trained: trained.length,
      rejected: countByBinding(candidates.flatMap(({ rejection }) => rejection ?? [])),
      chosen: best.candidate.sample,
      candidates,
      steps: steps.map(({ indices, action, reward }) => ({
        sample: sampleOf.get(indices.join()) ?? null,
        action,
        reward,
      })),
    },
  };
}

/** By what a method judges: the power that it knows of. */
function judgedCosts({ continuous, costs }: Explored) {
  return continuous ?? costs;
}

function trainedOn(platform: string, candidate: Candidate): Trained[] {
  const latency = latencyOn(platform, candidate.costs);
  if (candidate.trial === null || candidate.rejection !== null || latency === null) return [];
  const costs = candidate.costs.find((one) => one.platform === platform);
  return [{
    candidate,
    latency_s: latency,
    val_accuracy: candidate.trial.val_accuracy,
    energy_J: costs?.energy_J ?? null,
    nvm_written_bytes: costs?.nvm_written_bytes ?? null,
  }];
}

function checked(judged: Judged): Judged {
  return { ...judged, rejection: judged.rejection ?? judged.explored.rejection };
}

function tooSlow(platform: string, slack_s: number | null): Rejection | null {
  return slack_s === null || slack_s >= 0
    ? null
    : { platform, binding: "latency", layer: null, layers: 0, violation: -slack_s, unit: "s" };
}

/** Under continuous power only memory can be in the way. */
function unfit({ rejection }: Explored, platform: string): Rejection {
  return rejection !== null && rejection.binding !== "energy"
    ? rejection
    : { platform, binding: "vm", layer: null, layers: 0, violation: 0, unit: "bytes" };
}

function trainingNote(networks: number, { epochs, subset, halving }: SearchParameters): string {
  return `training ${networks} networks, ` +
    (halving === null
      ? `${epochs} epochs each`
      : `up to ${epochs} epochs, ${100 * halving.keep} % going on after epoch ${
        halving.rungs.join(", ")
      }`) +
    (subset < 1 ? `, on ${100 * subset} % of the training samples` : "");
}

async function nothingToTrain(
  all: readonly Judged[],
  { params, advise }: SearchRequest,
): Promise<UserError> {
  const turnedAway = all.flatMap(({ explored, rejection }) =>
    rejection === null ? [] : [{ network: explored.built, rejection }]
  );
  const nearest = nearestMiss(turnedAway);
  const choice = params.platforms.find(({ profile }) => profile === nearest?.rejection.platform);
  return nothingFeasible(
    turnedAway.map(({ network, rejection }) => ({ network: network.name, rejection })),
    nearest !== undefined && choice !== undefined ? await advise(nearest.network, choice) : [],
  );
}
