import assert from "node:assert/strict";
import { UserError } from "../../base/errors.ts";
import { forKernels, inferAll } from "../../native/infer.ts";
import {
  IntegerInference,
  type IntegerNetwork,
  quantiseInput,
} from "../../network/integer/inference.ts";
import type { Network } from "../../network/network.ts";
import { integerClasses } from "../../stages/quantize/integer_classes.ts";
import { observe } from "../../stages/quantize/observe.ts";
import { quantise } from "../../stages/quantize/quantise.ts";
import { randomMixedNetwork, randomNetwork, randomSamples, randomWeights } from "./support.ts";

const SAMPLES = 40;

function integersOf(network: Network, seed: number, element_bytes: 1 | 2, per_channel: boolean) {
  const float = randomWeights(network, seed);
  const samples = randomSamples(network, SAMPLES, seed + 1);
  const bits = Array(network.layers.length + 1).fill(element_bytes === 1 ? 8 : 12);
  const { network: integers } = quantise(float, observe(float, samples.slice(0, 8)), {
    bits,
    headroom: 1,
    element_bytes,
    per_channel,
  });
  return { integers, samples };
}

function codesOf(integers: IntegerNetwork, samples: readonly Float32Array[]): Int16Array {
  return Int16Array.from(samples.flatMap((sample) => [...quantiseInput(integers, sample)]));
}

function expectedOf(integers: IntegerNetwork, samples: readonly Float32Array[]): Int16Array {
  const reference = new IntegerInference(integers);
  return Int16Array.from(
    samples.flatMap((sample) => [...reference.run(quantiseInput(integers, sample))]),
  );
}

Deno.test("inferAll() equals integer inference bit for bit: every kind of layer, int8 and int16, both kinds of scales", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const network = seed % 3 === 0 ? randomNetwork(seed) : randomMixedNetwork(seed);
    const element_bytes = seed % 4 < 2 ? 1 : 2;
    const { integers, samples } = integersOf(network, seed, element_bytes, seed % 2 === 1);
    const answers = await inferAll(forKernels(integers), codesOf(integers, samples), 1 + seed % 3);
    assert.deepEqual(
      answers,
      expectedOf(integers, samples),
      `seed ${seed}: ${JSON.stringify(network.layers)}`,
    );
    for (const { type } of network.layers) seen.add(`${type} ${element_bytes}`);
  }
  for (const bytes of [1, 2]) {
    for (
      const type of ["conv", "depthwise_conv", "max_pool", "avg_pool", "global_avg_pool", "add"]
    ) assert.ok(seen.has(`${type} ${bytes}`), `${type} in ${bytes} bytes`);
  }
});

Deno.test("inferAll() is held against other constants: one wrong weight shows", async () => {
  const { integers, samples } = integersOf(randomNetwork(5), 5, 2, false);
  const expected = expectedOf(integers, samples);
  const first = integers.layers.find(({ weights }) => weights !== undefined)!;
  first.weights![0]! += first.weights![0]! > 0 ? -4000 : 4000;
  const answers = await inferAll(forKernels(integers), codesOf(integers, samples), 1);
  assert.notDeepEqual(answers, expected);
});

Deno.test("inferAll() names the field that no network has", () => {
  const { integers, samples } = integersOf(randomNetwork(2), 2, 2, false);
  const codes = codesOf(integers, samples);
  const refused = (change: (layer: Record<string, unknown>) => void, message: RegExp) => {
    const native = forKernels(integers);
    change(native.layers[0]! as unknown as Record<string, unknown>);
    assert.throws(() => inferAll(native, codes, 1), message);
  };
  refused((layer) => layer["weights"] = new Int16Array(1), /layers\[0\]\.weights must be a typed/);
  refused((layer) => layer["h"] = 1, /layers\[0\]\.inputs must hold what the layer reads/);
  refused((layer) => layer["inputs"] = [0], /layers\[0\]\.inputs must name earlier layers/);
  refused(
    (layer) => layer["requantisation"] = { multiplier: 1, shift: 17, minimum: 0, maximum: 1 },
    /requantisation\.multiplier/,
  );
  assert.throws(() => inferAll(forKernels(integers), codes.subarray(1), 1), /whole samples/);
});

Deno.test("integerClasses() compares with the reference, and says where it has to replace the kernels", async () => {
  const { integers, samples } = integersOf(randomNetwork(3), 3, 1, true);
  const x = Float32Array.from(samples.flatMap((sample) => [...sample]));
  const quiet = () => Promise.resolve();
  const answer = await integerClasses(integers, x, SAMPLES, 2, quiet);
  assert.equal(answer.by, "kernels");
  assert.equal(answer.compared.length, SAMPLES);

  const wide: Network = {
    name: "wide",
    input: { h: 1, w: 1, channels: 70_000 },
    layers: [{ name: "fc", type: "fc", channels: 2, bias: false, activation: "none" }],
  };
  const large = integersOf(wide, 1, 1, false);
  assert.throws(() => forKernels(large.integers), UserError);
  const two = Float32Array.from(large.samples.slice(0, 2).flatMap((sample) => [...sample]));
  const replaced = await integerClasses(large.integers, two, 2, 1, quiet);
  assert.equal(replaced.by, "reference");
  assert.match(replaced.instead ?? "", /layer fc/);
});
