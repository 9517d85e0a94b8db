/**
 * What every backend must pass: gradients of each layer type against finite differences, the loss curve
 * of one seed, no tensor left behind.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../base/random.ts";
import { FloatInference } from "../../network/float.ts";
import { Network, resolveLayers } from "../../network/network.ts";
import { selectBackend } from "../../training/backend.ts";
import type { BackendName } from "../../training/backend_choice.ts";
import { lossAndGradients, toTensors } from "../../training/backward.ts";
import type { Split } from "../../training/data.ts";
import { buildGraph, forward } from "../../training/forward.ts";
import { crossEntropy } from "../../training/loss.ts";
import { fit } from "../../training/fit.ts";
import * as curve from "./fixture.ts";
import { initialParameters, type Parameter, toConstants } from "../../training/parameters.ts";

/** Mean losses of the first epochs of the fixture, from WebAssembly. */
const CURVE = [1.303138, 1.007407, 0.904341];

/** The same with fake quantisation to 8 bits, per channel. */
const ROUNDED_CURVE = [1.303191, 1.009007, 0.91007];
/** Values on either side of a half are a whole code apart. */
const ROUNDED_TOLERANCE = 5e-3;

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
  "max_pool with padding": [
    stem,
    {
      name: "p",
      type: "max_pool",
      kernel: { h: 3, w: 3 },
      stride: { h: 2, w: 2 },
      padding: { top: 1, bottom: 1, left: 1, right: 0 },
    },
    fc,
  ],
  "avg_pool with padding": [
    stem,
    {
      name: "p",
      type: "avg_pool",
      kernel: { h: 3, w: 2 },
      padding: { top: 1, bottom: 2, left: 0, right: 1 },
    },
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

async function loss(network: Network, parameters: Parameter[], split: Split): Promise<number> {
  return crossEntropy(await scoresOf(network, parameters, split), split.y).loss;
}

async function scoresOf(
  network: Network,
  parameters: Parameter[],
  split: Split,
): Promise<Float32Array> {
  const scores = tf.tidy(() => {
    const x = tf.tensor4d(split.x, [split.samples, input.h, input.w, input.channels]);
    return forward(buildGraph(network, parameters), toTensors(parameters), x).at(-1)!;
  });
  const values = await scores.data<"float32">();
  scores.dispose();
  return values;
}

/** Largest difference to central differences, relative to the largest gradient of the array. */
async function worstDifference(
  network: Network,
  split: Split,
  probes: number,
  change: (gradients: Float32Array[]) => void = () => {},
): Promise<number> {
  const parameters = initialParameters(network, 3);
  const graph = buildGraph(network, parameters);
  const { gradients } = await lossAndGradients(graph, parameters, input, split);
  change(gradients);
  const random = new Random(9, "which");
  let worst = 0;
  for (const [k, { data }] of parameters.entries()) {
    const gradient = gradients[k]!;
    const scale = Math.max(1e-2, ...gradient.map(Math.abs));
    for (let probe = 0; probe < Math.min(probes, data.length); probe++) {
      const i = random.int(data.length);
      const value = data[i]!;
      const h = 1e-3;
      data[i] = value + h;
      const above = await loss(network, parameters, split);
      data[i] = value - h;
      const below = await loss(network, parameters, split);
      data[i] = value;
      worst = Math.max(worst, Math.abs((above - below) / (2 * h) - gradient[i]!) / scale);
    }
  }
  return worst;
}

/** How much two backends may differ in the losses of the first epochs: they round differently. */
const CURVE_TOLERANCE = 2e-3;

/**
 * The suite for one backend, which must be available. The file that calls it declares the tests, so
 * that they are counted as its own.
 * @param effort finite differences per array, and epochs of the curve
 */
export function conform(
  backend: BackendName,
  effort = { probes: 6, epochs: 3 },
): Deno.TestDefinition[] {
  const tests: Deno.TestDefinition[] = [];
  const declare = (name: string, fn: () => Promise<void>) => tests.push({ name, fn });
  for (const [what, layers] of Object.entries(cases)) {
    declare(`${backend}: lossAndGradients() equals finite differences: ${what}`, async () => {
      await selectBackend(backend);
      const network = Network.parse({ name: what, input, layers });
      const worst = await worstDifference(network, randomSplit(5, 4), effort.probes);
      assert.ok(worst < 0.01, `differs by ${worst} of the largest gradient`);
    });
  }

  declare(`${backend}: forward() equals the float inference that quantize observes`, async () => {
    await selectBackend(backend);
    const split = randomSplit(2, 4);
    for (const [what, layers] of Object.entries(cases)) {
      const network = Network.parse({ name: what, input, layers });
      const parameters = initialParameters(network, 3);
      const random = new Random(4, "biases");
      for (const { kind, data } of parameters) {
        if (kind === "bias") data.forEach((_, i) => data[i] = random.normal());
      }
      const actual = await scoresOf(network, parameters, split);
      const constants = toConstants(parameters);
      const reference = new FloatInference({
        name: what,
        inputShape: input,
        layers: resolveLayers(network).map((layer) => ({ layer, ...constants.get(layer.name) })),
      });
      const size = split.x.length / split.samples;
      for (let i = 0; i < split.samples; i++) {
        const expected = reference.run(split.x.subarray(i * size, (i + 1) * size));
        expected.forEach((value, c) => {
          const difference = Math.abs(actual[i * expected.length + c]! - value);
          assert.ok(difference < 1e-4, `${what}: differs by ${difference}`);
        });
      }
    }
  });

  declare(
    `${backend}: the comparison with finite differences notices a wrong gradient`,
    async () => {
      await selectBackend(backend);
      const network = Network.parse({ name: "wrong", input, layers: cases["conv"] });
      const worst = await worstDifference(network, randomSplit(5, 4), 6, (gradients) => {
        gradients[2]!.reverse();
      });
      assert.ok(worst > 0.1, `a reversed gradient differs by ${worst} only`);
    },
  );

  declare(`${backend}: max_pool gives its gradient to one of equal maxima`, async () => {
    await selectBackend(backend);
    const network = Network.parse({
      name: "ties",
      input,
      layers: [
        { ...stem, activation: "relu" },
        { name: "p", type: "max_pool", kernel: { h: 2, w: 2 }, stride: { h: 2, w: 2 } },
        fc,
      ],
    });
    const graph = (parameters: Parameter[]) => buildGraph(network, parameters);
    const parameters = initialParameters(network, 3);
    parameters[0]!.data.fill(0);
    parameters[1]!.data.fill(1);
    const split = randomSplit(1, 4);
    const { gradients } = await lossAndGradients(graph(parameters), parameters, input, split);
    const scores = await probabilities(network, parameters, split);
    const head = parameters[2]!.data;
    const cells = head.length / 16;
    for (let channel = 0; channel < 4; channel++) {
      let expected = 0;
      for (let cell = 0; cell < cells; cell++) {
        for (let c = 0; c < 4; c++) {
          const slope = scores[c]! - (c === split.y[0] ? 1 : 0);
          expected += slope * head[(cell * 4 + channel) * 4 + c]!;
        }
      }
      assert.ok(Math.abs(gradients[1]![channel]! - expected) < 1e-4);
    }
  });

  declare(`${backend}: fit() follows the loss curve of that seed`, async () => {
    await selectBackend(backend);
    const before = tf.memory().numTensors;
    const { epochs } = await fit({
      network: curve.network,
      train: curve.waves(200, 1),
      val: curve.waves(90, 2),
      options: { ...curve.options, schedule: "constant", epochs: effort.epochs },
    });
    epochs.forEach(({ loss }, i) => {
      const expected = CURVE[i]!;
      assert.ok(Math.abs(loss - expected) < CURVE_TOLERANCE * expected, `epoch ${i + 1}: ${loss}`);
    });
    assert.equal(tf.memory().numTensors, before);
  });
  declare(`${backend}: fit() for 8-bit codes follows the loss curve of that seed`, async () => {
    await selectBackend(backend);
    const before = tf.memory().numTensors;
    const { epochs, ranges } = await fit({
      network: curve.network,
      train: curve.waves(200, 1),
      val: curve.waves(90, 2),
      options: { ...curve.options, schedule: "constant", epochs: effort.epochs },
      quantisation: { element_bytes: 1, per_channel: true },
    });
    epochs.forEach(({ loss }, i) => {
      const expected = ROUNDED_CURVE[i]!;
      assert.ok(
        Math.abs(loss - expected) < ROUNDED_TOLERANCE * expected,
        `epoch ${i + 1}: ${loss}`,
      );
    });
    assert.ok(ranges!.every((range) => range > 0));
    assert.equal(tf.memory().numTensors, before);
  });
  return tests;
}

async function probabilities(
  network: Network,
  parameters: Parameter[],
  split: Split,
): Promise<Float32Array> {
  const output = tf.tidy(() => {
    const x = tf.tensor4d(split.x, [split.samples, input.h, input.w, input.channels]);
    const maps = forward(buildGraph(network, parameters), toTensors(parameters), x);
    return tf.softmax(tf.reshape(maps.at(-1)!, [split.samples, -1]));
  });
  const values = await output.data<"float32">();
  output.dispose();
  return values;
}
