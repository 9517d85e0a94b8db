import assert from "node:assert/strict";
import { observe } from "../../stages/quantize/observe.ts";
import { QuantizeParameters } from "../../stages/quantize/schema.ts";
import { randomNetwork, randomSamples, randomWeights } from "./support.ts";

Deno.test("observe() with a percentile holds that share of the magnitudes and little more", () => {
  for (let seed = 0; seed < 10; seed++) {
    const network = randomNetwork(seed);
    const float = randomWeights(network, seed);
    const samples = randomSamples(network, 40, seed);
    for (const share of [0.5, 0.9, 0.99]) {
      const { input } = observe(float, samples, { share });
      const range = Math.max(-input.minimum, input.maximum);
      const values = samples.flatMap((sample) => [...sample]).map(Math.abs).sort((a, b) => a - b);
      const exact = values[Math.ceil(share * values.length) - 1]!;
      assert.ok(range >= exact && range <= exact * (1 + 2 ** -6), `${range} for ${exact}`);
    }
  }
});

Deno.test("observe() with a percentile is deaf to an outlier that min-max follows", () => {
  const network = randomNetwork(1);
  const float = randomWeights(network, 1);
  const samples = randomSamples(network, 40, 1);
  const before = observe(float, samples, { share: 0.99 }).input.maximum;
  samples[0]![0] = 1e6;
  assert.ok(observe(float, samples, { share: 0.99 }).input.maximum < 1.1 * before);
  assert.equal(observe(float, samples).input.maximum, 1e6);
});

Deno.test("observe() without a percentile, or with all of it, is the same", () => {
  const network = randomNetwork(2);
  const float = randomWeights(network, 2);
  const samples = randomSamples(network, 8, 2);
  assert.deepEqual(observe(float, samples), observe(float, samples, { share: 1 }));
});

Deno.test("observe() with mse takes the range whose codes lose the least, tried one by one", () => {
  const network = randomNetwork(3);
  const float = randomWeights(network, 3);
  for (const bits of [4, 8]) {
    const samples = randomSamples(network, 40, bits);
    const values = samples.flatMap((sample) => [...sample]);
    const code_max = 2 ** (bits - 1) - 1;
    const error = (range: number) => {
      const scale = range / code_max;
      return values.reduce((sum, x) => {
        const code = Math.max(-code_max, Math.min(Math.round(x / scale), code_max));
        return sum + (code * scale - x) ** 2;
      }, 0);
    };
    const { input } = observe(float, samples, { least_error_bits: bits });
    const chosen = error(Math.max(-input.minimum, input.maximum));
    for (let range = 0.5; range < 6; range += 0.1) {
      assert.ok(
        chosen <= 1.05 * error(range),
        `${bits} bits: ${chosen}, ${error(range)} at ${range}`,
      );
    }
    assert.ok(bits === 8 || chosen < 0.9 * error(6), "clamping pays with few bits");
  }
});

Deno.test("QuantizeParameters refuses percentiles that are none", () => {
  const parse = (calibration: unknown) => QuantizeParameters.safeParse({ calibration }).success;
  assert.ok(parse({ method: "percentile", percentile: 99.9 }));
  for (const percentile of [0, 49, 101]) assert.ok(!parse({ method: "percentile", percentile }));
  assert.ok(!parse({ method: "median" }));
});
