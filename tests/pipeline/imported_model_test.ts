/** Somebody's ONNX model from its file to verified firmware, by the command that a user types. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readJson, readNpy } from "../../base/files.ts";
import { QuantizedArtifact } from "../../network/artifacts/quantized.ts";
import { VerifyArtifact } from "../../network/artifacts/verify.ts";
import { channelsFirst, model, runtimeScores } from "../onnx/tools.ts";

const ROOT = join(import.meta.dirname!, "../..");
const BOARD = "msp430fr5994-fram";
const input = { h: 48, w: 1, channels: 6 };
const TEST_SAMPLES = 1020;

/** As frameworks write a one-dimensional network: batch norm, pools, a flattened map, a closing softmax. */
const bytes = model({
  input: [input.channels, input.h],
  nodes: [
    { op: "Conv", inputs: ["x", "w0", "b0"], attributes: { kernel_shape: [5], pads: [2, 2] } },
    { op: "BatchNormalization", inputs: ["v0", "gain", "offset", "mean", "variance"] },
    { op: "Relu", inputs: ["v1"] },
    { op: "MaxPool", inputs: ["v2"], attributes: { kernel_shape: [2], strides: [2] } },
    { op: "Conv", inputs: ["v3", "w1", "b1"], attributes: { kernel_shape: [3] } },
    { op: "Relu", inputs: ["v4"] },
    { op: "GlobalAveragePool", inputs: ["v5"] },
    { op: "Flatten", inputs: ["v6"] },
    { op: "Gemm", inputs: ["v7", "w2", "b2"], attributes: { transB: 1 } },
    { op: "Softmax", inputs: ["v8"], attributes: { axis: 1 } },
  ],
  floats: {
    w0: { dims: [8, 6, 5] },
    b0: { dims: [8] },
    gain: { dims: [8] },
    offset: { dims: [8] },
    mean: { dims: [8] },
    variance: { dims: [8], data: [1, 2, 3, 4, 1, 2, 3, 4] },
    w1: { dims: [12, 8, 3] },
    b1: { dims: [12] },
    w2: { dims: [6, 12] },
    b2: { dims: [6] },
  },
});

Deno.test("pipeline takes an ONNX model to verified firmware that answers as onnxruntime does", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/mine.onnx`, bytes);
    const shipped = await Deno.readTextFile(join(ROOT, "pipeline.yaml"));
    // One board will do: the second of the list that follows `platforms:` at the left margin goes.
    const one = shipped.replace(/^(platforms:\n {2}- (?:.|\n)*?\n) {2}- (?:.|\n)*?\n\n/m, "$1\n");
    assert.notEqual(one, shipped);
    await Deno.writeTextFile(`${folder}/pipeline.yaml`, one);
    const set = [
      `search.onnx=${folder}/mine.onnx`,
      "train.backend=wasm",
      "search.backend=wasm",
      "dump.vectors=2",
      "firmware.vectors=1",
      "verify.campaigns=2",
      "verify.max_cuts=5",
      "verify.vectors=1",
      "verify.shipped_instructions=2000000",
      "verify.every_write=never",
      "verify.instruction_cuts=1",
    ].flatMap((value) => ["--set", value]);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "cli/main.ts", "pipeline"],
        ...["--file", `${folder}/pipeline.yaml`, "--out", `${folder}/out`],
        ...set,
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const artifact = (stage: string) => `${folder}/out/motion/${stage}/artifact`;

    const { scenarios } = await readJson(
      `${artifact("verify")}/${BOARD}/verify.json`,
      VerifyArtifact,
    );
    for (const { name, inferences, mismatches } of scenarios) {
      assert.equal(mismatches, 0, name);
      assert.ok(inferences > 0, name);
    }
    const cuts = (on: string) =>
      scenarios.filter((one) => one.on === on).reduce((sum, one) => sum + one.cuts, 0);
    assert.ok(cuts("host") > 0, "the runtime was never cut");
    assert.ok(cuts("bo_sim") > 0, "the image to flash was never cut");

    const { accuracy } = await readJson(
      `${artifact("quantize")}/quantized.json`,
      QuantizedArtifact,
    );
    assert.equal(accuracy.test_samples, TEST_SAMPLES);
    assert.ok(accuracy.agreement > 0.98, `integers agree on ${accuracy.agreement}`);
    const { data } = await readNpy(`${artifact("dataset")}/test.x.npy`, Float32Array);
    const { data: predicted } = await readNpy(
      `${artifact("train")}/test.predicted.npy`,
      Int32Array,
    );
    const size = input.h * input.channels;
    const classes = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const x = data.subarray(i * size, (i + 1) * size);
      const dims = [1, input.channels, input.h];
      const scores = await runtimeScores(bytes, dims, channelsFirst(x, input));
      assert.equal(predicted[i], scores.indexOf(Math.max(...scores)), `sample ${i}`);
      classes.add(predicted[i]!);
    }
    assert.ok(classes.size > 1, "a model that always says the same shows nothing");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
