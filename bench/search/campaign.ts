/**
 * One search, trained for real, and what the best networks of it reach when they are trained on:
 *
 *     deno run -A bench/search/campaign.ts DATASET_ARTIFACT FOLDER PLAN.json
 *
 * The plan is the search's parameters and beside them `protocol`, `threads` and `finals`: the best
 * networks by validation are trained once more by these settings; which one counts is decided by
 * validation alone. Weights of the finals stay in FOLDER, so that they can be tested elsewhere. Resumes.
 */
import { z } from "zod";
import { canonicalJson, readJson, writeJson, writeWhole } from "../../base/files.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import type { TrialsArtifact } from "../../network/artifacts/search.ts";
import { buildNetwork, decisions } from "../../network/space.ts";
import { explore } from "../../native/mod.ts";
import { exploreSpace, NETWORK_STATES } from "../../native/space.ts";
import { Network } from "../../network/network.ts";
import { Protocol } from "../../network/platform.ts";
import { inherit } from "../../stages/search/inherit.ts";
import { Crew, trainAll } from "../../stages/search/pool.ts";
import { SearchParameters } from "../../stages/search/schema.ts";
import { search } from "../../stages/search/search.ts";
import type { Trained } from "../../stages/search/choose.ts";
import { Study } from "../../stages/search/study.ts";
import type { TrialSetting } from "../../stages/search/train_trial.ts";
import { backendNames } from "../../training/backend_choice.ts";
import { emptyParameters } from "../../training/parameters.ts";

export const Plan = z.strictObject({
  name: z.string(),
  search: z.record(z.string(), z.unknown()),
  protocol: Protocol,
  backend: z.enum(backendNames).default("wasm"),
  threads: z.number().int().positive().default(2),
  /** The best `take` of the search by validation are trained by each of these. */
  finals: z.strictObject({
    take: z.number().int().positive(),
    options: z.array(FitParameters.partial()).min(1),
  }).nullable().default(null),
});
type Plan = z.infer<typeof Plan>;

const Final = z.strictObject({
  network: Network,
  latency_s: z.number(),
  options: FitParameters,
  val_accuracy: z.number(),
  val_loss: z.number(),
  best_epoch: z.number(),
});
type Final = z.infer<typeof Final>;

/** What a campaign leaves: one line of the benchmark. */
export const CampaignResult = z.strictObject({
  name: z.string(),
  method: z.string(),
  protocol: z.string(),
  designs: z.string(),
  space: z.unknown(),
  seed: z.number(),
  requirement_s: z.number().nullable(),
  network: Network,
  latency_s: z.number(),
  val_accuracy: z.number(),
  networks_in_space: z.number(),
  feasible_share: z.number(),
  asked: z.number(),
  trained: z.number(),
  epochs_trained: z.number(),
  samples_trained: z.number(),
  seconds: z.number(),
  /** Training epochs spent, and the best validation accuracy by then. */
  curve: z.array(z.tuple([z.number(), z.number()])),
  front: z.array(z.unknown()),
  /** Best validation accuracy first, then lowest loss: the first one counts. */
  finals: z.array(Final),
});
export type CampaignResult = z.infer<typeof CampaignResult>;

if (import.meta.main) {
  const [folder, out, file] = Deno.args as [string, string, string];
  const plan = Plan.parse(JSON.parse(await Deno.readTextFile(file)));
  const result = await run(folder, out, plan);
  console.log(
    JSON.stringify({
      ...result,
      network: result.network.name,
      curve: 0,
      front: 0,
      finals: 0,
      space: 0,
    }),
  );
}

export async function run(
  folder: string,
  out: string,
  plan: Plan,
): Promise<CampaignResult> {
  const done = `${out}/${plan.name}.json`;
  const known = await readJson(done, CampaignResult).catch(() => undefined);
  if (known !== undefined) return known;
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  const params = SearchParameters.parse(plan.search);
  const { protocol, backend, threads } = plan;
  const setting = {
    datasetFolder: folder,
    input: dataset.input,
    subset: params.subset,
    subsetSeed: params.seed,
    backend,
  };
  const { signal } = new AbortController();
  const started = performance.now();
  using crew = new Crew();
  const { trials, best, network, pareto, trained } = await search({
    params,
    input: dataset.input,
    classes: dataset.classes.length,
    backend,
    identity: canonicalJson({ params, dataset }),
    workDir: `${out}/${plan.name}`,
    setting,
    explore: (networks, platform, power) =>
      explore(
        networks.map((one) => ({
          name: one.name,
          power,
          space: params.designs,
          protocol,
          platform,
          network: one,
        })),
      ),
    table: async (platform) => ({
      ...await exploreSpace(params.space, dataset.input, dataset.classes.length, platform, {
        space: params.designs,
        protocol,
      }),
      states: NETWORK_STATES,
    }),
    advise: () => Promise.resolve([]),
    inherit: (ranking) => inherit(setting, ranking),
    train: (round) => trainAll({ ...round, crew, setting, threads, signal }),
    progress: { update() {}, note: console.log, warn: console.warn },
    signal,
  });
  const samples = dataset.splits.train.samples * params.subset;
  const result: CampaignResult = {
    name: plan.name,
    method: params.prefilter === null ? params.method : `prefilter by ${params.prefilter.proxy}`,
    protocol,
    designs: params.designs,
    space: params.space,
    seed: params.seed,
    requirement_s: trials.requirement_s,
    network,
    latency_s: best.latency_s,
    val_accuracy: best.val_accuracy,
    networks_in_space: trials.networks_in_space,
    feasible_share: trials.survey.feasible_share,
    asked: trials.sampled,
    trained: trials.trained,
    epochs_trained: trials.epochs_trained,
    samples_trained: Math.round(trials.epochs_trained * samples),
    seconds: Math.round((performance.now() - started) / 1000),
    curve: curve(
      trials.candidates,
      trials.supernet === null ? 0 : trials.supernet.epochs.length * trials.supernet.per_step,
    ),
    front: pareto.points.filter(({ on_front }) => on_front),
    finals: plan.finals === null
      ? []
      : await finish({ plan, params, setting, crew, signal, out, dataset }, trained),
  };
  await writeJson(done, CampaignResult, result);
  return result;
}

interface Finish {
  readonly plan: Plan;
  readonly params: SearchParameters;
  readonly setting: TrialSetting;
  readonly crew: Crew;
  readonly signal: AbortSignal;
  readonly out: string;
  readonly dataset: DatasetArtifact;
}

/** Trains the best networks on; leaves the weights of the very best in `<name>.weights.bin`. */
async function finish(
  { plan, params, setting, crew, signal, out, dataset }: Finish,
  trained: readonly Trained[],
): Promise<Final[]> {
  const { take, options } = plan.finals!;
  const workDir = `${out}/${plan.name}`;
  const best = trained.filter(({ candidate }) => candidate.trial?.stopped_after === undefined)
    .sort((a, b) => b.val_accuracy - a.val_accuracy || a.latency_s - b.latency_s).slice(0, take);
  const open = decisions(params.space);
  const jobs = best.flatMap(({ candidate, latency_s }, n) => {
    const indices = open.map(({ name, choices }) => choices.indexOf(candidate.decisions[name]!));
    const network = buildNetwork(params.space, indices, dataset.input, dataset.classes.length);
    return options.map((some, o) => {
      const fit = FitParameters.parse({ ...some, seed: params.seed + o });
      const sample = n * options.length + o;
      const checkpoint = `${workDir}/final-${sample}.bin`;
      // Names tell jobs apart, so that each has its own.
      const job = { sample, network: { ...network, name: `${network.name}#${o}` }, checkpoint };
      return { network, latency_s, fit, job: { ...job, options: fit, until: fit.epochs } };
    });
  });
  using study = new Study(`${workDir}/study.db`, "finals");
  study.enter("finals", setting);
  study.publish(jobs.map(({ job }) => job));
  await trainAll({ crew, setting, source: study, threads: plan.threads, signal });
  const finals = jobs.map(({ network, latency_s, fit, job }) => {
    const scores = study.scores(job.network.name, job.until)!;
    const { val_accuracy, val_loss, best_epoch } = scores;
    return { network, latency_s, options: fit, val_accuracy, val_loss, best_epoch, job };
  }).sort((a, b) => b.val_accuracy - a.val_accuracy || a.val_loss - b.val_loss);
  const [first] = finals;
  if (first !== undefined) {
    const bytes = await Deno.readFile(first.job.checkpoint);
    const floats = emptyParameters(first.network).reduce((sum, { data }) => sum + data.length, 0);
    // The last arrays of a checkpoint are those of the best epoch.
    await writeWhole(`${out}/${plan.name}.weights.bin`, bytes.slice(bytes.length - 4 * floats));
  }
  return finals.map(({ job: _, ...final }) => final);
}

function curve(candidates: TrialsArtifact["candidates"], before: number): [number, number][] {
  let epochs = before;
  let best = 0;
  return candidates.flatMap(({ trial }): [number, number][] => {
    if (trial === null) return [];
    epochs += trial.epochs.length;
    best = Math.max(best, trial.val_accuracy);
    return [[epochs, best]];
  });
}
