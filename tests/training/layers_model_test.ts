import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../base/random.ts";
import { UserError } from "../../base/errors.ts";
import { Network } from "../../network/network.ts";
import { selectBackend } from "../../training/backend.ts";
import { toTensors } from "../../training/backward.ts";
import { buildGraph, forward } from "../../training/forward.ts";
import {
  noLayersModel,
  readLayersModel,
  toLayersModel,
  writeLayersModel,
} from "../../training/layers_model.ts";
import {
  initialParameters,
  type Parameter,
  readParameters,
  toArtifactLayout,
  writeParameters,
} from "../../training/parameters.ts";

await selectBackend("wasm");

/** Every layer type in one network. */
const network = Network.parse({
  name: "all",
  input: { h: 9, w: 8, channels: 3 },
  layers: [
    {
      name: "a",
      type: "conv",
      kernel: { h: 3, w: 2 },
      channels: 4,
      padding: { top: 1, bottom: 1, left: 1, right: 0 },
      activation: "relu",
      bias: true,
    },
    { name: "b", type: "depthwise_conv", kernel: { h: 1, w: 1 }, bias: true },
    { name: "c", type: "add", inputs: ["a", "b"], activation: "relu" },
    { name: "d", type: "concat", inputs: ["c", "a"] },
    {
      name: "e",
      type: "max_pool",
      kernel: { h: 2, w: 2 },
      stride: { h: 2, w: 2 },
    },
    { name: "f", type: "avg_pool", kernel: { h: 2, w: 1 } },
    { name: "h", type: "conv", kernel: { h: 2, w: 2 }, channels: 5 },
    { name: "i", type: "global_avg_pool", inputs: ["h"] },
    { name: "j", type: "fc", channels: 6, inputs: ["h"], activation: "relu", bias: true },
    { name: "k", type: "flatten", inputs: ["h"] },
    { name: "l", type: "fc", channels: 6, bias: true },
    { name: "m", type: "add", inputs: ["j", "l"] },
    { name: "out", type: "fc", channels: 4, bias: true },
  ],
});

function randomised(seed: number): Parameter[] {
  const parameters = initialParameters(network, seed);
  const random = new Random(seed, "bias");
  for (const { kind, data } of parameters) {
    if (kind === "bias") data.forEach((_, i) => data[i] = random.normal());
  }
  return parameters;
}

const random = new Random(1, "x");
const samples = Float32Array.from({ length: 5 * 9 * 8 * 3 }, () => random.normal());

function scores(parameters: Parameter[]): Float32Array {
  return tf.tidy(() => {
    const x = tf.tensor4d(samples, [5, 9, 8, 3]);
    const maps = forward(buildGraph(network, parameters), toTensors(parameters), x);
    return maps.at(-1)!.dataSync<"float32">().slice();
  }) as unknown as Float32Array;
}

function closeTo(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!)));
}

Deno.test("a saved layers model computes what was trained", async () => {
  const folder = await Deno.makeTempDir();
  const parameters = randomised(2);
  const model = toLayersModel(network, parameters);
  await writeLayersModel(folder, model);
  model.dispose();
  const opened = await readLayersModel(folder);
  const predicted = tf.tidy(() =>
    (opened.predict(tf.tensor4d(samples, [5, 9, 8, 3])) as tf.Tensor).dataSync().slice()
  ) as unknown as Float32Array;
  assert.ok(closeTo(predicted, scores(parameters)) < 1e-5);
  assert.ok(closeTo(predicted, scores(randomised(3))) > 0.1, "the comparison sees nothing");
  opened.dispose();
});

Deno.test("noLayersModel() names the padded pool that TensorFlow.js cannot say", () => {
  assert.equal(noLayersModel(network), undefined);
  const padded = structuredClone(network);
  padded.layers[5]!.padding = { top: 0, bottom: 1, left: 0, right: 0 };
  assert.match(noLayersModel(padded)!, /f is a padded avg_pool/);
});

Deno.test("writeLayersModel() gives the same bytes for the same weights", async () => {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  for (const folder of folders) {
    const model = toLayersModel(network, randomised(2));
    await writeLayersModel(folder, model);
    model.dispose();
  }
  for (const file of ["model.json", "weights.bin"]) {
    const [a, b] = await Promise.all(folders.map((folder) => Deno.readFile(`${folder}/${file}`)));
    assert.deepEqual(a, b);
  }
});

Deno.test("writeParameters() stores kernels as [M][Kh][Kw][N], and readParameters() reads them back", async () => {
  const folder = await Deno.makeTempDir();
  const parameters = randomised(2);
  await writeParameters(folder, parameters);
  assert.deepEqual(await readParameters(folder, network), parameters);
  const kernel = parameters[0]!;
  const [kh, kw, n, m] = kernel.shape as [number, number, number, number];
  const { shape, data } = toArtifactLayout(kernel);
  assert.deepEqual(shape, [m, kh, kw, n]);
  assert.equal(data[((3 * kh + 2) * kw + 1) * n + 1], kernel.data[((2 * kw + 1) * n + 1) * m + 3]);
});

Deno.test("readParameters() refuses weights of another network", async () => {
  const folder = await Deno.makeTempDir();
  await writeParameters(folder, randomised(2));
  const other = structuredClone(network);
  other.layers[0]!.channels = 5;
  await assert.rejects(readParameters(folder, other), (error: UserError) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /do not fit layer a/);
    return true;
  });
});

for (
  const [what, layer] of [
    ["a grouped conv", { type: "conv", kernel: { h: 1, w: 1 }, channels: 3, groups: 3 }],
    ["padding", { type: "conv", kernel: { h: 1, w: 1 }, channels: 3, padding: { top: 1 } }],
  ] as const
) {
  Deno.test(`buildGraph() refuses what it cannot train: ${what}`, () => {
    const wrong = Network.parse({
      ...network,
      layers: [{ name: "x", ...layer }, { name: "out", type: "fc", channels: 2 }],
    });
    assert.throws(() => buildGraph(wrong, []), new RegExp(what));
  });
}
