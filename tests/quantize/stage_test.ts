import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { readJson, readNpy, writeNpy, writeWhole } from "../../base/files.ts";
import { QuantizedArtifact } from "../../network/artifacts/quantized.ts";
import { FloatInference } from "../../network/float.ts";
import { argmax } from "../../network/integer/inference.ts";
import { readQuantized } from "../../network/integer/load.ts";
import { type Network, weightShape } from "../../network/network.ts";
import { quantize } from "../../stages/quantize/run.ts";
import { randomSamples, randomWeights } from "./support.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

const network: Network = {
  name: "small",
  input: { h: 12, w: 1, channels: 3 },
  layers: [
    {
      name: "conv1",
      type: "conv",
      kernel: { h: 3, w: 1 },
      channels: 6,
      activation: "relu",
      bias: true,
    },
    { name: "pool", type: "global_avg_pool", activation: "none", bias: false },
    { name: "fc", type: "fc", channels: 3, activation: "none", bias: true },
  ],
};

/** Artifacts of dataset, search and train, as those stages leave them; labels are the float classes. */
async function inputs(folder: string, testAccuracy = 1): Promise<void> {
  const float = randomWeights(network, 1);
  const inference = new FloatInference(float);
  const split = async (name: string, count: number, seed: number) => {
    const samples = randomSamples(network, count, seed);
    await writeNpy(`${folder}/dataset/${name}.x.npy`, {
      shape: [count, 12, 1, 3],
      data: Float32Array.from(samples.flatMap((sample) => [...sample])),
    });
    await writeNpy(`${folder}/dataset/${name}.y.npy`, {
      shape: [count],
      data: Int32Array.from(samples, (sample) => argmax(inference.run(sample))),
    });
    return { samples: count, per_class: [] };
  };
  const write = (name: string, value: unknown) =>
    writeWhole(`${folder}/${name}`, JSON.stringify(value));
  const classes = ["a", "b", "c"];
  await write("dataset/dataset.json", {
    name: "random",
    title: "Random numbers",
    input: network.input,
    classes,
    splits: {
      train: await split("train", 50, 1),
      val: await split("val", 10, 2),
      test: await split("test", 200, 3),
    },
    split_rule: "random",
    normalisation: { per: "none", mean: [], std: [] },
    provenance: { source: "none", licence: "none", files: [], official: null, cautions: [] },
  });
  await write("search/architecture.json", {
    network,
    classes,
    rule: "given",
    trial: 0,
    val_accuracy: 1,
    platform: "none",
    latency_s: 1,
    requirement_s: null,
  });
  const labels = (await readNpy(`${folder}/dataset/test.y.npy`, Int32Array)).data;
  await writeNpy(`${folder}/train/test.predicted.npy`, {
    shape: [labels.length],
    data: labels.map((label, i) =>
      i % 10 < 10 * (1 - testAccuracy) - 1e-9 ? (label + 1) % 3 : label
    ),
  });
  await write("train/training.json", {});
  for (const { layer, weights, bias } of float.layers) {
    if (weights === undefined) continue;
    await writeNpy(`${folder}/train/weights/${layer.name}.kernel.npy`, {
      shape: weightShape(layer),
      data: weights,
    });
    await writeNpy(`${folder}/train/weights/${layer.name}.bias.npy`, {
      shape: [bias!.length],
      data: bias!,
    });
  }
}

async function run(
  folder: string,
  output: string,
  parameters: unknown = {},
  signal = new AbortController().signal,
): Promise<string[]> {
  const warnings: string[] = [];
  await quantize.run({
    params: quantize.parameters.parse(parameters),
    input: (stage) => `${folder}/${stage}`,
    artifactDir: `${folder}/${output}`,
    workDir: `${folder}/work`,
    root: folder,
    threads: 1,
    progress: { update() {}, note() {}, warn: (text) => void warnings.push(text) },
    signal,
  });
  return warnings;
}

async function within(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("quantize keeps the class of every sample and leaves what readQuantized() reads", () =>
  within(async (folder) => {
    await inputs(folder);
    assert.deepEqual(await run(folder, "a"), []);
    const { artifact, network: integer } = await readQuantized(`${folder}/a`);
    assert.deepEqual(artifact.accuracy, {
      test_samples: 200,
      float: 1,
      integer: 1,
      agreement: 1,
      integer_by: "kernels",
      reference_samples: 200,
    });
    assert.equal(integer.layers[0]!.weights!.length, 54);
    const rows = await quantize.report!(`${folder}/a`);
    assert.match(rows.map((row) => row.join(" ")).join("\n"), /integer accuracy 100.00 %/);
  }));

Deno.test("quantize writes the same bytes again", () =>
  within(async (folder) => {
    await inputs(folder);
    const bytes = async (output: string) => {
      await run(folder, output);
      const names = ["quantized.json", "weights/conv1.npy", "weights/fc.bias.npy"];
      return names.map((name) => Deno.readFileSync(`${folder}/${output}/${name}`));
    };
    assert.deepEqual(await bytes("a"), await bytes("b"));
  }));

Deno.test("quantize calibrates by a percentile and says so; the ranges are narrower", () =>
  within(async (folder) => {
    await inputs(folder);
    const scaleOf = async (output: string, calibration: unknown) => {
      await run(folder, output, { activation_bits: 8, calibration });
      const { artifact } = await readQuantized(`${folder}/${output}`);
      return { method: artifact.calibration.method, scale: artifact.input.scale };
    };
    const whole = await scaleOf("a", {});
    const cut = await scaleOf("b", { method: "percentile", percentile: 95 });
    assert.deepEqual([whole.method, cut.method], ["min-max", "percentile 95"]);
    assert.ok(cut.scale < 0.8 * whole.scale, `${cut.scale} of ${whole.scale}`);
  }));

Deno.test("quantize takes the ranges that training with rounding left, for the same integers only", () =>
  within(async (folder) => {
    await inputs(folder);
    const learn = (element_bytes: number) =>
      writeWhole(
        `${folder}/train/training.json`,
        JSON.stringify({
          quantisation_aware: {
            element_bytes,
            per_channel: false,
            activation_bits: 12,
            learn_from: "float",
            learning_rate: 0.001,
            epochs: [{
              epoch: 1,
              learning_rate: 0,
              loss: 1,
              train_accuracy: 1,
              val_loss: 1,
              val_accuracy: 1,
            }],
            best_epoch: 1,
            input_range: 20.47,
            ranges: network.layers.map(({ name }, i) => ({ layer: name, range: 2 ** i })),
          },
        }),
      );
    await learn(2);
    await run(folder, "a");
    const { artifact } = await readQuantized(`${folder}/a`);
    assert.equal(artifact.calibration.method, "learned in training");
    assert.ok(Math.abs(artifact.input.scale - 0.01) < 1e-9);
    artifact.layers.forEach(({ output_scale, activation_bits }, i) => {
      assert.equal(activation_bits, 12);
      // A multiplier of 15 bits widens it by less than 2^-14.
      assert.ok(Math.abs(output_scale * 2047 / 2 ** i - 1) < 1e-4);
    });
    await assert.rejects(
      run(folder, "b", { weight_scales: "per_channel" }),
      /trained with rounding for weight_scales per_layer[^]*per_channel/,
    );
    await learn(1);
    await run(folder, "b");
    assert.equal((await readQuantized(`${folder}/b`)).artifact.calibration.method, "min-max");
  }));

Deno.test("quantize leaves the top bit of each code to scheme stateful, and refuses more bits", () =>
  within(async (folder) => {
    await inputs(folder);
    for (const [element_bytes, most] of [[2, 2 ** 14 - 1], [1, 2 ** 6 - 1]] as const) {
      for (const activation_bits of element_bytes === 2 ? ["auto", 15] : ["auto"]) {
        const parameters = { element_bytes, activation_bits, scheme: "stateful" };
        await run(folder, "a", parameters);
        const { network: integer } = await readQuantized(`${folder}/a`);
        const maps = [
          integer.input,
          ...integer.layers.flatMap((layer) => layer.requantisation ?? []),
        ];
        assert.ok(maps.every(({ minimum, maximum }) => minimum >= -most && maximum <= most));
        assert.equal(Math.max(...maps.map(({ maximum }) => maximum)) > most / 2, true);
      }
    }
    const refused = async (parameters: unknown) => {
      const params = quantize.parameters.parse(parameters);
      return (await quantize.preflight!({ params, root: folder })).map(({ message }) => message);
    };
    assert.deepEqual(await refused({ scheme: "stateful", activation_bits: 15 }), []);
    assert.match((await refused({ scheme: "stateful", activation_bits: 16 }))[0]!, /have 15 bits/);
    assert.deepEqual(await refused({ scheme: "hawaii", activation_bits: 16 }), []);
    assert.match(
      (await refused({ scheme: "stateful", element_bytes: 1, activation_bits: 8 }))[0]!,
      /int8 codes have 7 bits under scheme stateful/,
    );
  }));

Deno.test("quantize warns where codes lose accuracy, and where the training backend disagrees", () =>
  within(async (folder) => {
    await inputs(folder, 0.9);
    const warnings = await run(folder, "a", { activation_bits: 4, calibration: { headroom: 8 } });
    assert.match(warnings.join("\n"), /float inference gives 20 of 200 test samples another class/);
    assert.match(warnings.join("\n"), /integer accuracy .* lies more than 1.00 % below/);
  }));

Deno.test("quantize names the array that is missing, foreign or not finite", () =>
  within(async (folder) => {
    await inputs(folder);
    const path = `${folder}/train/weights/fc.kernel.npy`;
    const { shape, data } = await readNpy(path, Float32Array);
    const refused = (message: RegExp) =>
      assert.rejects(run(folder, "a"), (error: Error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, message);
        return true;
      });
    await writeNpy(path, { shape, data: data.map((w, i) => i === 4 ? NaN : w) });
    await refused(/fc\.kernel\.npy: weights are not finite[^]*NaN at element 4/);
    await writeNpy(path, { shape: [shape[0]!, shape[3]!], data });
    await refused(/fc\.kernel\.npy: array has a foreign shape/);
    await Deno.remove(path);
    await refused(/fc\.kernel\.npy: array cannot be read/);
  }));

Deno.test("quantize.preflight() asks for sums that LEA does not saturate, before anything runs", async () => {
  const problems = async (platform: object, rest = {}) => {
    const params = quantize.parameters.parse({ platforms: [platform], ...rest });
    return (await quantize.preflight!({ params, root: ROOT })).map(({ field }) => field);
  };
  assert.deepEqual(await problems({ profile: "msp430fr5994-lea" }), ["sum_bits"]);
  assert.deepEqual(await problems({ profile: "msp430fr5994-fram", kernel: "lea" }), ["sum_bits"]);
  assert.deepEqual(await problems({ profile: "msp430fr5994-lea" }, { sum_bits: 30 }), []);
  assert.deepEqual(await problems({ profile: "msp430fr5994-fram" }), []);
});

Deno.test("readQuantized() refuses codes whose sums can overflow", () =>
  within(async (folder) => {
    await inputs(folder);
    await run(folder, "a");
    const file = `${folder}/a/quantized.json`;
    const artifact = await readJson(file, QuantizedArtifact);
    const path = `${folder}/a/${artifact.layers[0]!.weights}`;
    const { shape, data } = await readNpy(path, Int16Array);
    await writeNpy(path, { shape, data: new Int16Array(data.length).fill(32767) });
    await assert.rejects(readQuantized(`${folder}/a`), /sums of layer conv1 can overflow 32 bits/);
  }));

Deno.test("readQuantized() refuses the one integer that is no weight", () =>
  within(async (folder) => {
    await inputs(folder);
    for (
      const [element_bytes, type, least] of [[1, Int8Array, -127], [2, Int16Array, -32767]] as const
    ) {
      await run(folder, "a", { element_bytes });
      const path = `${folder}/a/weights/fc.npy`;
      const { shape, data } = await readNpy<Int8Array | Int16Array>(path, type);
      const from = (code: number) => data.map((w, i) => i === 3 ? code : Math.sign(w));
      await writeNpy(path, { shape, data: from(least) });
      await readQuantized(`${folder}/a`);
      await writeNpy(path, { shape, data: from(least - 1) });
      await assert.rejects(
        readQuantized(`${folder}/a`),
        new RegExp(
          `weight of layer fc is no code[^]*${least - 1} at element 3[^]*from ${least} on`,
        ),
      );
    }
  }));

Deno.test("quantize stops when it is told to", () =>
  within(async (folder) => {
    await inputs(folder);
    await assert.rejects(run(folder, "a", {}, AbortSignal.abort(new Error("stopped"))), /stopped/);
    assert.deepEqual(
      await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name).then((names) =>
        names.filter((name) => name === "a")
      ),
      [],
    );
  }));
