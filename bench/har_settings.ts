/**
 * Training settings for HAR, chosen by validation persons alone: every setting trains the same networks,
 * each with two different fifths of the persons held out, and is judged by its mean validation accuracy.
 * The test split is not loaded.
 *
 *     deno run -A bench/har_settings.ts --data-dir FOLDER [--workers N] [--epochs N]
 */
import { parseArgs } from "node:util";
import { canonicalJson } from "../base/files.ts";
import { datasetLoader } from "../datasets/registry.ts";
import { fitNormalisation, normalise } from "../datasets/normalisation.ts";
import { FitParameters } from "../network/artifacts/training.ts";
import { buildNetwork, decisions, SearchSpace } from "../network/space.ts";
import { selectBackend } from "../training/backend.ts";
import type { Split } from "../training/data.ts";
import { fit } from "../training/fit.ts";

/** Kernel and channels of each conv: one published network, one of the space's larger ones. */
const NETWORKS = [[7, 8, 5, 8, 5, 24], [3, 16, 7, 16, 5, 16]];
const SEEDS = [1, 2];
const SPACE = SearchSpace.parse({
  type: "conv",
  dimensions: 1,
  layers: 3,
  kernels: [1, 3, 5, 7],
  channels: [4, 8, 16, 24],
});

const settings = [0.1, 0.2, 0.3].flatMap((offset) =>
  [0.003, 0.006].map((learning_rate) => ({ learning_rate, augment: { gain: 0.1, offset } }))
);

async function load(dataDir: string, seed: number): Promise<{ train: Split; val: Split }> {
  const { descriptor, load: read } = datasetLoader("har");
  const raw = await read({
    seed,
    dataDir,
    downloadDir: dataDir,
    progress: { update() {}, note() {}, warn() {} },
    signal: new AbortController().signal,
  });
  const normalisation = fitNormalisation(raw, descriptor.normalisation);
  const split = (name: "train" | "val"): Split => ({
    input: raw.input,
    x: normalise(raw.splits[name], normalisation),
    y: raw.splits[name].y,
    samples: raw.splits[name].y.length,
  });
  return { train: split("train"), val: split("val") };
}

/** Trains what falls to this worker; prints a JSON line per setting, network and seed. */
async function work(dataDir: string, worker: number, workers: number, epochs: number) {
  await selectBackend("wasm");
  let task = 0;
  for (const seed of SEEDS) {
    let data: Awaited<ReturnType<typeof load>> | undefined;
    for (const setting of settings) {
      for (const values of NETWORKS) {
        if (task++ % workers !== worker) continue;
        data ??= await load(dataDir, seed);
        const indices = decisions(SPACE).map(({ choices }, i) => choices.indexOf(values[i]!));
        const network = buildNetwork(SPACE, indices, data.train.input, 6);
        const options = FitParameters.parse({
          epochs,
          batch_size: 128,
          weight_average: 0.995,
          seed,
          ...setting,
        });
        const { best } = await fit({ network, ...data, options });
        console.log(
          JSON.stringify({ setting, network: network.name, seed, val: best.val_accuracy }),
        );
      }
    }
  }
}

async function main(dataDir: string, workers: number, epochs: number): Promise<void> {
  const outputs = await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const args = [
        "--data-dir",
        dataDir,
        "--workers",
        String(workers),
        "--epochs",
        String(epochs),
      ];
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", import.meta.filename!, ...args, "--worker", String(worker)],
        stderr: "inherit",
      });
      return new TextDecoder().decode((await command.output()).stdout);
    }),
  );
  const lines = outputs.flatMap((text) => text.trim().split("\n")).filter((text) => text !== "")
    .map((text) => JSON.parse(text) as { setting: object; val: number });
  const rows = settings.map((setting) => {
    const own = lines.filter((line) => canonicalJson(line.setting) === canonicalJson(setting));
    return {
      setting,
      runs: own.length,
      val: own.reduce((sum, { val }) => sum + val, 0) / own.length,
    };
  }).sort((a, b) => b.val - a.val);
  for (const row of rows) console.log(JSON.stringify(row));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string", default: "." },
      workers: { type: "string", default: "2" },
      worker: { type: "string" },
      epochs: { type: "string", default: "20" },
    },
  });
  const { worker, workers, epochs, "data-dir": folder } = values;
  if (worker === undefined) await main(folder, Number(workers), Number(epochs));
  else await work(folder, Number(worker), Number(workers), Number(epochs));
}
