/**
 * The best networks of a search trained on, with all training samples, then tested once each: points of
 * the chart against TiNAS. Which network and setting count is decided by validation alone.
 */
import { z } from "zod";
import { writeNpy } from "../../base/files.ts";
import type { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import { explore } from "../../native/mod.ts";
import type { DesignSpace } from "../../network/explore.ts";
import { Network } from "../../network/network.ts";
import type { Protocol } from "../../network/platform.ts";
import { buildNetwork, decisions } from "../../network/space.ts";
import type { Trained } from "../../stages/search/choose.ts";
import { Crew, trainAll } from "../../stages/search/pool.ts";
import type { SearchParameters } from "../../stages/search/schema.ts";
import { Study } from "../../stages/search/study.ts";
import type { TrialJob, TrialSetting } from "../../stages/search/train_trial.ts";
import { selectBackend } from "../../training/backend.ts";
import { toTensors } from "../../training/backward.ts";
import { readSplit, type Split } from "../../training/data.ts";
import { evaluate } from "../../training/evaluate.ts";
import { fit } from "../../training/fit.ts";
import { buildGraph } from "../../training/forward.ts";

export const Finals = z.strictObject({
  /** So many of the search's front of accuracy against latency, the most accurate first. */
  take: z.number().int().positive(),
  options: z.array(FitParameters.partial()).min(1),
  /**
   * Validation samples are trained on as well, as nothing is left to choose by them; the accuracy in
   * validation is then the search's.
   */
  validation_too: z.boolean().default(false),
}).refine(
  ({ validation_too, options }) => !validation_too || options.length === 1,
  "validation samples cannot choose among options that are trained on them",
);
export type Finals = z.infer<typeof Finals>;

export const Final = z.strictObject({
  network: Network,
  latency_full_s: z.number(),
  /** Null where no published design is safe. */
  latency_published_s: z.number().nullable(),
  options: FitParameters,
  training_samples: z.number(),
  val_accuracy: z.number(),
  val_loss: z.number(),
  best_epoch: z.number(),
  test_accuracy: z.number(),
  test_samples: z.number(),
});
export type Final = z.infer<typeof Final>;

export interface FinalsRequest {
  readonly finals: Finals;
  readonly params: SearchParameters;
  readonly protocol: Protocol;
  /** The search's; finals see all training samples whatever share its trials saw. */
  readonly setting: TrialSetting;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly workDir: string;
  readonly dataset: DatasetArtifact;
}

/** One for each network, with the setting that does best in validation; the first one counts. */
export async function finish(
  request: FinalsRequest,
  trained: readonly Trained[],
): Promise<Final[]> {
  const { finals, params, threads, signal, workDir, dataset } = request;
  const setting = { ...request.setting, subset: 1 };
  if (finals.validation_too) setting.datasetFolder = await joinSplits(request);
  const front = frontOf(trained).slice(0, finals.take);
  const jobs = front.flatMap((candidate, n) => {
    const network = build(params, candidate, dataset);
    return finals.options.map((some, o): TrialJob => {
      const fitting = FitParameters.parse({ ...some, seed: params.seed + o });
      const sample = n * finals.options.length + o;
      return {
        sample,
        // Names tell jobs apart, so that each has its own.
        network: { ...network, name: `${network.name}#${o}` },
        options: fitting,
        until: fitting.epochs,
        checkpoint: `${workDir}/final-${sample}.bin`,
      };
    });
  });
  using study = new Study(`${workDir}/study.db`, "finals");
  study.enter("finals", setting);
  study.publish(jobs);
  // Threads of the search hold its share of the samples, hence new ones.
  using crew = new Crew();
  await trainAll({ crew, setting, source: study, threads, signal });
  const best = new Map<string, TrialJob>();
  const scoresOf = ({ network, until }: TrialJob) => study.scores(network.name, until)!;
  const worse = (a: TrialJob, b: TrialJob) =>
    scoresOf(b).val_accuracy - scoresOf(a).val_accuracy ||
    scoresOf(a).val_loss - scoresOf(b).val_loss;
  for (const job of [...jobs].sort(worse)) {
    const name = job.network.name.replace(/#\d+$/, "");
    if (!best.has(name)) best.set(name, job);
  }
  await selectBackend(setting.backend);
  const split = (name: "train" | "val") => readSplit(setting.datasetFolder, name, setting.input);
  const [train, val] = [await split("train"), await split("val")];
  const test = await readSplit(request.setting.datasetFolder, "test", setting.input);
  const searched = new Map(trained.map((one) => [one.candidate.network, one.val_accuracy]));
  const results: Final[] = [];
  for (const [name, job] of best) {
    const network = { ...job.network, name };
    results.push({
      network,
      latency_full_s: (await latency_s(request, network, "full"))!,
      latency_published_s: await latency_s(request, network, "published"),
      options: job.options,
      training_samples: train.samples,
      ...await tested(job, { train, val, test }),
      ...(finals.validation_too ? { val_accuracy: searched.get(name)! } : {}),
    });
  }
  return results.sort((a, b) => b.val_accuracy - a.val_accuracy);
}

/** A data set whose training split holds the validation samples as well. */
async function joinSplits({ setting, workDir }: FinalsRequest): Promise<string> {
  const folder = `${workDir}/joined`;
  await Deno.mkdir(folder, { recursive: true });
  const train = await readSplit(setting.datasetFolder, "train", setting.input);
  const val = await readSplit(setting.datasetFolder, "val", setting.input);
  const { h, w, channels } = setting.input;
  const write = async (name: string, parts: readonly Split[]) => {
    const x = new Float32Array(parts.reduce((sum, part) => sum + part.x.length, 0));
    const y = new Int32Array(x.length / (h * w * channels));
    let at = 0;
    for (const part of parts) {
      x.set(part.x, at * h * w * channels);
      y.set(part.y, at);
      at += part.samples;
    }
    await writeNpy(`${folder}/${name}.x.npy`, { shape: [at, h, w, channels], data: x });
    await writeNpy(`${folder}/${name}.y.npy`, { shape: [at], data: y });
  };
  await write("train", [train, val]);
  await write("val", [val]);
  return folder;
}

/** Networks that none beats in validation accuracy and latency, the most accurate first. */
function frontOf(trained: readonly Trained[]): Trained[] {
  const whole = trained.filter(({ candidate }) => candidate.trial?.stopped_after === undefined)
    .sort((a, b) => b.val_accuracy - a.val_accuracy || a.latency_s - b.latency_s);
  let fastest = Infinity;
  return whole.filter(({ latency_s }) => {
    const ahead = latency_s < fastest;
    if (ahead) fastest = latency_s;
    return ahead;
  });
}

function build(
  params: SearchParameters,
  { candidate }: Trained,
  dataset: DatasetArtifact,
): Network {
  const indices = decisions(params.space).map(({ name, choices }) =>
    choices.indexOf(candidate.decisions[name]!)
  );
  return buildNetwork(params.space, indices, dataset.input, dataset.classes.length);
}

async function latency_s(
  { params, protocol }: FinalsRequest,
  network: Network,
  space: DesignSpace,
): Promise<number | null> {
  const [answer] = await explore([{
    name: network.name,
    power: "intermittent",
    space,
    protocol,
    platform: params.platforms[0]!,
    network,
  }]);
  return answer!.latency_s;
}

/** A training that is over gives its weights back from the checkpoint. */
async function tested(
  { network, options, checkpoint }: TrialJob,
  { train, val, test }: Record<"train" | "val" | "test", Split>,
) {
  const { parameters, best } = await fit({ network, train, val, options, checkpoint });
  const { accuracy } = await evaluate(buildGraph(network, parameters), toTensors(parameters), test);
  return {
    val_accuracy: best.val_accuracy,
    val_loss: best.val_loss,
    best_epoch: best.epoch,
    test_accuracy: accuracy,
    test_samples: test.samples,
  };
}
