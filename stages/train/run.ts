/** The train stage: fits the network that search chose, and touches the test split once. */
import { UserError } from "../../base/errors.ts";
import { readJson, writeJson, writeNpy, writeWhole } from "../../base/files.ts";
import { ArchitectureArtifact } from "../../network/artifacts/architecture.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import {
  AccuracyArtifact,
  type EpochRecord,
  type FitParameters,
  TrainingArtifact,
} from "../../network/artifacts/training.ts";
import { defineStage, type StageContext } from "../../pipeline/stage.ts";
import type { Scores } from "../../training/evaluate.ts";
import type { Grid } from "../../training/fake_quantise.ts";
import type { FitProgress, FitResult } from "../../training/fit.ts";
import type { Split } from "../../training/data.ts";
import type { Parameter } from "../../training/parameters.ts";
import type { Scalar } from "../../training/tensorboard.ts";
import { chooseBackend } from "../../training/backend_choice.ts";
import { classScores } from "./class_scores.ts";
import { awareRate, TrainParameters } from "./schema.ts";

/** In `work/`: the state after the last finished epoch. */
const CHECKPOINT = "checkpoint.bin";
const CHECKPOINT_ROUNDED = "checkpoint.rounded.bin";
const PASSED_OVER = "not set up on this machine";
/** In `work/`: TensorBoard's folder of curves. */
const CURVES = "tensorboard/events.out.tfevents.training";
/** Progress is told at most this often. */
const INTERVAL_ms = 200;

export const stage = defineStage<TrainParameters>({
  name: "train",
  summary: "trains the chosen network and scores it on the test split",
  parameters: TrainParameters,
  needs: ["dataset", "search"],
  module: import.meta.url,
  async fingerprint({ params }) {
    return { training_backend: (await chooseBackend(params.backend)).name };
  },
  async preflight({ params }) {
    try {
      await chooseBackend(params.backend);
      return [];
    } catch (error) {
      if (error instanceof UserError) return [...error.problems];
      throw error;
    }
  },
  run,
  async report(artifactDir) {
    const training = await readJson(`${artifactDir}/training.json`, TrainingArtifact);
    const accuracy = await readJson(`${artifactDir}/accuracy.json`, AccuracyArtifact);
    return [
      ["network", `${training.network.name}, ${training.parameters} parameters`],
      [
        "float accuracy",
        `test ${percent(accuracy.test.accuracy)} of ${accuracy.test.samples} samples, ` +
        `validation ${percent(accuracy.val.accuracy)}`,
      ],
      ...quantisationRows(training, accuracy),
      [
        "training",
        training.epochs.length === 0
          ? "none: the weights that were brought are kept"
          : `${training.epochs.length} epochs on ${training.backend.name}, ` +
            `best epoch ${training.best_epoch}`,
      ],
    ];
  },
});

function quantisationRows(
  { quantisation_aware: how }: TrainingArtifact,
  { quantisation_aware: scores }: AccuracyArtifact,
): [string, string][] {
  if (how === undefined || scores === undefined) return [];
  const { before, rounded } = scores;
  return [[
    `prepared for ${8 * how.element_bytes} bits`,
    `test ${percent(rounded.test.accuracy)} rounded, ${
      percent(before.test.accuracy)
    } float before; ` +
    `${how.epochs.length} epochs, best epoch ${how.best_epoch}`,
  ]];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function describe({ epoch, epochs, loss, samples_per_s, best_val_accuracy }: FitProgress): string {
  return `epoch ${epoch} of ${epochs}, loss ${loss.toFixed(3)}, ` +
    (best_val_accuracy === undefined ? "" : `best validation ${percent(best_val_accuracy)}, `) +
    `${Math.round(samples_per_s)} samples/s`;
}

/** The curves that TensorBoard shows. */
function curves(epochs: readonly EpochRecord[]): Scalar[] {
  return epochs.flatMap(({ epoch, ...figures }) =>
    Object.entries(figures).flatMap(([tag, value]) =>
      value === undefined ? [] : [{ tag, step: epoch, value }]
    )
  );
}

async function run(context: StageContext<TrainParameters>): Promise<void> {
  const { params, artifactDir, workDir, progress, signal, threads } = context;
  // Loaded here, not above: a run that finds everything in the cache need not wait for TensorFlow.js.
  const { describeBackend, selectBackend } = await import("../../training/backend.ts");
  const { fit } = await import("../../training/fit.ts");
  const { buildGraph } = await import("../../training/forward.ts");
  const { scoresOf: scoresOfPrediction } = await import("../../training/evaluate.ts");
  const { openExecutor } = await import("../../training/team.ts");
  const { readSplit } = await import("../../training/data.ts");
  const { requireAxes, sensorFrame } = await import("../../training/sensor_frame.ts");
  const { activationBits, onGrid } = await import("../../training/fake_quantise.ts");
  const { parameterFile, readParameters, toArtifactLayout, toConstants, writeParameters } =
    await import("../../training/parameters.ts");
  const { eventFile } = await import("../../training/tensorboard.ts");
  const { noLayersModel, toLayersModel, writeLayersModel } = await import(
    "../../training/layers_model.ts"
  );
  const { exportOnnx } = await import("../../network/onnx/export.ts");

  const folder = context.input("dataset");
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  const { network, classes, imported } = await readJson(
    `${context.input("search")}/architecture.json`,
    ArchitectureArtifact,
  );
  const backend = await selectBackend(params.backend);
  for (const line of describeBackend(backend)) progress.note(line);

  const { backend: _, imported: use, quantisation_aware: aware, ...options } = params;
  const brought = imported === undefined || use === "retrain"
    ? undefined
    : await readParameters(context.input("search"), network);
  const frame = sensorFrame(dataset);
  requireAxes(options.augment, frame, "train.augment.rotate_degrees");
  const train = await readSplit(folder, "train", dataset.input, frame);
  const val = await readSplit(folder, "val", dataset.input);
  const { batch_size } = options;
  using executor = await openExecutor({ backend, network, batch_size, threads });
  let told = -Infinity;
  const onProgress = (what: string) => (state: FitProgress) => {
    if (performance.now() - told < INTERVAL_ms) return;
    told = performance.now();
    progress.update(what + describe(state), state.fraction);
  };
  let float: Pick<FitResult, "parameters" | "epochs"> & { best?: EpochRecord };
  if (brought !== undefined && use === "keep") {
    progress.note(`the weights of ${imported!.file} are kept: train.imported says "keep"`);
    float = { parameters: brought, epochs: [] };
  } else {
    float = await fit({
      network,
      train,
      val,
      options,
      initial: brought,
      executor,
      checkpoint: `${workDir}/${CHECKPOINT}`,
      signal,
      onProgress: onProgress(""),
    });
  }
  const target = aware === null
    ? undefined
    : { element_bytes: aware.element_bytes, per_channel: aware.per_channel };
  const rounded = aware === null || target === undefined ? undefined : await fit({
    network,
    train,
    val,
    options: {
      ...options,
      epochs: aware.epochs,
      learning_rate: awareRate(aware, options),
      warmup_epochs: undefined,
      patience: null,
    },
    initial: float.parameters,
    teacher: aware.learn_from === "float" ? float.parameters : undefined,
    quantisation: target,
    executor,
    checkpoint: `${workDir}/${CHECKPOINT_ROUNDED}`,
    signal,
    onProgress: onProgress("with rounding: "),
  });
  const { best, epochs } = float;
  const parameters = rounded?.parameters ?? float.parameters;

  await writeWhole(
    `${workDir}/${CURVES}`,
    eventFile([
      ...curves(epochs),
      ...curves(rounded?.epochs ?? []).map(({ tag, ...rest }) => ({
        tag: `rounded/${tag}`,
        ...rest,
      })),
    ], Date.now() / 1000),
  );
  const graph = buildGraph(network, parameters);
  const test = await readSplit(folder, "test", dataset.input);
  const scoresOf = async (weights: readonly Parameter[], grid?: Grid) => {
    const on = async (split: Split) =>
      scoresOfPrediction(await executor.predict(weights, split, { signal, grid }), split);
    return { val: await on(val), test: await on(test) };
  };
  const { val: valScores, test: testScores } = await scoresOf(parameters);
  const plain = ({ val: onVal, test: onTest }: { val: Scores; test: Scores }) => ({
    val: { samples: val.samples, loss: onVal.loss, accuracy: onVal.accuracy },
    test: { samples: test.samples, loss: onTest.loss, accuracy: onTest.accuracy },
  });
  let beside = {};
  let record = {};
  if (aware !== null && target !== undefined && rounded !== undefined) {
    const on = onGrid(graph, parameters, rounded.ranges!, target);
    beside = {
      quantisation_aware: {
        before: plain(await scoresOf(float.parameters)),
        rounded: plain(await scoresOf(on.parameters, on.grid)),
      },
    };
    const [input_range, ...ranges] = rounded.ranges!;
    record = {
      quantisation_aware: {
        ...target,
        activation_bits: activationBits(target),
        learn_from: aware.learn_from,
        learning_rate: awareRate(aware, options),
        epochs: [...rounded.epochs],
        best_epoch: rounded.best.epoch,
        input_range,
        ranges: network.layers.map(({ name }, i) => ({ layer: name, range: ranges[i]! })),
      },
    };
  }

  const absent = noLayersModel(network);
  if (absent === undefined) {
    const model = toLayersModel(network, parameters);
    await writeLayersModel(`${artifactDir}/model`, model);
    model.dispose();
  } else progress.note(`no TensorFlow.js model is written: ${absent}`);
  await writeNpy(`${artifactDir}/test.predicted.npy`, {
    shape: [test.samples],
    data: testScores.predicted,
  });
  await writeWhole(`${artifactDir}/model.onnx`, exportOnnx(network, toConstants(parameters)));
  await writeParameters(artifactDir, parameters);
  await writeJson(`${artifactDir}/training.json`, TrainingArtifact, {
    network,
    classes,
    parameters: parameters.reduce((sum, { data }) => sum + data.length, 0),
    backend: {
      name: backend.name,
      description: backend.description,
      // Why differs from machine to machine: that is told on the screen.
      passed_over: backend.passed_over.map(({ name }) => ({ name, reason: PASSED_OVER })),
    },
    options: options satisfies FitParameters,
    determinism: backend.determinism,
    epochs: [...epochs],
    best_epoch: best?.epoch ?? 0,
    ...record,
    weights: parameters.map((parameter) => ({
      layer: parameter.layer,
      kind: parameter.kind === "bias" ? "bias" as const : "kernel" as const,
      file: parameterFile(parameter),
      shape: toArtifactLayout(parameter).shape,
    })),
  });
  await writeJson(`${artifactDir}/accuracy.json`, AccuracyArtifact, {
    network: network.name,
    dataset: dataset.name,
    classes,
    ...beside,
    val: plain({ val: valScores, test: testScores }).val,
    test: {
      ...plain({ val: valScores, test: testScores }).test,
      confusion: testScores.confusion.map((row) => [...row]),
      per_class: classScores(classes, testScores.confusion),
    },
    cautions: dataset.provenance.cautions,
  });
}
