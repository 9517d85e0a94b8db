import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../base/errors.ts";
import { Random } from "../../base/random.ts";
import { ADAM_DEFAULTS, adamStart, adamStep } from "../../training/adam.ts";
import { augment } from "../../training/augment.ts";
import { averageStep } from "../../training/average.ts";
import { takeShare } from "../../training/data.ts";
import { selectBackend } from "../../training/backend.ts";
import { classWeights } from "../../training/class_weights.ts";
import { fit } from "../../training/fit.ts";
import { argMax, crossEntropy, mixedLoss } from "../../training/loss.ts";
import { mixBatch } from "../../training/mixup.ts";
import { learningRateAt } from "../../training/schedule.ts";
import { sensorFrame } from "../../training/sensor_frame.ts";
import { eventFile } from "../../training/tensorboard.ts";
import type { SensorAxes } from "../../network/artifacts/dataset.ts";
import type { FitParameters } from "../../network/artifacts/training.ts";
import type { Parameter } from "../../training/parameters.ts";
import { input, network, options, waves } from "./fixture.ts";

const parameter = (...values: number[]): Parameter => ({
  layer: "a",
  kind: "kernel",
  shape: [1, 1, 1, values.length],
  data: Float32Array.from(values),
});

Deno.test("crossEntropy() has the gradient of its loss, with and without smoothing", () => {
  const labels = Int32Array.of(2, 0);
  const score = fc.float({ min: -4, max: 4, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(score, { minLength: 6, maxLength: 6 }),
      fc.constantFrom(0, 0.1),
      fc.nat({ max: 5 }),
      (values, smoothing, i) => {
        const at = (delta: number) => {
          const scores = Float32Array.from(values);
          scores[i] = scores[i]! + delta;
          return crossEntropy(scores, labels, smoothing);
        };
        const h = 2 ** -8;
        const slope = (at(h).loss - at(-h).loss) / (2 * h);
        assert.ok(Math.abs(slope - at(0).gradient[i]!) < 1e-4);
      },
    ),
    { seed: 1 },
  );
});

Deno.test("crossEntropy() of equal scores is the logarithm of the number of classes", () => {
  const { loss } = crossEntropy(new Float32Array(8), Int32Array.of(0, 3));
  assert.ok(Math.abs(loss - Math.log(4)) < 1e-12);
});

Deno.test("crossEntropy() stays finite for scores beyond exp's range", () => {
  const { loss, gradient } = crossEntropy(Float32Array.of(1e4, -1e4), Int32Array.of(1));
  assert.ok(Math.abs(loss - 2e4) < 1e-6);
  assert.deepEqual([...gradient], [1, -1]);
});

Deno.test("argMax() takes the first of equal values", () => {
  assert.equal(argMax([1, 3, 3, 2]), 1);
});

Deno.test("adamStep() moves its first step by the learning rate, against the gradient", () => {
  const weights = parameter(1, 1, 1);
  adamStep(adamStart([3]), [weights], [Float32Array.of(5, -0.01, 0)], 0.1);
  const expected = [0.9, 1.1, 1];
  weights.data.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-4));
});

Deno.test("adamStep() decays kernels and leaves biases", () => {
  const kernel = parameter(1);
  const bias: Parameter = { ...parameter(1), kind: "bias" };
  const zero = new Float32Array(1);
  adamStep(adamStart([1, 1]), [kernel, bias], [zero, zero], 0.1, {
    ...ADAM_DEFAULTS,
    weightDecay: 0.5,
  });
  assert.ok(Math.abs(kernel.data[0]! - 0.95) < 1e-6);
  assert.equal(bias.data[0], 1);
});

Deno.test("averageStep() without memory is the weights themselves, with it lags behind", () => {
  const now = parameter(2, 4);
  const none = parameter(0, 0);
  averageStep([none], [now], 1000, 0);
  assert.deepEqual([...none.data], [2, 4]);
  const slow = parameter(0, 0);
  averageStep([slow], [now], 1000, 0.75);
  assert.deepEqual([...slow.data], [0.5, 1]);
  const early = parameter(0, 0);
  averageStep([early], [now], 1, 0.99);
  assert.ok(early.data[0]! > 1.6, "the first steps must forget the initial weights");
});

Deno.test("augment() disturbs every window and channel by one factor and constant of its own", () => {
  const { x, y } = waves(2, 1);
  const before = x.slice();
  augment({ x, y }, { input }, { gain: 0.2, offset: 0.3 }, new Random(1, "a"));
  const size = input.h * input.channels;
  const lines = [0, 1, size, size + 1].map((start) => {
    const at = (t: number) => start + t * input.channels;
    const factor = (x[at(1)]! - x[at(0)]!) / (before[at(1)]! - before[at(0)]!);
    const constant = x[at(0)]! - factor * before[at(0)]!;
    for (let t = 0; t < input.h; t++) {
      assert.ok(Math.abs(x[at(t)]! - factor * before[at(t)]! - constant) < 1e-4);
    }
    return factor.toFixed(4);
  });
  assert.equal(new Set(lines).size, 4);
});

Deno.test("augment() of nothing changes nothing and draws nothing", () => {
  const { x, y } = waves(2, 1);
  const before = x.slice();
  const random = new Random(1, "a");
  augment({ x, y }, { input }, { gain: 0, offset: 0 }, random);
  assert.deepEqual(x, before);
  assert.equal(random.uniform(), new Random(1, "a").uniform());
});

Deno.test("augment() turns all sensors of a window together, in the units they were measured in", () => {
  const shape = { h: 5, w: 1, channels: 7 };
  // The second sensor's channels lie in another order, and one channel is no axis.
  const axes: SensorAxes[] = [[0, 1, 2], [6, 4, 5]];
  const frame = {
    axes,
    mean: [0.1, 0.2, 0.9, 5, -1, 0.5, 2],
    std: [1, 0.5, 0.25, 3, 2, 1, 0.1],
  };
  const random = new Random(3, "raw");
  const raw = Float32Array.from({ length: 2 * 35 }, () => random.normal());
  // Both sensors see the same vector, so that turned together they still do.
  for (let i = 0; i < raw.length; i += 7) axes[1]!.forEach((c, k) => raw[i + c] = raw[i + k]!);
  const normal = raw.map((value, i) => (value - frame.mean[i % 7]!) / frame.std[i % 7]!);
  const x = normal.slice();
  const options = { gain: 0, offset: 0, rotate_degrees: 40 };
  augment({ x, y: new Int32Array(2) }, { input: shape, frame }, options, new Random(1, "a"));
  const turned = x.map((value, i) => value * frame.std[i % 7]! + frame.mean[i % 7]!);
  const vector = (of: Float32Array, at: number) => axes[0]!.map((c) => of[at + c]!);
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-4, `${a} for ${b}`);
  for (let i = 0; i < raw.length; i += 7) {
    assert.equal(x[i + 3], normal[i + 3]);
    axes[1]!.forEach((c, k) => near(turned[i + c]!, turned[i + k]!));
    // Lengths and angles within a window stay: that is a rotation.
    const first = i - i % 35;
    near(dot(vector(turned, i), vector(turned, first)), dot(vector(raw, i), vector(raw, first)));
  }
  const moved = (at: number) =>
    Math.acos(
      Math.min(1, dot(vector(turned, at), vector(raw, at)) / dot(vector(raw, at), vector(raw, at))),
    );
  assert.ok(moved(0) > 0.01 && moved(35) > 0.01, "both windows are turned");
  const [a, b] = [vector(raw, 0), vector(raw, 7)];
  const [c, d] = [vector(turned, 0), vector(turned, 7)];
  const cross = ([a, b, c]: number[], [d, e, f]: number[]) => [
    b! * f! - c! * e!,
    c! * d! - a! * f!,
    a! * e! - b! * d!,
  ];
  // A mirror keeps lengths as well; handedness tells them apart.
  near(dot(cross(c, d), vector(turned, 14)), dot(cross(a, b), vector(raw, 14)));
});

Deno.test("augment() refuses to turn windows whose axes are not known", () => {
  const { x, y } = waves(2, 1);
  const options = { gain: 0, offset: 0, rotate_degrees: 10 };
  assert.throws(
    () => augment({ x, y }, { input }, options, new Random(1, "a")),
    (error) => error instanceof UserError && error.problems[0]!.field === "augment.rotate_degrees",
  );
  const normalisation = { per: "channel" as const, mean: [0, 0, 0], std: [1, 1, 1] };
  const about = { input: { h: 4, w: 1, channels: 3 }, axes: [[0, 1, 2]] as SensorAxes[] };
  assert.ok(sensorFrame({ ...about, normalisation }));
  assert.equal(sensorFrame({ input: about.input, normalisation }), undefined);
  assert.equal(
    sensorFrame({ ...about, normalisation: { ...normalisation, per: "element" } }),
    undefined,
  );
});

Deno.test("takeShare() takes a seeded part without repetition", () => {
  const whole = waves(60, 1);
  const part = takeShare(whole, 0.25, 3);
  assert.equal(part.samples, 15);
  assert.equal(new Set(Array.from({ length: 15 }, (_, i) => part.x[i * 32])).size, 15);
  assert.deepEqual(takeShare(whole, 0.25, 3).y, part.y);
  assert.equal(takeShare(whole, 1, 3), whole);
});

Deno.test("augment() moves and mirrors images, and moves windows, by the seed", () => {
  const shape = { h: 4, w: 4, channels: 1 };
  const batch = () => ({
    x: Float32Array.from({ length: 32 }, (_, i) => i + 1),
    y: new Int32Array(2),
  });
  for (
    const extra of [{ crop_pixels: 1, flip: true }, { shift_steps: 2 }, { noise: 0.1 }] as const
  ) {
    const disturbed = [1, 1, 2].map((seed) => {
      const one = batch();
      augment(one, { input: shape }, { gain: 0, offset: 0, ...extra }, new Random(seed, "a"));
      return one.x;
    });
    assert.notDeepEqual(disturbed[0], batch().x);
    assert.deepEqual(disturbed[0], disturbed[1]);
    assert.notDeepEqual(disturbed[0], disturbed[2]);
  }
});

Deno.test("learningRateAt() follows constant, cosine and step, after a warm-up", () => {
  const options = { learning_rate: 0.1, epochs: 20 };
  const at = (step: number, more: object) =>
    learningRateAt({ ...options, schedule: "constant", ...more }, step, 5);
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);
  near(at(99, {}), 0.1);
  near(at(0, { schedule: "cosine" }), 0.1);
  near(at(50, { schedule: "cosine" }), 0.05);
  near(at(100, { schedule: "cosine" }), 0);
  near(at(49, { schedule: "step" }), 0.1);
  near(at(50, { schedule: "step" }), 0.01);
  near(at(10, { schedule: "step", decay: { every_epochs: 1, factor: 0.5 } }), 0.025);
  near(at(0, { warmup_epochs: 2 }), 0.01);
  near(at(9, { warmup_epochs: 2 }), 0.1);
  near(at(60, { warmup_epochs: 2 }), 0.1);
});

Deno.test("classWeights() balances so that every class counts alike", () => {
  const labels = Int32Array.of(0, 0, 0, 1);
  assert.deepEqual([...classWeights("balanced", labels, 2)!].map((w) => w.toFixed(4)), [
    "0.6667",
    "2.0000",
  ]);
  assert.equal(classWeights(undefined, labels, 2), undefined);
  assert.throws(() => classWeights([1, 2, 3], labels, 2), /one weight per class/);
  assert.throws(() => classWeights("balanced", labels, 3), /class 2 has no training samples/);
});

Deno.test("crossEntropy() weighs samples by their class", () => {
  const scores = Float32Array.of(1, 2, 0.5, -1);
  const one = crossEntropy(scores.slice(0, 2), Int32Array.of(0));
  const other = crossEntropy(scores.slice(2), Int32Array.of(1));
  const both = crossEntropy(scores, Int32Array.of(0, 1), 0, Float32Array.of(3, 0.5));
  assert.ok(Math.abs(both.loss - (3 * one.loss + 0.5 * other.loss) / 2) < 1e-12);
  assert.ok(Math.abs(both.gradient[0]! - 1.5 * one.gradient[0]!) < 1e-6);
  assert.ok(Math.abs(both.gradient[3]! - 0.25 * other.gradient[1]!) < 1e-6);
});

Deno.test("mixBatch() mixes samples and classes in the same share", () => {
  const batch = { x: Float32Array.of(0, 10, 20, 30), y: Int32Array.of(0, 1, 2, 3) };
  const { labels, share } = mixBatch(batch, 0.4, new Random(3, "mix"));
  assert.ok(share > 0 && share < 1);
  batch.x.forEach((value, i) => {
    assert.ok(Math.abs(value - 10 * (share * i + (1 - share) * labels[i]!)) < 1e-5);
  });
});

Deno.test("mixedLoss() is the loss with mixed targets", () => {
  const scores = Float32Array.of(0.3, -1, 2);
  const [a, b] = [0, 2].map((label) => crossEntropy(scores, Int32Array.of(label)));
  const mixed = mixedLoss(a!, b!, 0.3);
  const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
  const targets = [0.3, 0, 0.7];
  targets.forEach((target, c) => {
    assert.ok(Math.abs(mixed.gradient[c]! - (Math.exp(scores[c]!) / sum - target)) < 1e-6);
  });
});

Deno.test("eventFile() frames what TensorBoard reads", () => {
  const file = eventFile([{ tag: "loss", step: 300, value: 0.5 }], 1);
  // Twelve bytes of length and its sum, the event, four of its sum.
  const header = new DataView(file.buffer);
  const first = Number(header.getBigUint64(0, true));
  assert.equal(new TextDecoder().decode(file.subarray(12, 12 + first)).slice(-13), "brain.Event:2");
  const start = 12 + first + 4;
  const length = Number(header.getBigUint64(start, true));
  assert.equal(start + 12 + length + 4, file.length);
  const event = file.subarray(start + 12, start + 12 + length);
  assert.deepEqual([...event.subarray(9)], [
    0x10,
    0xac,
    0x02, // step 300
    0x2a,
    0x0d,
    0x0a,
    0x0b,
    0x0a,
    0x04,
    ...new TextEncoder().encode("loss"),
    0x15,
    0,
    0,
    0,
    0x3f, // 0.5
  ]);
});

Deno.test("fit() trains with every option of practitioners, and the same seed gives the same", async () => {
  await selectBackend("wasm");
  const rich: FitParameters = {
    ...options,
    epochs: 3,
    schedule: "step",
    decay: { every_epochs: 2, factor: 0.5 },
    warmup_epochs: 1,
    class_weights: "balanced",
    mixup: 0.2,
    augment: { gain: 0.1, offset: 0.1, shift_steps: 1, noise: 0.05 },
  };
  const request = { network, train: waves(90, 1), val: waves(60, 2), options: rich };
  const [once, again] = [await fit(request), await fit(request)];
  assert.deepEqual(again.parameters, once.parameters);
  assert.ok(once.epochs.at(-1)!.loss < once.epochs[0]!.loss);
  const { mixup: _, ...plain } = rich;
  assert.notDeepEqual((await fit({ ...request, options: plain })).parameters, once.parameters);
});
