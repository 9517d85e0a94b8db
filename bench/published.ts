/**
 * Published networks (iNAS, TECS 2021, section 5) trained on the data at hand: accuracy in floating point
 * and as integers, beside model size. One network per process, one JSON line each.
 *
 *     deno run -A bench/published.ts --data-dir FOLDER [--backend NAME] [--epochs N]
 *         [--aware-epochs N] [--train-samples N] NETWORK...
 */
import { parseArgs } from "node:util";
import { datasetLoader } from "../datasets/registry.ts";
import { fitNormalisation, normalise } from "../datasets/normalisation.ts";
import { SPLITS } from "../datasets/dataset.ts";
import { KwsSettings } from "../datasets/settings.ts";
import { FitParameters, type QuantisationTarget } from "../network/artifacts/training.ts";
import type { FloatNetwork } from "../network/float.ts";
import { argmax, IntegerInference, quantiseInput } from "../network/integer/inference.ts";
import { macs, type Network, resolveLayers } from "../network/network.ts";
import { buildNetwork, decisions, PUBLISHED_SPACES, SearchSpace } from "../network/space.ts";
import { observe } from "../stages/quantize/observe.ts";
import { predictBits, quantise } from "../stages/quantize/quantise.ts";
import { refineBits } from "../stages/quantize/refine_bits.ts";
import { selectBackend } from "../training/backend.ts";
import { toTensors } from "../training/backward.ts";
import { type Split, takeShare } from "../training/data.ts";
import { evaluate } from "../training/evaluate.ts";
import { activationBits, onGrid } from "../training/fake_quantise.ts";
import { fit } from "../training/fit.ts";
import { buildGraph } from "../training/forward.ts";
import { type Parameter, toConstants } from "../training/parameters.ts";
import { observeRanges } from "../training/ranges.ts";

type DatasetName = keyof typeof PUBLISHED_SPACES;

/** By name: kernel and channels of each conv, or units of each fc. */
const NETWORKS: Record<string, { dataset: DatasetName; values: number[] }> = {
  cifar_cap0_01_ts1: { dataset: "cifar10", values: [5, 4, 3, 8, 5, 8, 7, 8, 7, 16] },
  cifar_cap0_001_ts3: { dataset: "cifar10", values: [3, 8, 5, 24, 5, 24, 7, 8, 3, 24] },
  cifar_cap0_001_ts2: { dataset: "cifar10", values: [3, 4, 3, 8, 5, 8, 7, 24, 7, 24] },
  har_cap0_01_ts1: { dataset: "har", values: [5, 4, 7, 8, 3, 16] },
  har_cap0_01_ts2: { dataset: "har", values: [7, 8, 5, 8, 5, 24] },
  kws_cap0_001_ts1: { dataset: "kws", values: [48, 128, 128, 96] },
  kws_cap0_01_ts3: { dataset: "kws", values: [96, 128, 48, 48] },
};

/** Epochs as published; what else is set is the preset's of pipeline.yaml. */
const OPTIONS: Record<DatasetName, object> = {
  cifar10: {
    batch_size: 256,
    augment: { gain: 0, offset: 0, flip: true },
  },
  har: {
    batch_size: 128,
    learning_rate: 0.003,
    weight_average: 0.995,
    augment: { gain: 0.1, offset: 0.2 },
  },
  kws: { batch_size: 100, augment: { gain: 0.1, offset: 0.1, noise: 0.2 } },
};

/** Test samples on which 16-bit integer inference in TypeScript runs, beside float on the same ones. */
const INTEGER_SAMPLES: Record<DatasetName, number> = { cifar10: 1000, har: 2996, kws: 10_000 };

async function load(dataset: DatasetName, dataDir: string): Promise<Record<string, Split>> {
  const { descriptor, load: read } = datasetLoader(dataset);
  const raw = await read({
    seed: 1,
    dataDir,
    settings: { kws: KwsSettings.parse({ features: "49x10" }) },
    downloadDir: dataDir,
    progress: { update() {}, note() {}, warn() {} },
    signal: new AbortController().signal,
  });
  const normalisation = fitNormalisation(raw, descriptor.normalisation);
  return Object.fromEntries(SPLITS.map((name) => {
    const { y } = raw.splits[name];
    const x = normalise(raw.splits[name], normalisation);
    return [name, { input: raw.input, x, y, samples: y.length }];
  }));
}

async function score(
  network: Network,
  parameters: readonly Parameter[],
  split: Split,
  ranges?: Float32Array,
  target?: QuantisationTarget,
): Promise<number> {
  const graph = buildGraph(network, parameters);
  const on = target === undefined ? undefined : onGrid(graph, parameters, ranges!, target);
  const tensors = toTensors(on?.parameters ?? parameters);
  const { accuracy } = await evaluate(graph, tensors, split, undefined, on?.grid);
  for (const tensor of tensors) tensor.dispose();
  return accuracy;
}

/** Accuracy after training quantisation to 16 bits, by integer inference on the first samples. */
function integer16(
  network: Network,
  parameters: readonly Parameter[],
  train: Split,
  test: Split,
  count: number,
): number {
  const constants = toConstants(parameters);
  const float: FloatNetwork = {
    name: network.name,
    inputShape: network.input,
    layers: resolveLayers(network).map((layer) => ({ layer, ...constants.get(layer.name) })),
  };
  const size = train.x.length / train.samples;
  const shown = takeShare(train, 256 / train.samples, 0);
  const samples = Array.from(
    { length: shown.samples },
    (_, i) => shown.x.subarray(i * size, (i + 1) * size),
  );
  const observation = observe(float, samples);
  const headroom = 1.5;
  const sum_limit = 2 ** 31 - 1;
  let bits: readonly number[] = predictBits(float, observation, headroom, sum_limit);
  const start = { bits, headroom, sum_limit };
  for (bits of refineBits(float, observation, samples.slice(0, 16), start));
  const { network: codes } = quantise(float, observation, { ...start, bits });
  const inference = new IntegerInference(codes);
  let correct = 0;
  for (let i = 0; i < count; i++) {
    const x = quantiseInput(codes, test.x.subarray(i * size, (i + 1) * size));
    if (argmax(inference.run(x)) === test.y[i]) correct++;
  }
  return correct / count;
}

interface Effort {
  readonly epochs: number;
  readonly aware_epochs: number;
  /** Of the training split, drawn by seed; the rest is not used. */
  readonly train_samples: number;
}

async function measure(name: string, dataDir: string, backendName: string, effort: Effort) {
  const { epochs, aware_epochs } = effort;
  const { dataset, values } = NETWORKS[name]!;
  const { train: all, val, test } = await load(dataset, dataDir) as Record<
    "train" | "val" | "test",
    Split
  >;
  const train = takeShare(all, effort.train_samples / all.samples, 1);
  const space = SearchSpace.parse(PUBLISHED_SPACES[dataset]);
  const indices = decisions(space).map(({ choices }, i) => choices.indexOf(values[i]!));
  const classes = Math.max(...train.y) + 1;
  const network = { ...buildNetwork(space, indices, train.input, classes), name };
  const backend = await selectBackend(backendName);
  const options = FitParameters.parse({ epochs, seed: 1, ...OPTIONS[dataset] });
  const started = performance.now();
  const float = await fit({ network, train, val, options });
  const training_s = (performance.now() - started) / 1000;

  const eight: Record<string, { after: number; aware: number }> = {};
  for (const per_channel of [false, true]) {
    const target = { element_bytes: 1, per_channel } as const;
    const tensors = toTensors(float.parameters);
    const graph = buildGraph(network, float.parameters);
    const shown = takeShare(train, 256 / train.samples, 1);
    const ranges = await observeRanges(graph, tensors, shown, activationBits(target));
    for (const tensor of tensors) tensor.dispose();
    const aware = await fit({
      network,
      train,
      val,
      options: {
        ...options,
        epochs: aware_epochs,
        learning_rate: options.learning_rate / 10,
      },
      initial: float.parameters,
      quantisation: target,
    });
    eight[per_channel ? "per_channel" : "per_layer"] = {
      after: await score(network, float.parameters, test, ranges, target),
      aware: await score(network, aware.parameters, test, aware.ranges, target),
    };
  }
  const count = Math.min(INTEGER_SAMPLES[dataset], test.samples);
  const size = test.x.length / test.samples;
  const first = {
    ...test,
    samples: count,
    x: test.x.subarray(0, count * size),
    y: test.y.subarray(0, count),
  };
  return {
    name,
    dataset,
    backend: backend.description,
    epochs,
    aware_epochs,
    train_samples: train.samples,
    test_samples: test.samples,
    parameters: float.parameters.reduce((sum, { data }) => sum + data.length, 0),
    macs: resolveLayers(network).reduce((sum, layer) => sum + macs(layer), 0),
    val: float.best.val_accuracy,
    float: await score(network, float.parameters, test),
    eight,
    sixteen: {
      samples: count,
      float: await score(network, float.parameters, first),
      integer: integer16(network, float.parameters, train, test, count),
    },
    training_s,
    samples_per_s: epochs * train.samples / training_s,
    load: Deno.loadavg()[0],
  };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      "data-dir": { type: "string" },
      backend: { type: "string", default: "auto" },
      epochs: { type: "string", default: "25" },
      // With rounded forward passes, at a tenth of the learning rate.
      "aware-epochs": { type: "string", default: "6" },
      "train-samples": { type: "string", default: "Infinity" },
    },
  });
  for (const name of positionals.length > 0 ? positionals : Object.keys(NETWORKS)) {
    const effort = {
      epochs: Number(values.epochs),
      aware_epochs: Number(values["aware-epochs"]),
      train_samples: Number(values["train-samples"]),
    };
    const { "data-dir": folder = ".", backend } = values;
    console.log(JSON.stringify(await measure(name, folder, backend, effort)));
  }
}
