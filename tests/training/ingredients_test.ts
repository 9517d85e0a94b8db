import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../../base/random.ts";
import { ADAM_DEFAULTS, adamStart, adamStep } from "../../training/adam.ts";
import { augment } from "../../training/augment.ts";
import { averageStep } from "../../training/average.ts";
import { takeShare } from "../../training/data.ts";
import { argMax, crossEntropy } from "../../training/loss.ts";
import type { Parameter } from "../../training/parameters.ts";
import { input, waves } from "./fixture.ts";

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
  augment({ x, y }, input.channels, { gain: 0.2, offset: 0.3 }, new Random(1, "a"));
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
  augment({ x, y }, input.channels, { gain: 0, offset: 0 }, random);
  assert.deepEqual(x, before);
  assert.equal(random.uniform(), new Random(1, "a").uniform());
});

Deno.test("takeShare() takes a seeded part without repetition", () => {
  const whole = waves(60, 1);
  const part = takeShare(whole, 0.25, 3);
  assert.equal(part.samples, 15);
  assert.equal(new Set(Array.from({ length: 15 }, (_, i) => part.x[i * 32])).size, 15);
  assert.deepEqual(takeShare(whole, 0.25, 3).y, part.y);
  assert.equal(takeShare(whole, 1, 3), whole);
});
