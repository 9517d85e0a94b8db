/**
 * How a supernet's inherited weights rank the recorded networks of the HAR space:
 *
 *     deno run -A bench/search/supernet_tau.ts DATASET_ARTIFACT RESULT.json SAMPLING PER_STEP EPOCHS RATE
 */
import { writeWhole } from "../../base/files.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import { buildNetwork, decisions, spaceSize } from "../../network/space.ts";
import { indicesOf } from "../../stages/search/sampler.ts";
import { inheritedLosses, type Sampling, trainSupernet } from "../../stages/search/supernet.ts";
import { selectBackend } from "../../training/backend.ts";
import { readSplit } from "../../training/data.ts";
import { kendall } from "./statistics.ts";
import { HAR_SPACE, type Recorded } from "./record.ts";

const [folder, result, sampling, perStep, epochs, rate] = Deno.args as [
  string,
  string,
  Sampling,
  string,
  string,
  string,
];
await selectBackend("wasm");
const input = { h: 128, w: 1, channels: 9 };
const train = await readSplit(folder, "train", input);
const val = await readSplit(folder, "val", input);
const { networks: recorded } = JSON.parse(
  await Deno.readTextFile(`${import.meta.dirname}/har_accuracies.json`),
) as { networks: Recorded[] };
const open = decisions(HAR_SPACE);
const build = (indices: readonly number[]) => buildNetwork(HAR_SPACE, indices, input, 6);
const networks = recorded.map((one) =>
  build(open.map(({ name, choices }) => choices.indexOf(one.decisions[name]!)))
);
const radices = open.map(({ choices }) => choices.length);
const started = performance.now();
const supernet = await trainSupernet({
  networks: Array.from({ length: spaceSize(HAR_SPACE) }, (_, i) => build(indicesOf(i, radices))),
  train,
  val,
  sampling,
  per_step: Number(perStep),
  options: FitParameters.parse({
    epochs: Number(epochs),
    batch_size: 128,
    learning_rate: Number(rate),
    weight_average: 0.99,
    augment: { gain: 0.1, offset: 0.2 },
    seed: 1,
  }),
});
const trained = performance.now();
const losses = await inheritedLosses({
  supernet,
  networks,
  val,
  seed: 1,
  closely: networks.length,
});
const line = {
  sampling,
  per_step: Number(perStep),
  epochs: Number(epochs),
  learning_rate: Number(rate),
  kendall_tau: Number(
    kendall([...losses].map((loss) => -loss), recorded.map((one) => Math.max(...one.epochs)))
      .toFixed(3),
  ),
  samples_trained: train.samples * Number(epochs) * Number(perStep),
  train_s: Math.round((trained - started) / 1000),
};
console.log(JSON.stringify(line));
await writeWhole(result, JSON.stringify(line) + "\n");
