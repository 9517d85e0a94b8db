/** Networks written as ONNX: onnxruntime computes what our inference does, and the file comes back. */
import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import type { FloatConstants } from "../../network/float_constants.ts";
import { type Layer, Network, resolveLayers, weightShape } from "../../network/network.ts";
import { exportOnnx } from "../../network/onnx/export.ts";
import { importOnnx } from "../../network/onnx/import.ts";
import { channelsFirst, difference, normals, ourScores, runtimeScores } from "./tools.ts";

function randomConstants(network: Network, seed: number): Map<string, FloatConstants> {
  const random = new Random(seed, "constants");
  const normal = (length: number, scale: number) =>
    Float32Array.from({ length }, () => scale * random.normal());
  return new Map(
    resolveLayers(network).flatMap((layer) => {
      const shape = weightShape(layer);
      if (shape.length === 0) return [];
      const size = shape.reduce((a, b) => a * b, 1);
      return [[layer.name, {
        weights: normal(size, Math.sqrt(2 * shape[0]! / size)),
        ...(layer.bias ? { bias: normal(shape[0]!, 0.1) } : {}),
      }]];
    }),
  );
}

const everything = Network.parse({
  name: "every type",
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
    {
      name: "b",
      type: "depthwise_conv",
      kernel: { h: 3, w: 3 },
      padding: { top: 1, bottom: 1, left: 1, right: 1 },
      bias: true,
    },
    { name: "c", type: "add", inputs: ["a", "b"], activation: "relu" },
    { name: "d", type: "concat", inputs: ["c", "a"] },
    { name: "e", type: "max_pool", kernel: { h: 2, w: 2 }, stride: { h: 2, w: 2 } },
    { name: "f", type: "avg_pool", kernel: { h: 2, w: 1 }, padding: { bottom: 1 } },
    { name: "h", type: "conv", kernel: { h: 2, w: 2 }, channels: 5 },
    { name: "j", type: "fc", channels: 6, inputs: ["h"], activation: "relu", bias: true },
    { name: "k", type: "flatten", inputs: ["h"] },
    { name: "l", type: "fc", channels: 6, bias: true },
    { name: "m", type: "add", inputs: ["j", "l"] },
    { name: "out", type: "fc", channels: 4, bias: true },
  ],
});

const pooled = Network.parse({
  name: "ends in a pool",
  input: { h: 12, w: 1, channels: 2 },
  layers: [
    { name: "a", type: "conv", kernel: { h: 3, w: 1 }, channels: 3, activation: "relu" },
    { name: "p", type: "global_avg_pool" },
  ],
});

const rows = Network.parse({
  name: "fc layers only",
  input: { h: 25, w: 1, channels: 10 },
  layers: [
    { name: "a", type: "fc", channels: 7, activation: "relu", bias: true },
    { name: "b", type: "fc", channels: 3 },
  ],
});

for (const network of [everything, pooled, rows]) {
  Deno.test(`exportOnnx() writes what onnxruntime computes alike: ${network.name}`, async () => {
    const constants = randomConstants(network, 1);
    const bytes = exportOnnx(network, constants);
    const { h, w, channels } = network.input;
    const x = normals(h * w * channels);
    const scores = await runtimeScores(bytes, [1, channels, h, w], channelsFirst(x, network.input));
    assert.ok(difference(ourScores(network, constants, x), scores) < 1e-5);
    const other = ourScores(network, randomConstants(network, 2), x);
    assert.ok(difference(other, scores) > 0.1, "the comparison sees nothing");
    assert.deepEqual(exportOnnx(network, randomConstants(network, 1)), bytes);
  });

  Deno.test(`importOnnx() reads what exportOnnx() wrote: ${network.name}`, () => {
    const constants = randomConstants(network, 1);
    const back = importOnnx(exportOnnx(network, constants), {
      file: `${network.name}.onnx`,
      input: network.input,
    });
    assert.deepEqual(back.network.input, network.input);
    const x = normals(network.input.h * network.input.w * network.input.channels);
    const expected = ourScores(network, constants, x);
    assert.ok(difference(ourScores(back.network, back.constants, x), expected) < 1e-5);
    // An fc reads a whole map: it needs no flatten before it.
    const types = (layers: readonly Layer[]) =>
      layers.map(({ type }) => type).filter((type) => type !== "flatten");
    assert.deepEqual(types(back.network.layers), types(network.layers));
  });
}

Deno.test("networks drawn at random go out and come back with the same scores", async () => {
  const random = new Random(17, "networks");
  for (let round = 0; round < 12; round++) {
    const network = drawn(random, round);
    const constants = randomConstants(network, round);
    const bytes = exportOnnx(network, constants);
    const { h, w, channels } = network.input;
    const x = normals(h * w * channels, round);
    const expected = ourScores(network, constants, x);
    const there = await runtimeScores(bytes, [1, channels, h, w], channelsFirst(x, network.input));
    assert.ok(difference(expected, there) < 1e-5, `round ${round} there`);
    const back = importOnnx(bytes, { file: "r.onnx", input: network.input });
    const here = ourScores(back.network, back.constants, x);
    assert.ok(difference(here, expected) < 1e-5, `round ${round} back`);
  }
});

/** A chain of layers whose sizes, strides and paddings are drawn. */
function drawn(random: Random, round: number): Network {
  const one = round % 3 === 0;
  const input = {
    h: 10 + random.int(8),
    w: one ? 1 : 9 + random.int(6),
    channels: 1 + random.int(4),
  };
  const size = () => ({ h: 1 + random.int(3), w: one ? 1 : 1 + random.int(3) });
  const layers: object[] = [];
  for (let i = 0; i < 3; i++) {
    const kernel = size();
    const pads = (k: number) => random.int(k);
    const padding = {
      top: pads(kernel.h),
      bottom: pads(kernel.h),
      left: pads(kernel.w),
      right: pads(kernel.w),
    };
    const stride = { h: 1 + random.int(2), w: one ? 1 : 1 + random.int(2) };
    const type = ["conv", "depthwise_conv", "max_pool", "avg_pool"][random.int(4)]!;
    layers.push({
      name: `l${i}`,
      type,
      kernel,
      stride,
      padding,
      ...(type === "conv" ? { channels: 1 + random.int(5) } : {}),
      ...(type.endsWith("conv") ? { bias: random.int(2) === 1 } : {}),
      activation: random.int(2) === 1 ? "relu" : "none",
    });
  }
  layers.push({ name: "out", type: "fc", channels: 3, bias: true });
  return Network.parse({ name: `drawn ${round}`, input, layers });
}
