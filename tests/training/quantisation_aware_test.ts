/** Training for integers: the rounded forward pass is what integer inference computes. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../base/random.ts";
import type { FloatNetwork } from "../../network/float.ts";
import { IntegerInference, quantiseInput } from "../../network/integer/inference.ts";
import { Network, resolveLayers } from "../../network/network.ts";
import { quantise } from "../../stages/quantize/quantise.ts";
import { awareRate } from "../../stages/train/schema.ts";
import type { QuantisationTarget } from "../../network/artifacts/training.ts";
import { selectBackend } from "../../training/backend.ts";
import { toTensors } from "../../training/backward.ts";
import { evaluate } from "../../training/evaluate.ts";
import { activationBits, onGrid, roundMap, throughRounding } from "../../training/fake_quantise.ts";
import { fit, type FitRequest } from "../../training/fit.ts";
import { buildGraph, forwardOn } from "../../training/forward.ts";
import { crossEntropy, crossEntropyWith, divergence, softmax } from "../../training/loss.ts";
import { initialParameters, type Parameter, toConstants } from "../../training/parameters.ts";
import { bestRange, observeRanges } from "../../training/ranges.ts";
import * as waves from "./fixture.ts";

await selectBackend("wasm");

const everything = Network.parse({
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
    { name: "e", type: "max_pool", kernel: { h: 2, w: 2 }, stride: { h: 2, w: 2 } },
    { name: "f", type: "avg_pool", kernel: { h: 2, w: 1 } },
    { name: "g", type: "conv", kernel: { h: 2, w: 2 }, channels: 5, activation: "relu" },
    { name: "h", type: "flatten" },
    { name: "out", type: "fc", channels: 4, bias: true },
  ],
});

function example() {
  const parameters = initialParameters(everything, 3);
  const random = new Random(4, "biases");
  for (const { kind, data } of parameters) {
    if (kind === "bias") data.forEach((_, i) => data[i] = 0.3 * random.normal());
  }
  const graph = buildGraph(everything, parameters);
  const samples = 20;
  const size = 9 * 8 * 3;
  const split = {
    input: everything.input,
    samples,
    x: Float32Array.from({ length: samples * size }, () => random.normal()),
    y: new Int32Array(samples),
  };
  return { parameters, graph, split, size };
}

for (
  const target of [
    { element_bytes: 2, per_channel: false },
    { element_bytes: 1, per_channel: false },
    { element_bytes: 1, per_channel: true },
  ] as const
) {
  const what = `${8 * target.element_bytes} bits, per ${target.per_channel ? "channel" : "layer"}`;
  Deno.test(`onGrid() rounds as integer inference does, layer by layer: ${what}`, () =>
    compareWithIntegers(target));
  Deno.test(`onGrid() rounds as integer inference does with channels that are zero: ${what}`, () =>
    compareWithIntegers(target, [0, 2]));
}

async function compareWithIntegers(target: QuantisationTarget, dead: number[] = []): Promise<void> {
  const { parameters, graph, split, size } = example();
  for (const { data, shape } of parameters) {
    const channels = shape.at(-1)!;
    data.forEach((_, i) => dead.includes(i % channels) && (data[i] = 0));
  }
  const bits = activationBits(target);
  const own = toTensors(parameters);
  const ranges = await observeRanges(graph, own, split, bits);
  tf.dispose(own);
  const { grid, parameters: rounded } = onGrid(graph, parameters, ranges, target);

  const constants = toConstants(parameters);
  const float: FloatNetwork = {
    name: "all",
    inputShape: everything.input,
    layers: resolveLayers(everything).map((layer) => ({ layer, ...constants.get(layer.name) })),
  };
  const symmetric = (range: number) => ({ minimum: -range, maximum: range, mean_square: 1 });
  const integer = quantise(
    float,
    { input: symmetric(ranges[0]!), layers: [...ranges.slice(1)].map(symmetric) },
    { bits: Array(ranges.length).fill(bits), headroom: 1, ...target },
  );
  grid.maps.forEach((codes, index) => {
    if (codes === null) return;
    const { output_scale } = integer.layers[index]!;
    // One multiplier per channel cannot make one scale of all: 15 bits are as near as they come.
    const near = target.per_channel ? 1e-4 : 1e-6;
    assert.ok(Math.abs(codes.scale / output_scale - 1) < near, everything.layers[index]!.name);
  });

  const inference = new IntegerInference(integer.network);
  const tensors = toTensors(rounded);
  const { maps } = tf.tidy(() => {
    const run = forwardOn(graph, tensors, tf.tensor4d(split.x, [split.samples, 9, 8, 3]), grid);
    return { maps: run.maps };
  });
  let off = 0;
  let seen = 0;
  for (let i = 0; i < split.samples; i++) {
    inference.run(
      quantiseInput(integer.network, split.x.subarray(i * size, (i + 1) * size)),
    );
    maps.forEach((map, index) => {
      const values = map.dataSync();
      const codes = inference.map(index);
      const scale = integer.layers[index]!.output_scale;
      codes.forEach((code, k) => {
        const ours = values[i * codes.length + k]! / scale;
        // One code, where float32 rounds a sum to the other side of a half; an add may get one of each.
        assert.ok(
          Math.abs(ours - code) < 1.01 * graph.layers[index]!.inputs.length,
          `${everything.layers[index]!.name}: ${ours} ${code}`,
        );
        if (Math.abs(ours - code) > 0.01) off++;
        seen++;
      });
    });
  }
  tf.dispose([tensors, maps]);
  assert.ok(off < 0.01 * seen, `${off} of ${seen} codes are off by one`);
}

Deno.test("onGrid() gives 8-bit weights, one scale per layer or per channel", () => {
  const { parameters, graph } = example();
  const ranges = new Float32Array(everything.layers.length + 1).fill(4);
  const distinct = (per_channel: boolean) => {
    const { parameters: rounded } = onGrid(graph, parameters, ranges, {
      element_bytes: 1,
      per_channel,
    });
    const { data, shape } = rounded[0]!;
    const channels = shape[3]!;
    return Array.from({ length: channels }, (_, m) => {
      const own = data.filter((_, i) => i % channels === m);
      return Math.max(...own.map(Math.abs));
    });
  };
  // A channel's largest weight is code 127 of its own scale: it stays what it was.
  const largest = Array.from(
    { length: 4 },
    (_, m) => Math.max(...parameters[0]!.data.filter((_, i) => i % 4 === m).map(Math.abs)),
  );
  distinct(true).forEach((value, m) => assert.ok(Math.abs(value / largest[m]! - 1) < 1e-6));
  const step = Math.max(...largest) / 127;
  distinct(false).forEach((value) => {
    const code = value / step;
    assert.ok(Math.abs(code - Math.round(code)) < 1e-4);
  });
  assert.ok(parameters[0]!.data.some((w) => Math.abs(w / step - Math.round(w / step)) > 0.1));
});

Deno.test("throughRounding() passes gradients of codes, and stops those of clamped values", () => {
  const codes = { scale: 0.5, minimum: -3, maximum: 3 };
  const raw = tf.tensor4d([-9, -1.6, -0.2, 0.2, 0.3, 1.7, 1.8, 9], [1, 1, 1, 8]);
  const rounded = [...roundMap(raw, codes).dataSync()].map((value) => value + 0);
  assert.deepEqual(rounded, [-1.5, -1.5, 0, 0, 0.5, 1.5, 1.5, 1.5]);
  const dy = tf.ones<tf.Rank.R4>([1, 1, 1, 8]);
  assert.deepEqual([...throughRounding(dy, raw, codes).dataSync()], [0, 1, 1, 1, 1, 1, 0, 0]);
});

Deno.test("bestRange() cuts a rare outlier for few bits, and keeps it for many", () => {
  const random = new Random(1, "outlier");
  const values = Float32Array.from({ length: 100_000 }, () => random.normal());
  values[7] = 12;
  assert.ok(bestRange(values, 8) < 9);
  assert.equal(bestRange(values, 16), 12);
  assert.equal(bestRange(new Float32Array(9), 8), 0);
});

Deno.test("fit() for few bits beats rounding afterwards, leaves no tensor, resumes to the byte", async () => {
  const train = waves.waves(200, 1);
  const val = waves.waves(300, 2);
  const { network, options } = waves;
  const float = await fit({ network, train, val, options });
  const graph = buildGraph(network, float.parameters);
  const quantisation = { element_bytes: 1, per_channel: false } as const;
  const request = {
    network,
    train,
    val,
    options: { ...options, epochs: 3, learning_rate: 0.005 },
    initial: float.parameters,
    quantisation,
  };
  const before = tf.memory().numTensors;
  const aware = await fit(request);
  assert.equal(tf.memory().numTensors, before);
  assert.equal(aware.ranges!.length, network.layers.length + 1);

  const score = async (parameters: typeof float.parameters, ranges: Float32Array) => {
    const on = onGrid(graph, parameters, ranges, quantisation);
    const tensors = toTensors(on.parameters);
    const { accuracy } = await evaluate(graph, tensors, val, undefined, on.grid);
    tf.dispose(tensors);
    return accuracy;
  };
  // What fit() says of its best epoch is what its weights and ranges give.
  assert.equal(await score(aware.parameters, aware.ranges!), aware.best.val_accuracy);
  assert.ok(aware.best.val_accuracy > float.best.val_accuracy - 0.02);
  // Labels that only do harm: what it started from is kept.
  const harmed = await fit({
    ...request,
    train: { ...train, y: train.y.map((label) => (label + 1) % 3) },
    options: { ...request.options, learning_rate: 0.05 },
  });
  assert.equal(harmed.best.epoch, 0);
  assert.deepEqual(harmed.parameters, float.parameters);
  await keepsLast(request, float.parameters);

  const checkpoint = `${await Deno.makeTempDir()}/checkpoint.bin`;
  await fit({ ...request, checkpoint, until: 1 });
  const resumed = await fit({ ...request, checkpoint });
  assert.deepEqual(resumed.ranges, aware.ranges);
  assert.deepEqual(resumed.parameters, aware.parameters);
});

/** `keep: last` keeps the last epoch, but none that is worse than rounding alone, after a cut as well. */
async function keepsLast(request: FitRequest, start: readonly Parameter[]): Promise<void> {
  const last = { ...request, options: { ...request.options, keep: "last" as const } };
  // Of all epochs that training may end with, whichever beats rounding alone is kept.
  const harmless = await fit(last);
  const reached = harmless.epochs.at(-1)!;
  const rounded = await fit({ ...request, options: { ...request.options, learning_rate: 1e-12 } });
  const alone = rounded.epochs[0]!;
  const better = reached.val_accuracy > alone.val_accuracy ||
    reached.val_accuracy === alone.val_accuracy && reached.val_loss < alone.val_loss;
  assert.equal(harmless.best.epoch, better ? reached.epoch : 0);
  assert.ok(better, "this seed has an epoch that is better than rounding alone");
  const wrong = {
    ...last,
    train: { ...last.train, y: last.train.y.map((label) => (label + 1) % 3) },
    options: { ...last.options, learning_rate: 0.05 },
  };
  const harmed = await fit(wrong);
  assert.equal(harmed.best.epoch, 0);
  assert.deepEqual(harmed.parameters, start);
  const checkpoint = `${await Deno.makeTempDir()}/checkpoint.bin`;
  await fit({ ...wrong, checkpoint, until: 2 });
  const resumed = await fit({ ...wrong, checkpoint });
  assert.equal(resumed.best.epoch, 0);
  assert.deepEqual(resumed.parameters, start);
  assert.deepEqual(resumed.ranges, harmed.ranges);
}

Deno.test("fit() with a teacher keeps the epoch that is nearest to it, or rounding alone", async () => {
  const train = waves.waves(200, 1);
  const val = waves.waves(300, 2);
  const { network, options } = waves;
  const float = await fit({ network, train, val, options });
  const request = {
    network,
    train,
    // Labels that say nothing: accuracy must not decide.
    val: { ...val, y: val.y.map((label, i) => (label + i) % 3) },
    options: { ...options, epochs: 4, learning_rate: 0.005 },
    initial: float.parameters,
    teacher: float.parameters,
    quantisation: { element_bytes: 1, per_channel: false } as const,
  };
  const { best, epochs } = await fit(request);
  const divergences = epochs.map(({ val_divergence }) => val_divergence!);
  assert.ok(divergences.every((value) => value > 0));
  const least = Math.min(...divergences);
  if (best.epoch > 0) assert.equal(best.val_divergence, least);
  else assert.ok(best.val_divergence! <= least);
  const away = await fit({ ...request, options: { ...request.options, learning_rate: 0.5 } });
  assert.equal(away.best.epoch, 0);
  assert.deepEqual(away.parameters, float.parameters);
  assert.ok(away.epochs.every((one) => one.val_divergence! > away.best.val_divergence!));
  // Without a teacher there is nothing to be near to.
  const { epochs: alone } = await fit({ ...request, teacher: undefined });
  assert.ok(alone.every((one) => one.val_divergence === undefined));
});

Deno.test("divergence() is 0 for the same probabilities and grows with what is wrong", () => {
  const scores = Float32Array.of(1, 2, 3, -1, 0.5, 0);
  const expected = softmax(scores, 3);
  assert.ok(Math.abs(divergence(expected, scores.map((score) => score + 5), 3)) < 1e-6);
  const sure = Float32Array.of(0, 0, 1, 0, 1, 0);
  // Of the two rows, -log of the probability of their class.
  const wanted = -(Math.log(expected[2]!) + Math.log(expected[4]!)) / 2;
  assert.ok(Math.abs(divergence(sure, scores, 3) - wanted) < 1e-6);
  assert.ok(Number.isFinite(divergence(Float32Array.of(0, 1), Float32Array.of(1e4, -1e4), 2)));
});

Deno.test("awareRate() is what was asked for, or a share of the training's", () => {
  const training = { learning_rate: 0.005 };
  assert.equal(awareRate({ learn_from: "float" }, training), 0.00005);
  assert.equal(awareRate({ learn_from: "labels" }, training), 0.0005);
  assert.equal(awareRate({ learn_from: "float", learning_rate: 0.1 }, training), 0.1);
});

Deno.test("fit() with a teacher answers as the teacher does, whatever the labels say", async () => {
  const train = waves.waves(200, 1);
  const val = waves.waves(300, 2);
  const { network, options } = waves;
  const float = await fit({ network, train, val, options });
  const graph = buildGraph(network, float.parameters);
  const quantisation = { element_bytes: 1, per_channel: false } as const;
  const classesOf = async (parameters: typeof float.parameters, ranges?: Float32Array) => {
    const on = ranges && onGrid(graph, parameters, ranges, quantisation);
    const tensors = toTensors(on?.parameters ?? parameters);
    const { predicted } = await evaluate(graph, tensors, val, undefined, on?.grid);
    tf.dispose(tensors);
    return predicted;
  };
  const teacher = await classesOf(float.parameters);
  const request = {
    network,
    train: { ...train, y: train.y.map((label) => (label + 1) % 3) },
    // Scored by what the teacher says, so that the harm of wrong labels is not merely turned down.
    val: { ...val, y: teacher.map((label) => (label + 1) % 3) },
    options: { ...options, epochs: 3, learning_rate: 0.02 },
    initial: float.parameters,
    quantisation,
  };
  const agreement = async (from: typeof float.parameters | undefined) => {
    const { parameters, ranges } = await fit({ ...request, teacher: from });
    const own = await classesOf(parameters, ranges);
    return own.reduce((sum, c, i) => sum + Number(c === teacher[i]), 0) / own.length;
  };
  const before = tf.memory().numTensors;
  const taught = await agreement(float.parameters);
  assert.equal(tf.memory().numTensors, before);
  assert.ok(taught > 0.9, `${taught}`);
  assert.ok(await agreement(undefined) < 0.5);
});

Deno.test("crossEntropyWith() equals crossEntropy() where the probabilities are the smoothed labels", () => {
  const scores = Float32Array.of(1, 2, 3, -1, 0.5, 0);
  const labels = Int32Array.of(2, 0);
  const smoothing = 0.3;
  const probabilities = Float32Array.of(0.1, 0.1, 0.8, 0.8, 0.1, 0.1);
  const one = crossEntropy(scores, labels, smoothing);
  const other = crossEntropyWith(scores, labels, probabilities);
  assert.ok(Math.abs(one.loss - other.loss) < 1e-6);
  one.gradient.forEach((value, i) => assert.ok(Math.abs(value - other.gradient[i]!) < 1e-7));
  const rows = softmax(Float32Array.of(1000, 1000, -1000, 0, Math.log(3), -Infinity), 3);
  [0.5, 0.5, 0, 0.25, 0.75, 0].forEach((p, i) => assert.ok(Math.abs(rows[i]! - p) < 1e-6));
});
