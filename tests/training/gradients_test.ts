import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../base/random.ts";
import { Network } from "../../network/network.ts";
import { selectBackend } from "../../training/backend.ts";
import { lossAndGradients, toTensors } from "../../training/backward.ts";
import type { Split } from "../../training/data.ts";
import { buildGraph, forward } from "../../training/forward.ts";
import { crossEntropy } from "../../training/loss.ts";
import { initialParameters, type Parameter } from "../../training/parameters.ts";

const input = { h: 7, w: 6, channels: 3 };
const fc = { name: "out", type: "fc", channels: 4, bias: true };
const conv = (extra: object) => ({
  name: "a",
  type: "conv",
  kernel: { h: 3, w: 2 },
  channels: 5,
  activation: "relu",
  bias: true,
  ...extra,
});
/** A conv in front gives every layer an input that depends on parameters. */
const stem = { name: "stem", type: "conv", kernel: { h: 2, w: 1 }, channels: 4, bias: true };

const cases: Record<string, object[]> = {
  "conv": [stem, conv({}), fc],
  "conv of one dimension": [stem, conv({ kernel: { h: 5, w: 1 } }), fc],
  "conv with strides that leave rows over": [stem, conv({ stride: { h: 2, w: 3 } }), fc],
  "conv with uneven padding": [
    stem,
    conv({ padding: { top: 2, bottom: 1, left: 0, right: 1 }, stride: { h: 2, w: 1 } }),
    fc,
  ],
  "conv without bias": [stem, conv({ bias: false, activation: "none" }), fc],
  "depthwise_conv": [
    stem,
    { name: "d", type: "depthwise_conv", kernel: { h: 3, w: 3 }, activation: "relu", bias: true },
    fc,
  ],
  "depthwise_conv with stride and padding": [
    stem,
    {
      name: "d",
      type: "depthwise_conv",
      kernel: { h: 3, w: 2 },
      stride: { h: 2, w: 2 },
      padding: { top: 1, bottom: 0, left: 1, right: 1 },
      bias: true,
    },
    fc,
  ],
  "fc behind fc": [
    stem,
    { name: "h", type: "fc", channels: 6, activation: "relu", bias: true },
    fc,
  ],
  "global_avg_pool": [stem, { name: "p", type: "global_avg_pool" }, fc],
  "max_pool": [
    stem,
    { name: "p", type: "max_pool", kernel: { h: 2, w: 2 }, stride: { h: 2, w: 2 } },
    fc,
  ],
  "avg_pool": [
    stem,
    { name: "p", type: "avg_pool", kernel: { h: 3, w: 2 }, stride: { h: 1, w: 2 } },
    fc,
  ],
  "add, its operands shared": [
    stem,
    conv({ kernel: { h: 1, w: 1 }, channels: 4 }),
    { name: "sum", type: "add", inputs: ["stem", "a"], activation: "relu" },
    fc,
  ],
  "concat and flatten": [
    stem,
    conv({ kernel: { h: 1, w: 1 } }),
    { name: "both", type: "concat", inputs: ["a", "stem"] },
    { name: "flat", type: "flatten" },
    fc,
  ],
};

function randomSplit(samples: number, classes: number): Split {
  const random = new Random(5, "gradients");
  const size = input.h * input.w * input.channels;
  return {
    input,
    samples,
    x: Float32Array.from({ length: samples * size }, () => random.normal()),
    y: Int32Array.from({ length: samples }, (_, i) => i % classes),
  };
}

function loss(network: Network, parameters: Parameter[], split: Split): number {
  return tf.tidy(() => {
    const x = tf.tensor4d(split.x, [split.samples, input.h, input.w, input.channels]);
    const maps = forward(buildGraph(network, parameters), toTensors(parameters), x);
    return crossEntropy(maps.at(-1)!.dataSync<"float32">(), split.y).loss;
  });
}

/** Largest difference to central differences, relative to the largest gradient of the array. */
function worstDifference(
  network: Network,
  split: Split,
  change: (gradients: Float32Array[]) => void = () => {},
): number {
  const parameters = initialParameters(network, 3);
  const graph = buildGraph(network, parameters);
  const { gradients } = lossAndGradients(graph, parameters, input, split);
  change(gradients);
  const random = new Random(9, "which");
  let worst = 0;
  parameters.forEach(({ data }, k) => {
    const gradient = gradients[k]!;
    const scale = Math.max(1e-2, ...gradient.map(Math.abs));
    for (let probe = 0; probe < Math.min(6, data.length); probe++) {
      const i = random.int(data.length);
      const value = data[i]!;
      const h = 1e-3;
      data[i] = value + h;
      const above = loss(network, parameters, split);
      data[i] = value - h;
      const below = loss(network, parameters, split);
      data[i] = value;
      worst = Math.max(worst, Math.abs((above - below) / (2 * h) - gradient[i]!) / scale);
    }
  });
  return worst;
}

await selectBackend("wasm");

for (const [what, layers] of Object.entries(cases)) {
  Deno.test(`lossAndGradients() equals finite differences: ${what}`, () => {
    const network = Network.parse({ name: what, input, layers });
    const worst = worstDifference(network, randomSplit(5, 4));
    assert.ok(worst < 0.01, `differs by ${worst} of the largest gradient`);
  });
}

Deno.test("the comparison with finite differences notices a wrong gradient", () => {
  const network = Network.parse({ name: "wrong", input, layers: cases["conv"] });
  const worst = worstDifference(network, randomSplit(5, 4), (gradients) => {
    gradients[2]!.reverse();
  });
  assert.ok(worst > 0.1, `a reversed gradient differs by ${worst} only`);
});
