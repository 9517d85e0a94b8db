import assert from "node:assert/strict";
import fc from "fast-check";
import { FloatInference } from "../../network/float.ts";
import { joinMultipliers } from "../../network/integer/channelwise.ts";
import {
  IntegerInference,
  quantiseInput,
  refuseUnsupported,
} from "../../network/integer/inference.ts";
import { type Layer, resolveLayers } from "../../network/network.ts";
import { observe } from "../../stages/quantize/observe.ts";
import { predictBits, quantise } from "../../stages/quantize/quantise.ts";
import {
  channelwiseExact,
  randomMixedNetwork,
  randomSamples,
  randomWeights,
  requantiseExact,
} from "./support.ts";

function quantisedMixed(seed: number) {
  const network = randomMixedNetwork(seed);
  const float = randomWeights(network, seed);
  const samples = randomSamples(network, 16, seed);
  const observation = observe(float, samples);
  const bits = predictBits(float, observation, 1.25);
  return {
    network,
    float,
    samples,
    result: quantise(float, observation, { bits, headroom: 1.25 }),
  };
}

const CHANNELWISE = ["depthwise_conv", "max_pool", "avg_pool", "add", "concat"];

Deno.test("IntegerInference equals exact arithmetic on every channelwise layer", () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < 60; seed++) {
    const { samples, result } = quantisedMixed(seed);
    const inference = new IntegerInference(result.network);
    for (const sample of samples.slice(0, 2)) {
      const input = quantiseInput(result.network, sample);
      inference.run(input);
      result.network.layers.forEach((item, index) => {
        const { layer, weights, bias, multipliers, requantisation } = item;
        if (!CHANNELWISE.includes(layer.type)) return;
        seen.set(layer.type, (seen.get(layer.type) ?? 0) + 1);
        const sources = layer.inputs.map((from) => from < 0 ? input : inference.map(from));
        const sums = channelwiseExact(layer, sources, weights, bias, multipliers);
        assert.ok(sums.every((sum) => sum >= -(2n ** 31n) && sum < 2n ** 31n));
        const { accumulator_bound } = result.layers[index]!;
        assert.ok(sums.every((sum) => Math.abs(Number(sum)) <= accumulator_bound));
        assert.deepEqual(
          [...inference.map(index)],
          sums.map((sum) => requantiseExact(Number(sum), requantisation!)),
          `seed ${seed}, ${layer.name}: ${layer.type}`,
        );
      });
    }
  }
  for (const type of CHANNELWISE) assert.ok(seen.get(type)! > 20, `${type}: ${seen.get(type)}`);
});

Deno.test("quantise() keeps the error of networks with channelwise layers below a hundredth", () => {
  for (let seed = 0; seed < 40; seed++) {
    const { float, samples, result } = quantisedMixed(seed);
    const floatInference = new FloatInference(float);
    const inference = new IntegerInference(result.network);
    const { output_scale } = result.layers.at(-1)!;
    let error = 0;
    let signal = 0;
    for (const sample of samples) {
      const codes = inference.run(quantiseInput(result.network, sample));
      floatInference.run(sample).forEach((value, i) => {
        error += (codes[i]! * output_scale - value) ** 2;
        signal += value ** 2;
      });
    }
    const relative = Math.sqrt(error / signal);
    assert.ok(relative < 1e-2, `seed ${seed}: ${relative}`);
  }
});

Deno.test("joinMultipliers() keeps the ratio of two scales within 2^-15 of the larger", () => {
  const scale = fc.double({ min: 1e-6, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(scale, scale, (a, b) => {
      const { multipliers: [ma, mb], unit } = joinMultipliers(a, b);
      for (const multiplier of [ma, mb]) assert.ok(multiplier >= 1 && multiplier <= 32767);
      assert.ok(Math.max(ma, mb) >= 16384);
      for (const [wanted, multiplier] of [[a, ma], [b, mb]] as const) {
        assert.ok(Math.abs(multiplier * unit - wanted) <= Math.max(a, b) * 2 ** -14);
      }
    }),
    { seed: 3, numRuns: 200 },
  );
  assert.deepEqual(joinMultipliers(0.5, 0.5).multipliers, [32767, 32767]);
});

Deno.test("refuseUnsupported() names the limits of pools, add and concat", () => {
  const window = { kernel: { h: 2, w: 2 }, padding: { top: 0, bottom: 2, left: 0, right: 0 } };
  const plain = { activation: "none", bias: false } as const;
  const refused: [Partial<Layer>, RegExp][] = [
    [{ type: "max_pool", ...window }, /such a max_pool/],
    [{ type: "avg_pool", ...window }, /such a avg_pool/],
    [{ type: "add", inputs: ["input", "input", "input"] }, /such a add/],
    [{ type: "concat", inputs: ["input", "input", "input"] }, /such a concat/],
    [{ type: "add", inputs: ["input", "input"], stride: { h: 2, w: 1 } }, /such a add/],
    [{
      type: "avg_pool",
      kernel: { h: 14, w: 14 },
      padding: { top: 7, bottom: 7, left: 7, right: 7 },
    }, /such a avg_pool/],
  ];
  for (const [layer, message] of refused) {
    const layers = resolveLayers({
      name: "n",
      input: { h: 8, w: 8, channels: 2 },
      layers: [{ ...plain, name: "l", ...layer } as Layer],
    });
    assert.throws(() => refuseUnsupported(layers), message);
  }
});
