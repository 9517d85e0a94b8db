/**
 * What it costs to find a good network for HAR within 18.4 s at 5 mF (where TiNAS reports 91.21 %):
 *
 *     deno run -A bench/search/har.ts DATASET_ARTIFACT FOLDER METHOD
 *
 * and on demand the required seconds, the seed, and `brownout`: costs of our own runtime instead.
 * METHOD: `reinforce` (100 trials x 25 epochs, as published) or `default` (random in rungs), or `evolution` in
 * rungs. Costs are those of the published model. The chosen network is then trained once more and tested. Resumes.
 */
import { canonicalJson, readJson, writeWhole } from "../../base/files.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import { explore } from "../../native/mod.ts";
import { Protocol } from "../../network/platform.ts";
import { Crew, trainAll } from "../../stages/search/pool.ts";
import { SearchParameters } from "../../stages/search/schema.ts";
import { search } from "../../stages/search/search.ts";
import { selectBackend } from "../../training/backend.ts";
import { toTensors } from "../../training/backward.ts";
import { readSplit } from "../../training/data.ts";
import { evaluate } from "../../training/evaluate.ts";
import { fit } from "../../training/fit.ts";
import { buildGraph } from "../../training/forward.ts";

const OURS = { profile: "msp430fr5994-spi", capacitance_F: 0.005, harvester_ohm: 41 };
export const PLATFORM = {
  profile: "msp430fr5994-inas2021",
  capacitance_F: 0.005,
  harvester_ohm: 41,
};
const TRAINING = {
  batch_size: 128,
  learning_rate: 0.003,
  weight_average: 0.99,
  augment: { gain: 0.1, offset: 0.2 },
};
const METHODS = {
  reinforce: { method: "reinforce", trials: 100, epochs: 25 },
  default: {
    method: "random",
    trials: 32,
    epochs: 8,
    halving: { rungs: [1, 2, 4], keep: 0.5 },
    max_samples: 4096,
  },
  evolution: {
    method: "evolution",
    trials: 40,
    epochs: 8,
    halving: { rungs: [1, 2, 4], keep: 0.5 },
    max_samples: 4096,
  },
} as const;

if (import.meta.main) {
  const [folder, out, name, required = "18.4", seed = "1", protocol = "inas2021"] = Deno.args as [
    string,
    string,
    keyof typeof METHODS,
    string?,
    string?,
    string?,
  ];
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  const params = SearchParameters.parse({
    ...TRAINING,
    ...METHODS[name],
    seed: Number(seed),
    space: "har",
    platforms: [protocol === "brownout" ? OURS : PLATFORM],
    requirement_s: Number(required),
  });
  const setting = {
    datasetFolder: folder,
    input: dataset.input,
    subset: 1,
    subsetSeed: 1,
    backend: "wasm",
  };
  const signal = new AbortController().signal;
  const started = performance.now();
  using crew = new Crew();
  const { trials, best, network, pareto } = await search({
    params,
    input: dataset.input,
    classes: dataset.classes.length,
    backend: "wasm",
    identity: canonicalJson({ params, dataset }),
    workDir: `${out}/${name}-${required}-${seed}-${protocol}`,
    setting,
    explore: (networks, platform, power) =>
      explore(
        networks.map((one) => ({
          name: one.name,
          power,
          space: "published",
          protocol: Protocol.parse(protocol),
          platform,
          network: one,
        })),
      ),
    advise: () => Promise.resolve([]),
    train: (round) => trainAll({ ...round, crew, setting, threads: 2, signal }),
    progress: { update() {}, note: console.log, warn: console.warn },
    signal,
  });
  await selectBackend("wasm");
  const train = await readSplit(folder, "train", dataset.input);
  const val = await readSplit(folder, "val", dataset.input);
  const test = await readSplit(folder, "test", dataset.input);
  const options = FitParameters.parse({ ...TRAINING, weight_average: 0.995, epochs: 20 });
  const { parameters } = await fit({ network, train, val, options });
  const scores = await evaluate(buildGraph(network, parameters), toTensors(parameters), test);
  const result = {
    method: name,
    protocol,
    seed: Number(seed),
    required_s: Number(required),
    caution: "HAR windows rebuilt from HAPT",
    network: network.name,
    latency_s: best.latency_s,
    val_accuracy_in_search: best.val_accuracy,
    test_accuracy: scores.accuracy,
    asked: trials.sampled,
    trained: trials.candidates.filter(({ trial }) => trial !== null).length,
    epochs_trained: trials.epochs_trained,
    samples_trained: trials.epochs_trained * train.samples,
    seconds: Math.round((performance.now() - started) / 1000),
    /** Best validation accuracy so far after each trained network: epochs spent, accuracy. */
    curve: curve(trials.candidates),
    front: pareto.points.filter(({ on_front }) => on_front),
  };
  await writeWhole(`${out}/${name}-${required}-${seed}-${protocol}.json`, canonicalJson(result));
  console.log(JSON.stringify({ ...result, curve: undefined, front: undefined }));
}

function curve(candidates: Awaited<ReturnType<typeof search>>["trials"]["candidates"]) {
  let epochs = 0;
  let best = 0;
  return candidates.flatMap(({ trial }) => {
    if (trial === null) return [];
    epochs += trial.epochs.length;
    best = Math.max(best, trial.val_accuracy);
    return [[epochs, best]];
  });
}
