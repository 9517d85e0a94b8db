import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatInference } from "../../network/float.ts";
import { accumulatorBound, SUM_LIMIT, worstInput } from "../../network/integer/bound.ts";
import { IntegerInference, quantiseInput } from "../../network/integer/inference.ts";
import { weightShape } from "../../network/network.ts";
import { observe } from "../../stages/quantize/observe.ts";
import { OutputError, refineBits } from "../../stages/quantize/refine_bits.ts";
import { predictBits, quantise, type QuantiseOptions } from "../../stages/quantize/quantise.ts";
import { randomNetwork, randomSamples, randomWeights } from "./support.ts";

/** All maps with as many bits; `auto` as predicted. */
type Bits = number | "auto";

function quantised(seed: number, how: Bits = "auto", gain = 1) {
  const network = randomNetwork(seed);
  const float = randomWeights(network, seed);
  for (const { weights } of float.layers) weights?.forEach((w, i) => weights[i] = w * gain);
  const observation = observe(float, randomSamples(network, 32, seed));
  const headroom = 1.25;
  const bits = how === "auto"
    ? predictBits(float, observation, headroom)
    : Array(network.layers.length + 1).fill(how);
  const options: QuantiseOptions = { bits, headroom };
  return { network, float, observation, options, result: quantise(float, observation, options) };
}

/** Root of the mean squared error of the outputs, relative to that of the outputs. */
function relativeError(seed: number, how: Bits = "auto"): number {
  const { network, float, result } = quantised(seed, how);
  const floatInference = new FloatInference(float);
  const integerInference = new IntegerInference(result.network);
  const { output_scale } = result.layers.at(-1)!;
  let error = 0;
  let signal = 0;
  // The samples that were observed: no value is clamped, so that only rounding remains.
  for (const sample of randomSamples(network, 32, seed)) {
    const expected = floatInference.run(sample);
    const codes = integerInference.run(quantiseInput(result.network, sample));
    expected.forEach((value, i) => {
      error += (codes[i]! * output_scale - value) ** 2;
      signal += value ** 2;
    });
  }
  return Math.sqrt(error / signal);
}

Deno.test("quantise() keeps the error of random networks below a thousandth", () => {
  for (let seed = 0; seed < 40; seed++) {
    const error = relativeError(seed);
    assert.ok(error < 1e-3, `seed ${seed}: relative error ${error}`);
  }
});

Deno.test("quantise() with few activation bits has the error of few bits", () => {
  const mean = (how: Bits) => {
    let sum = 0;
    for (let seed = 0; seed < 10; seed++) sum += relativeError(seed, how);
    return sum / 10;
  };
  const coarse = mean(5);
  assert.ok(coarse > 1e-2, `${coarse}`);
  assert.ok(mean("auto") < coarse / 30);
});

Deno.test("quantise() records a bound that the worst input reaches exactly and that int32 holds", () => {
  let tight = 0;
  for (let seed = 0; seed < 40; seed++) {
    const { result } = quantised(seed, 16);
    result.network.layers.forEach(({ layer, weights, bias }, index) => {
      const recorded = result.layers[index]!.accumulator_bound;
      assert.ok(recorded <= SUM_LIMIT, `${layer.name}: ${recorded}`);
      if (weights === undefined) return;
      let from = layer.inputs[0]!;
      while (from >= 0 && result.network.layers[from]!.layer.type === "flatten") {
        from = result.network.layers[from]!.layer.inputs[0]!;
      }
      const { minimum, maximum } = from < 0
        ? result.network.input
        : result.network.layers[from]!.requantisation!;
      const channels = layer.output.channels;
      const kernel = weights.length / channels;
      let worst = 0n;
      for (let m = 0; m < channels; m++) {
        for (const sign of [1, -1] as const) {
          const codes = worstInput(weights, channels, m, sign, minimum, maximum);
          let sum = BigInt(bias?.[m] ?? 0) * ((bias?.[m] ?? 0) * sign < 0 ? -1n : 1n);
          for (let i = 0; i < kernel; i++) {
            sum += BigInt(codes[i]!) * BigInt(weights[m * kernel + i]!);
            assert.equal(sum, BigInt.asIntN(32, sum), "overflow on the way");
          }
          if (sum < 0n) sum = -sum;
          if (sum > worst) worst = sum;
        }
      }
      assert.equal(worst, BigInt(recorded), layer.name);
      if (recorded > 0.99 * SUM_LIMIT) tight++;
    });
  }
  assert.ok(tight > 20, `only ${tight} layers use the 32 bits that they have`);
});

Deno.test("accumulatorBound() is never exceeded by any input or order", () => {
  const code = fc.integer({ min: -32767, max: 32767 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(code, code), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: -1000000, max: 1000000 }),
      fc.boolean(),
      (pairs, bias, oneSided) => {
        const minimum = oneSided ? 0 : -32767;
        const weights = Int16Array.from(pairs, ([w]) => w);
        const bound = accumulatorBound(weights, 1, [bias], minimum, 32767);
        let sum = bias;
        for (const [w, x] of pairs) {
          sum += w * Math.max(minimum, x);
          assert.ok(Math.abs(sum) <= bound, `${sum} beyond ${bound}`);
        }
      },
    ),
    { seed: 3, numRuns: 2000 },
  );
  assert.throws(() => accumulatorBound(Int16Array.of(1), 1, undefined, 1, 2), RangeError);
});

Deno.test("worstInput() overflows int32 where the scale is made finer than quantise() chose", () => {
  const weights = new Int16Array(4).fill(32767);
  const input = worstInput(weights, 1, 0, 1, -32767, 32767);
  const sum = input.reduce((total, x, i) => total + x * weights[i]!, 0);
  assert.ok(sum > SUM_LIMIT && accumulatorBound(weights, 1, undefined, -32767, 32767) === sum);
});

Deno.test("quantise() gives every layer codes within its own bit widths", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { result } = quantised(seed);
    result.network.layers.forEach(({ layer, weights, requantisation }, index) => {
      const { weight_bits, activation_bits } = result.layers[index]!;
      if (weights !== undefined) {
        const limit = 2 ** (weight_bits! - 1) - 1;
        assert.ok(weights.every((w) => Math.abs(w) <= limit));
        assert.equal(weights.length, weightShape(layer).reduce((a, b) => a * b, 1));
      }
      if (requantisation === undefined) return;
      assert.equal(requantisation.maximum, 2 ** (activation_bits - 1) - 1);
      if (layer.activation === "relu") assert.equal(requantisation.minimum, 0);
    });
  }
});

Deno.test("quantise() survives dead layers and weights of any magnitude", () => {
  for (const gain of [0, 1e-30, 1e-6, 1e6]) {
    for (let seed = 0; seed < 8; seed++) {
      const { result, network } = quantised(seed, "auto", gain);
      const inference = new IntegerInference(result.network);
      for (const sample of randomSamples(network, 2, seed)) {
        inference.run(quantiseInput(result.network, sample));
      }
      for (const { requantisation } of result.network.layers) {
        if (requantisation === undefined) continue;
        const { multiplier, shift } = requantisation;
        assert.ok(multiplier >= 1 << 14 && multiplier < 1 << 15 && shift >= 17 && shift <= 46);
      }
    }
  }
});

Deno.test("refineBits() never ends worse than it starts and often better", async () => {
  let better = 0;
  for (let seed = 0; seed < 10; seed++) {
    const { network, float, observation, options } = quantised(seed);
    const samples = randomSamples(network, 8, seed);
    const results = await Array.fromAsync(refineBits(float, observation, samples, options, 2));
    assert.deepEqual(results[0], options.bits);
    const outputs = new OutputError(float, observation, samples, 2);
    const errors = [
      await outputs.of(options),
      await outputs.of({ ...options, bits: results.at(-1)! }),
    ];
    assert.ok(errors[1]! <= errors[0]!, `seed ${seed}: ${errors}`);
    if (errors[1]! < errors[0]!) better++;
  }
  assert.ok(better >= 5, `${better}`);
});
