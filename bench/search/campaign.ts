/**
 * One search, trained for real, and what the best networks of it reach when they are trained on:
 *
 *     deno run -A bench/search/campaign.ts DATASET_ARTIFACT FOLDER PLAN.json [--seed N]
 *         [--requirement S] [--record]
 *
 * The plan (bench/search/plans) is the search's parameters and beside them `protocol`, `threads` and
 * `finals`: settings by which the best networks are trained on (finals.ts). Resumes. `--record` puts
 * the outcome into campaigns.json, in place of one of that name.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { canonicalJson, readJson, writeJson } from "../../base/files.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import type { TrialsArtifact } from "../../network/artifacts/search.ts";
import { explore } from "../../native/mod.ts";
import { exploreSpace } from "../../native/space.ts";
import { Network } from "../../network/network.ts";
import { Protocol } from "../../network/platform.ts";
import { inherit } from "../../stages/search/inherit.ts";
import { Crew, trainAll } from "../../stages/search/pool.ts";
import { SearchParameters } from "../../stages/search/schema.ts";
import { search } from "../../stages/search/search.ts";
import { sensorFrame } from "../../training/sensor_frame.ts";
import { backendNames } from "../../training/backend_choice.ts";
import { Final, Finals, finish } from "./finals.ts";
import { recordCampaign } from "./campaigns.ts";

export const Plan = z.strictObject({
  name: z.string(),
  search: z.record(z.string(), z.unknown()),
  protocol: Protocol,
  backend: z.enum(backendNames).default("wasm"),
  threads: z.number().int().positive().default(2),
  finals: Finals.nullable().default(null),
});
type Plan = z.infer<typeof Plan>;

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
  /** The first one counts. */
  finals: z.array(Final),
});
export type CampaignResult = z.infer<typeof CampaignResult>;

if (import.meta.main) {
  const { values: { seed, requirement, record }, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      requirement: { type: "string" },
      record: { type: "boolean", default: false },
    },
  });
  const [folder, out, file] = positionals as [string, string, string];
  const plan = Plan.parse(JSON.parse(await Deno.readTextFile(file)));
  const result = await run(folder, out, {
    ...plan,
    name: [plan.name, requirement, seed].filter((part) => part !== undefined).join("-"),
    search: {
      ...plan.search,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      ...(requirement === undefined ? {} : { requirement_s: Number(requirement) }),
    },
  });
  const { curve: _, front: __, space: ___, finals, ...said } = result;
  console.log(JSON.stringify({ ...said, network: said.network.name }));
  for (const { network, options: ____, ...final } of finals) {
    console.log(JSON.stringify({ network: network.name, ...final }));
  }
  if (record) await recordCampaign(result);
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
  const frame = sensorFrame(dataset);
  const setting = {
    datasetFolder: folder,
    input: dataset.input,
    ...(frame && { frame }),
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
    table: (platform) =>
      exploreSpace(params.space, dataset.input, dataset.classes.length, platform, {
        space: params.designs,
        protocol,
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
      params.method === "evolution" ? [] : params.halving?.rungs ?? [],
      trials.supernet === null ? 0 : trials.supernet.epochs.length * trials.supernet.per_step,
    ),
    front: pareto.points.filter(({ on_front }) => on_front),
    finals: plan.finals === null ? [] : await finish({
      finals: plan.finals,
      params,
      protocol,
      setting,
      threads,
      signal,
      workDir: `${out}/${plan.name}`,
      dataset,
    }, trained),
  };
  await writeJson(done, CampaignResult, result);
  return result;
}

/**
 * Best validation accuracy after each epoch of the search that raised it, and after the last.
 * @param rungs epochs after which those go on that are good enough; empty: trials come one by one
 * @param before epochs that no trial counts
 */
function curve(
  candidates: TrialsArtifact["candidates"],
  rungs: readonly number[],
  before: number,
): [number, number][] {
  const trials = candidates.flatMap(({ trial }) => trial === null ? [] : [trial.epochs]);
  const points: [number, number][] = [];
  let epochs = before;
  let best = 0;
  let from = 0;
  for (const until of [...rungs, Infinity]) {
    for (const { val_accuracy } of trials.flatMap((trial) => trial.slice(from, until))) {
      epochs++;
      if (val_accuracy > best) points.push([epochs, val_accuracy]);
      best = Math.max(best, val_accuracy);
    }
    from = until;
  }
  if (points.at(-1)?.[0] !== epochs) points.push([epochs, best]);
  return points;
}
