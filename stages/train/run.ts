/** The train stage: fits the network that search chose, and touches the test split once. */
import { UserError } from "../../base/errors.ts";
import { readJson, writeJson, writeWhole } from "../../base/files.ts";
import { ArchitectureArtifact } from "../../network/artifacts/architecture.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import {
  AccuracyArtifact,
  type EpochRecord,
  type FitParameters,
  TrainingArtifact,
} from "../../network/artifacts/training.ts";
import { defineStage, type StageContext } from "../../pipeline/stage.ts";
import type { FitProgress } from "../../training/fit.ts";
import type { Scalar } from "../../training/tensorboard.ts";
import { chooseBackend } from "../../training/backend_choice.ts";
import { classScores } from "./class_scores.ts";
import { TrainParameters } from "./schema.ts";

/** In `work/`: the state after the last finished epoch. */
const CHECKPOINT = "checkpoint.bin";
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
      [
        "training",
        `${training.epochs.length} epochs on ${training.backend.name}, ` +
        `best epoch ${training.best_epoch}`,
      ],
    ];
  },
});

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
    Object.entries(figures).map(([tag, value]) => ({ tag, step: epoch, value }))
  );
}

async function run(context: StageContext<TrainParameters>): Promise<void> {
  const { params, artifactDir, workDir, progress, signal } = context;
  // Loaded here, not above: a run that finds everything in the cache need not wait for TensorFlow.js.
  const { describeBackend, selectBackend } = await import("../../training/backend.ts");
  const { fit } = await import("../../training/fit.ts");
  const { buildGraph } = await import("../../training/forward.ts");
  const { evaluate } = await import("../../training/evaluate.ts");
  const { readSplit } = await import("../../training/data.ts");
  const { parameterFile, toArtifactLayout, writeParameters } = await import(
    "../../training/parameters.ts"
  );
  const { toTensors } = await import("../../training/backward.ts");
  const { eventFile } = await import("../../training/tensorboard.ts");
  const { toLayersModel, writeLayersModel } = await import("../../training/layers_model.ts");

  const folder = context.input("dataset");
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  const { network, classes } = await readJson(
    `${context.input("search")}/architecture.json`,
    ArchitectureArtifact,
  );
  const backend = await selectBackend(params.backend);
  for (const line of describeBackend(backend)) progress.note(line);

  const { backend: _, ...options } = params;
  const train = await readSplit(folder, "train", dataset.input);
  const val = await readSplit(folder, "val", dataset.input);
  let told = -Infinity;
  const { parameters, best, epochs } = await fit({
    network,
    train,
    val,
    options,
    checkpoint: `${workDir}/${CHECKPOINT}`,
    signal,
    onProgress: (state) => {
      if (performance.now() - told < INTERVAL_ms) return;
      told = performance.now();
      progress.update(describe(state), state.fraction);
    },
  });

  await writeWhole(`${workDir}/${CURVES}`, eventFile(curves(epochs), Date.now() / 1000));
  const graph = buildGraph(network, parameters);
  const test = await readSplit(folder, "test", dataset.input);
  const tensors = toTensors(parameters);
  const valScores = await evaluate(graph, tensors, val, signal);
  const testScores = await evaluate(graph, tensors, test, signal);
  for (const tensor of tensors) tensor.dispose();

  const model = toLayersModel(network, parameters);
  await writeLayersModel(`${artifactDir}/model`, model);
  model.dispose();
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
    best_epoch: best.epoch,
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
    val: { samples: val.samples, loss: valScores.loss, accuracy: valScores.accuracy },
    test: {
      samples: test.samples,
      loss: testScores.loss,
      accuracy: testScores.accuracy,
      confusion: testScores.confusion.map((row) => [...row]),
      per_class: classScores(classes, testScores.confusion),
    },
    cautions: dataset.provenance.cautions,
  });
}
