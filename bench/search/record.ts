/**
 * Records accuracies of networks of the published HAR space, to judge fidelities and methods by:
 *
 *     deno run -A bench/search/record.ts DATASET_ARTIFACT RESULT.json [NETWORKS] [EPOCHS]
 *
 * Every network is trained in full; its accuracy after each epoch is the low-fidelity figure. A run
 * that was stopped goes on where it was.
 */
import { readJson, writeWhole } from "../../base/files.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import type { Choice, SearchSpace } from "../../network/space.ts";
import { drawNetworks } from "../../stages/search/sampler.ts";
import { selectBackend } from "../../training/backend.ts";
import { readSplit, takeShare } from "../../training/data.ts";
import { fit } from "../../training/fit.ts";

/** The published HAR space (iNAS section 4). */
export const HAR_SPACE: SearchSpace = {
  type: "conv",
  dimensions: 1,
  layers: 3,
  kernels: [1, 3, 5, 7],
  channels: [4, 8, 16, 24],
  bias: false,
};
const SEED = 2026;

export interface Recorded {
  network: string;
  decisions: Record<string, Choice>;
  /** Validation accuracy after each epoch, on all training samples. */
  epochs: number[];
  /** The same on a quarter of the training samples. */
  quarter: number[];
  seconds: number;
}

if (import.meta.main) {
  const [folder, result, networks = "40", epochs = "10"] = Deno.args as [string, string];
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  await selectBackend("wasm");
  const train = await readSplit(folder, "train", dataset.input);
  const val = await readSplit(folder, "val", dataset.input);
  const few = takeShare(train, 0.25, SEED);
  const options = FitParameters.parse({
    epochs: Number(epochs),
    batch_size: 128,
    learning_rate: 0.003,
    weight_average: 0.99,
    augment: { gain: 0.1, offset: 0.2 },
    seed: SEED,
  });
  const rows: Recorded[] = await Deno.readTextFile(result)
    .then((text) => JSON.parse(text).networks, () => []);
  const draw = drawNetworks(HAR_SPACE, SEED, dataset.input, dataset.classes.length);
  for (const { sample, network, decisions } of draw) {
    if (sample >= Number(networks)) break;
    if (sample < rows.length) continue;
    const started = performance.now();
    const scores = async (split: typeof train) =>
      (await fit({ network, train: split, val, options })).epochs
        .map(({ val_accuracy }) => Number(val_accuracy.toFixed(6)));
    rows.push({
      network: network.name,
      decisions,
      epochs: await scores(train),
      quarter: await scores(few),
      seconds: Math.round((performance.now() - started) / 100) / 10,
    });
    await writeWhole(
      result,
      JSON.stringify(
        {
          dataset: dataset.name,
          caution: "HAR windows rebuilt from HAPT",
          cautions: dataset.provenance.cautions,
          samples: { train: train.samples, val: val.samples },
          space: HAR_SPACE,
          drawn_with_seed: SEED,
          options,
          backend: "wasm",
          networks: rows,
        },
        null,
        1,
      ) + "\n",
    );
    console.log(sample, network.name, rows.at(-1)!.epochs.at(-1), rows.at(-1)!.seconds);
  }
}
