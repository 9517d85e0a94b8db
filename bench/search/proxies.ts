/**
 * Zero-cost proxies that look at data, of untrained networks on one batch: gradient norm, SNIP (Lee et
 * al. 2019: sum of |weight x gradient|) and NASWOT (Mellor et al. 2021: how differently the ReLUs of a
 * network answer to different samples, as log-determinant). Recorded for the networks of
 * har_accuracies.json:
 *
 *     deno run -A bench/search/proxies.ts DATASET_ARTIFACT
 */
import * as tf from "@tensorflow/tfjs-core";
import { writeWhole } from "../../base/files.ts";
import { Random } from "../../base/random.ts";
import { buildNetwork, decisions } from "../../network/space.ts";
import { selectBackend } from "../../training/backend.ts";
import { lossAndGradients, toTensors } from "../../training/backward.ts";
import { type Batch, gather, readSplit } from "../../training/data.ts";
import { buildGraph, forward, type Graph } from "../../training/forward.ts";
import { initialParameters, type Parameter } from "../../training/parameters.ts";
import { HAR_SPACE, type Recorded } from "./record.ts";
import { mean } from "./statistics.ts";

/** What a network scores, higher meaning better. */
export interface Proxies {
  readonly network: string;
  readonly gradient_norm: number;
  readonly snip: number;
  readonly naswot: number;
}

/** Draws of the weights over which a proxy is the mean. */
const SEEDS = [1, 2, 3];
const BATCH = 128;
const INPUT = { h: 128, w: 1, channels: 9 };

async function ofGradients(graph: Graph, parameters: readonly Parameter[], batch: Batch) {
  const { gradients } = await lossAndGradients(graph, parameters, INPUT, batch);
  let squares = 0;
  let products = 0;
  gradients.forEach((gradient, k) =>
    gradient.forEach((g, i) => {
      squares += g * g;
      products += Math.abs(g * parameters[k]!.data[i]!);
    })
  );
  return { gradient_norm: Math.sqrt(squares), snip: products };
}

/** Log-determinant of how many ReLU states each pair of samples shares. */
async function naswot(graph: Graph, parameters: readonly Parameter[], batch: Batch) {
  const samples = batch.y.length;
  const shared = tf.tidy(() => {
    const x = tf.tensor4d(batch.x, [samples, INPUT.h, INPUT.w, INPUT.channels]);
    const maps = forward(graph, toTensors(parameters), x);
    const counts = maps.flatMap((map, i) => {
      if (graph.layers[i]!.activation !== "relu") return [];
      const on = tf.reshape(tf.cast(tf.greater(map, 0), "float32"), [samples, -1]);
      const off = tf.sub(1, on);
      return [
        tf.add(tf.matMul(on, on, false, true), tf.matMul(off, off, false, true)) as tf.Tensor2D,
      ];
    });
    return tf.addN(counts);
  });
  const matrix = await shared.array() as number[][];
  shared.dispose();
  return logDeterminant(matrix);
}

/** Of a symmetric positive semidefinite matrix, by Cholesky; a hair on the diagonal keeps it definite. */
function logDeterminant(matrix: readonly (readonly number[])[]): number {
  const size = matrix.length;
  const lower = matrix.map(() => new Float64Array(size));
  let sum = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i]![j]! * (i === j ? 1 + 1e-9 : 1);
      for (let k = 0; k < j; k++) rest -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(Math.max(rest, 1e-12)) : rest / lower[j]![j]!;
    }
    sum += 2 * Math.log(lower[i]![i]!);
  }
  return sum;
}

if (import.meta.main) {
  const [folder] = Deno.args as [string];
  await selectBackend("wasm");
  const train = await readSplit(folder, "train", INPUT);
  const order = new Random(1, "bench/proxies").shuffle(
    Int32Array.from({ length: train.samples }, (_, i) => i),
  );
  const batch = gather(train, order.subarray(0, BATCH));
  const { networks } = JSON.parse(
    await Deno.readTextFile(`${import.meta.dirname}/har_accuracies.json`),
  ) as { networks: Recorded[] };
  const open = decisions(HAR_SPACE);
  const rows: Proxies[] = [];
  for (const recorded of networks) {
    const indices = open.map(({ name, choices }) => choices.indexOf(recorded.decisions[name]!));
    const network = buildNetwork(HAR_SPACE, indices, INPUT, 6);
    const draws: Record<"gradient_norm" | "snip" | "naswot", number>[] = [];
    for (const seed of SEEDS) {
      const parameters = initialParameters(network, seed);
      const graph = buildGraph(network, parameters);
      draws.push({
        ...await ofGradients(graph, parameters, batch),
        naswot: await naswot(graph, parameters, batch),
      });
    }
    const over = (key: "gradient_norm" | "snip" | "naswot") =>
      Number(mean(draws.map((draw) => draw[key])).toPrecision(6));
    rows.push({
      network: network.name,
      gradient_norm: over("gradient_norm"),
      snip: over("snip"),
      naswot: over("naswot"),
    });
  }
  const lines = rows.map((row) => JSON.stringify(row)).join(",\n");
  await writeWhole(`${import.meta.dirname}/har_proxies.json`, `[\n${lines}\n]\n`);
}
