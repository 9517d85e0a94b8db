import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../../base/random.ts";
import { convSums, poolSums } from "../../network/integer/conv.ts";
import { IntegerInference, refuseUnsupported } from "../../network/integer/inference.ts";
import {
  fixedPoint,
  RATIO_MAX,
  RATIO_MIN,
  requantise,
  requantiseAll,
} from "../../network/integer/requantise.ts";
import { elements, resolveLayers } from "../../network/network.ts";
import { convExact, randomNetwork, requantiseExact } from "./support.ts";

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const wide = { minimum: -32768, maximum: 32767 };

Deno.test("requantise() equals arithmetic in integers of any size at the extremes", () => {
  const sums = [INT32_MIN, INT32_MIN + 1, -65537, -3, -2, -1, 0, 1, 2, 3, 65536, INT32_MAX];
  for (const sum of sums) {
    for (const multiplier of [1 << 14, (1 << 14) + 1, (1 << 15) - 1]) {
      for (let shift = 17; shift <= 46; shift++) {
        for (const range of [wide, { minimum: 0, maximum: 32767 }, { minimum: -7, maximum: 5 }]) {
          const parameters = { multiplier, shift, ...range };
          assert.equal(
            requantise(sum, parameters),
            requantiseExact(sum, parameters),
            `${sum} * ${multiplier} >> ${shift}`,
          );
        }
      }
    }
  }
});

Deno.test("requantise() equals arithmetic in integers of any size for random values", () => {
  const ties = fc.tuple(fc.integer({ min: -32768, max: 32767 }), fc.integer({ min: 17, max: 31 }))
    // sum * 2^14 lies exactly half way between two codes.
    .map(([code, shift]) => ({
      sum: (code * 2 + 1) * 2 ** (shift - 15),
      multiplier: 1 << 14,
      shift,
    }))
    .filter(({ sum }) => sum >= INT32_MIN && sum <= INT32_MAX);
  const any = fc.record({
    sum: fc.integer({ min: INT32_MIN, max: INT32_MAX }),
    multiplier: fc.integer({ min: 1 << 14, max: (1 << 15) - 1 }),
    shift: fc.integer({ min: 17, max: 46 }),
  });
  fc.assert(
    fc.property(fc.oneof(ties, any), ({ sum, multiplier, shift }) => {
      const parameters = { multiplier, shift, ...wide };
      const expected = requantiseExact(sum, parameters);
      assert.equal(requantise(sum, parameters), expected);
      const out = new Int16Array(2);
      requantiseAll(Int32Array.of(sum), 1, parameters, out, 1);
      assert.equal(out[1], expected);
    }),
    { seed: 1, numRuns: 5000 },
  );
});

Deno.test("requantise() rounds halves up, also below zero", () => {
  const parameters = { multiplier: 1 << 14, shift: 17, ...wide };
  assert.deepEqual([-12, -4, -3, 3, 4, 12].map((sum) => requantise(sum, parameters)), [
    -1,
    0,
    0,
    0,
    1,
    2,
  ]);
});

Deno.test("requantiseExact() tells truncation and rounding to even from the rule", () => {
  const parameters = { multiplier: 1 << 14, shift: 17, ...wide };
  const truncated = (sum: number) => Math.trunc(sum / 8);
  const toEven = (sum: number) => {
    const floor = Math.floor(sum / 8);
    const rest = sum / 8 - floor;
    return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  };
  assert.notEqual(truncated(7), requantiseExact(7, parameters));
  assert.notEqual(toEven(4), requantiseExact(4, parameters));
});

Deno.test("fixedPoint() is the largest fraction not above the ratio", () => {
  fc.assert(
    fc.property(fc.double({ min: RATIO_MIN, max: RATIO_MAX, noNaN: true }), (ratio) => {
      const { multiplier, shift } = fixedPoint(ratio);
      assert.ok(multiplier >= 1 << 14 && multiplier < 1 << 15, `${multiplier}`);
      assert.ok(shift >= 17 && shift <= 46, `${shift}`);
      assert.ok(multiplier / 2 ** shift <= ratio);
      assert.ok((multiplier + 1) / 2 ** shift > ratio);
    }),
    { seed: 2, numRuns: 2000 },
  );
  for (const wrong of [0, -1, 0.25, 1, NaN, RATIO_MIN / 2]) {
    assert.throws(() => fixedPoint(wrong), RangeError);
  }
});

Deno.test("convSums() equals the naive conv modulo 2^32 for random shapes", () => {
  let wrapped = 0;
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed, "conv");
    for (const layer of resolveLayers(randomNetwork(seed))) {
      if (layer.type !== "conv" && layer.type !== "fc") continue;
      const codes = (length: number) =>
        Int16Array.from({ length }, () => random.int(65536) - 32768);
      const input = codes(elements(layer.input));
      const weights = codes(
        layer.output.channels * layer.kernel.h * layer.kernel.w * layer.input.channels,
      );
      const bias = layer.bias
        ? Int32Array.from({ length: layer.output.channels }, () => random.int(2 ** 31) - 2 ** 30)
        : undefined;
      const sums = new Int32Array(elements(layer.output));
      convSums(layer, input, weights, bias, sums);
      const exact = convExact(layer, input, weights, bias);
      assert.deepEqual([...sums], exact.map((sum) => Number(BigInt.asIntN(32, sum))));
      if (exact.some((sum) => sum !== BigInt.asIntN(32, sum))) wrapped++;
    }
  }
  assert.ok(wrapped > 10, "the wrapping of sums was exercised");
});

Deno.test("poolSums() adds up each channel", () => {
  const [layer] = resolveLayers({
    name: "p",
    input: { h: 2, w: 3, channels: 2 },
    layers: [{ name: "pool", type: "global_avg_pool", activation: "none", bias: false }],
  });
  const sums = Int32Array.of(9, 9, 9);
  poolSums(layer!, Int16Array.of(1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 32767, -32768), sums);
  assert.deepEqual([...sums], [32782, -32783, 9]);
});

Deno.test("IntegerInference.run() reads a map in the order H, W, C for an fc, flattened or not", () => {
  const fcLayer = {
    name: "fc",
    type: "fc" as const,
    channels: 2,
    activation: "none" as const,
    bias: false,
  };
  const flat = { name: "flat", type: "flatten" as const, activation: "none" as const, bias: false };
  const input = { h: 2, w: 2, channels: 3 };
  const weights = Int16Array.from({ length: 24 }, (_, i) => i * 37 - 400);
  const requantisation = { multiplier: 1 << 14, shift: 18, ...wide };
  const run = (layers: typeof fcLayer[] | (typeof fcLayer | typeof flat)[]) =>
    new IntegerInference({
      name: "n",
      inputShape: input,
      element_bytes: 2,
      input: { scale: 1, ...wide },
      layers: resolveLayers({ name: "n", input, layers }).map((layer) =>
        layer.type === "flatten" ? { layer } : { layer, weights, requantisation }
      ),
    }).run(Int16Array.from({ length: 12 }, (_, i) => i - 5));
  const expected = [0, 1].map((m) => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += (i - 5) * weights[m * 12 + i]!;
    return requantiseExact(sum, requantisation);
  });
  assert.deepEqual([...run([fcLayer])], expected);
  assert.deepEqual([...run([flat, fcLayer])], expected);
});

Deno.test("refuseUnsupported() names each layer that has no integer inference", () => {
  const layers = resolveLayers({
    name: "n",
    input: { h: 4, w: 4, channels: 2 },
    layers: [
      {
        name: "c",
        type: "conv",
        kernel: { h: 1, w: 1 },
        channels: 2,
        groups: 2,
        activation: "none",
        bias: false,
      },
      {
        name: "m",
        type: "max_pool",
        kernel: { h: 2, w: 2 },
        padding: { top: 0, bottom: 2, left: 0, right: 0 },
        activation: "none",
        bias: false,
      },
      { name: "f", type: "flatten", activation: "relu", bias: false },
      { name: "fc", type: "fc", channels: 2, activation: "none", bias: false },
    ],
  });
  assert.throws(() => refuseUnsupported(layers), (error: Error) => {
    for (const name of ["layer c:", "layer m:", "layer f:"]) {
      assert.ok(error.message.includes(name), error.message);
    }
    assert.ok(!error.message.includes("layer fc:"));
    return true;
  });
});
