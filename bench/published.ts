/**
 * Published networks (iNAS, TECS 2021, section 5), and one of ours for Fashion-MNIST, trained on the data at
 * hand: accuracy in floating point and as integers of the whole test split, by the runtime's kernels, beside
 * model size. One JSON line each. What was trained is kept in the folder WORK after every epoch, so that a
 * run that was cut goes on.
 *
 *     deno run -A bench/published.ts --data-dir FOLDER --work WORK [--backend NAME] [--epochs N]
 *         [--aware-epochs N] [--learn-from float|labels] [--train-samples N] NETWORK...
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { datasetLoader } from "../datasets/registry.ts";
import { fitNormalisation, normalise } from "../datasets/normalisation.ts";
import { SPLITS } from "../datasets/dataset.ts";
import { KwsSettings } from "../datasets/settings.ts";
import {
  type EpochRecord,
  FitParameters,
  type QuantisationTarget,
} from "../network/artifacts/training.ts";
import type { FloatNetwork } from "../network/float.ts";
import type { IntegerNetwork } from "../network/integer/inference.ts";
import { macs, type Network, resolveLayers } from "../network/network.ts";
import { buildNetwork, decisions, PUBLISHED_SPACES, SearchSpace } from "../network/space.ts";
import { awareRate } from "../stages/train/schema.ts";
import { integerClasses } from "../stages/quantize/integer_classes.ts";
import { type Observation, observe } from "../stages/quantize/observe.ts";
import { predictBits, quantise } from "../stages/quantize/quantise.ts";
import { refineBits } from "../stages/quantize/refine_bits.ts";
import { selectBackend } from "../training/backend.ts";
import { type Split, takeShare } from "../training/data.ts";
import { scoresOf } from "../training/evaluate.ts";
import type { Executor } from "../training/executor.ts";
import { fit } from "../training/fit.ts";
import { type Parameter, toConstants } from "../training/parameters.ts";
import { openExecutor } from "../training/team.ts";

const THREADS = navigator.hardwareConcurrency;

const SPACES = {
  ...PUBLISHED_SPACES,
  "fashion-mnist": {
    type: "conv",
    dimensions: 2,
    layers: 3,
    kernels: [1, 3, 5, 7],
    channels: [4, 8, 16, 24],
  },
} as const;
type DatasetName = keyof typeof SPACES;

/** By name: kernel and channels of each conv, or units of each fc. */
const NETWORKS: Record<string, { dataset: DatasetName; values: number[] }> = {
  cifar_cap0_01_ts1: { dataset: "cifar10", values: [5, 4, 3, 8, 5, 8, 7, 8, 7, 16] },
  cifar_cap0_001_ts3: { dataset: "cifar10", values: [3, 8, 5, 24, 5, 24, 7, 8, 3, 24] },
  cifar_cap0_001_ts2: { dataset: "cifar10", values: [3, 4, 3, 8, 5, 8, 7, 24, 7, 24] },
  har_cap0_01_ts1: { dataset: "har", values: [5, 4, 7, 8, 3, 16] },
  har_cap0_01_ts2: { dataset: "har", values: [7, 8, 5, 8, 5, 24] },
  fashion_mnist_conv: { dataset: "fashion-mnist", values: [5, 8, 5, 16, 3, 24] },
  kws_cap0_001_ts1: { dataset: "kws", values: [48, 128, 128, 96] },
  kws_cap0_01_ts3: { dataset: "kws", values: [96, 128, 48, 48] },
};

/** Epochs as published; what else is set is the preset's of pipeline.yaml. */
const OPTIONS: Record<DatasetName, object> = {
  cifar10: {
    learning_rate: 0.003,
    augment: { gain: 0, offset: 0, crop_pixels: 2, flip: true },
  },
  "fashion-mnist": { batch_size: 128 },
  har: {
    batch_size: 128,
    learning_rate: 0.003,
    weight_average: 0.995,
    augment: { gain: 0.1, offset: 0.2 },
  },
  kws: { batch_size: 100, augment: { gain: 0.1, offset: 0.1, noise: 0.2 } },
};

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

/** Share of a split whose class the float network finds. */
async function floatAccuracy(
  executor: Executor,
  parameters: readonly Parameter[],
  split: Split,
): Promise<number> {
  return scoresOf(await executor.predict(parameters, split), split).accuracy;
}

/** Codes as quantize makes them by default: calibrated on training samples, or with learned ranges. */
async function integers(
  network: Network,
  parameters: readonly Parameter[],
  train: Split,
  { element_bytes, per_channel }: QuantisationTarget,
  ranges?: Float32Array,
): Promise<IntegerNetwork> {
  const constants = toConstants(parameters);
  const float: FloatNetwork = {
    name: network.name,
    inputShape: network.input,
    layers: resolveLayers(network).map((layer) => ({ layer, ...constants.get(layer.name) })),
  };
  const int8 = element_bytes === 1;
  const sum_limit = 2 ** 31 - 1;
  const headroom = int8 ? 1 : 1.5;
  const size = train.x.length / train.samples;
  const shown = takeShare(train, 512 / train.samples, 0);
  const samples = Array.from(
    { length: shown.samples },
    (_, i) => shown.x.subarray(i * size, (i + 1) * size),
  );
  const symmetric = (range: number) => ({ minimum: -range, maximum: range, mean_square: 1 });
  const observation: Observation = ranges === undefined
    ? observe(float, samples, int8 ? { least_error_bits: 8 } : { share: 1 })
    : { input: symmetric(ranges[0]!), layers: [...ranges.slice(1)].map(symmetric) };
  let bits: readonly number[] = Array(network.layers.length + 1).fill(8);
  if (!int8) {
    bits = predictBits(float, observation, headroom, sum_limit);
    const start = { bits, headroom, sum_limit };
    for await (bits of refineBits(float, observation, samples.slice(0, 32), start, THREADS));
  }
  return quantise(float, observation, { bits, headroom, sum_limit, element_bytes, per_channel })
    .network;
}

async function integerAccuracy(codes: IntegerNetwork, { x, y, samples }: Split) {
  const started = performance.now();
  const { classes, by } = await integerClasses(codes, x, samples, THREADS, () => Promise.resolve());
  const seconds = (performance.now() - started) / 1000;
  const correct = classes.reduce((sum, c, i) => sum + Number(c === y[i]), 0);
  return { accuracy: correct / samples, by, samples_per_s: samples / seconds };
}

interface Effort {
  readonly epochs: number;
  readonly aware_epochs: number;
  readonly learn_from: "float" | "labels";
  /** Of the training split, drawn by seed; the rest is not used. */
  readonly train_samples: number;
}

async function measure(
  name: string,
  dataDir: string,
  work: string,
  backendName: string,
  effort: Effort,
) {
  const { epochs, aware_epochs, learn_from } = effort;
  const { dataset, values } = NETWORKS[name]!;
  const { train: all, val, test } = await load(dataset, dataDir) as Record<
    "train" | "val" | "test",
    Split
  >;
  const train = takeShare(all, effort.train_samples / all.samples, 1);
  const space = SearchSpace.parse(SPACES[dataset]);
  const indices = decisions(space).map(({ choices }, i) => choices.indexOf(values[i]!));
  const classes = Math.max(...train.y) + 1;
  const network = { ...buildNetwork(space, indices, train.input, classes), name };
  const backend = await selectBackend(backendName);
  const options = FitParameters.parse({ epochs, seed: 1, ...OPTIONS[dataset] });
  const { batch_size } = options;
  using executor = await openExecutor({ backend, network, batch_size, threads: THREADS });
  await Deno.mkdir(work, { recursive: true });
  const checkpoint = (what: string) => join(work, `${name}.${what}.checkpoint`);
  const onEpoch = ({ epoch, val_accuracy }: EpochRecord) =>
    console.error(`${name}: epoch ${epoch}, validation ${val_accuracy.toFixed(4)}`);
  const float = await fit({
    network,
    train,
    val,
    options,
    executor,
    checkpoint: checkpoint("float"),
    onEpoch,
  });
  const target16 = { element_bytes: 2, per_channel: false } as const;
  const int16 = await integerAccuracy(
    await integers(network, float.parameters, train, target16),
    test,
  );
  const int8: Record<string, unknown> = {};
  for (const per_channel of [false, true]) {
    const target = { element_bytes: 1, per_channel } as const;
    const what = per_channel ? "per_channel" : "per_layer";
    const after = await integerAccuracy(
      await integers(network, float.parameters, train, target),
      test,
    );
    const aware = await fit({
      network,
      train,
      val,
      options: {
        ...options,
        epochs: aware_epochs,
        learning_rate: awareRate({ learn_from }, options),
      },
      executor,
      initial: float.parameters,
      teacher: learn_from === "float" ? float.parameters : undefined,
      quantisation: target,
      checkpoint: checkpoint(`${what}.${learn_from}`),
      onEpoch,
    });
    const codes = await integers(network, aware.parameters, train, target, aware.ranges);
    int8[what] = {
      after: after.accuracy,
      trained: (await integerAccuracy(codes, test)).accuracy,
      best_epoch: aware.best.epoch,
      samples_per_s: after.samples_per_s,
    };
  }
  return {
    name,
    dataset,
    backend: backend.description,
    ...effort,
    train_samples: train.samples,
    test_samples: test.samples,
    parameters: float.parameters.reduce((sum, { data }) => sum + data.length, 0),
    macs: resolveLayers(network).reduce((sum, layer) => sum + macs(layer), 0),
    val: float.best.val_accuracy,
    float: await floatAccuracy(executor, float.parameters, test),
    int16: int16.accuracy,
    int8,
    integers_by: int16.by,
    int16_samples_per_s: int16.samples_per_s,
    load: Deno.loadavg()[0],
  };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      "data-dir": { type: "string", default: "." },
      work: { type: "string", default: "out/published" },
      backend: { type: "string", default: "auto" },
      epochs: { type: "string", default: "25" },
      // With rounded forward passes.
      "aware-epochs": { type: "string", default: "6" },
      "learn-from": { type: "string", default: "float" },
      "train-samples": { type: "string", default: "Infinity" },
    },
  });
  for (const name of positionals.length > 0 ? positionals : Object.keys(NETWORKS)) {
    const effort = {
      epochs: Number(values.epochs),
      aware_epochs: Number(values["aware-epochs"]),
      learn_from: values["learn-from"] === "labels" ? "labels" as const : "float" as const,
      train_samples: Number(values["train-samples"]),
    };
    const { "data-dir": folder, work, backend } = values;
    console.log(JSON.stringify(await measure(name, folder, work, backend, effort)));
  }
}
