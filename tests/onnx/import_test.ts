/** Every operator that is read, against onnxruntime. */
import assert from "node:assert/strict";
import { importOnnx } from "../../network/onnx/import.ts";
import { model, type ModelText, sameAsRuntime } from "./tools.ts";

const conv = (inputs: string[], attributes: object = {}) => ({
  op: "Conv",
  inputs,
  attributes: attributes as Record<string, number>,
});
const flat = { op: "Flatten", inputs: ["v0"] };
/** A closing fc over v1. */
const dense = (features: number) => ({
  nodes: [{ op: "Gemm", inputs: ["v1", "w", "b"], attributes: { transB: 1 } }],
  floats: { w: { dims: [4, features] }, b: { dims: [4] } },
});

/** One operator on a map of 7 x 6 pixels and 3 channels, flattened, an fc behind it. */
function single(
  op: ModelText["nodes"][number],
  features: number,
  extra: Partial<ModelText> = {},
): ModelText {
  const end = dense(features);
  return {
    input: [3, 7, 6],
    ...extra,
    nodes: [op, flat, ...end.nodes],
    floats: { ...extra.floats, ...end.floats },
  };
}

const cases: Record<string, ModelText> = {
  "Conv with strides and uneven pads": single(
    conv(["x", "k", "c"], { strides: [2, 1], pads: [2, 0, 1, 1], kernel_shape: [3, 2] }),
    5 * 4 * 6,
    { floats: { k: { dims: [5, 3, 3, 2] }, c: { dims: [5] } } },
  ),
  "Conv without bias, auto_pad SAME_UPPER": single(
    { op: "Conv", inputs: ["x", "k"], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
    4 * 4 * 3,
    { floats: { k: { dims: [4, 3, 3, 3] } } },
  ),
  "Conv, auto_pad SAME_LOWER": single(
    { op: "Conv", inputs: ["x", "k"], attributes: { auto_pad: "SAME_LOWER", strides: [1, 2] } },
    4 * 7 * 3,
    { floats: { k: { dims: [4, 3, 2, 3] } } },
  ),
  "depthwise Conv": single(
    conv(["x", "k", "c"], { group: 3, pads: [1, 1, 1, 1] }),
    3 * 7 * 6,
    { floats: { k: { dims: [3, 1, 3, 3] }, c: { dims: [3] } } },
  ),
  "MaxPool with pads": single(
    {
      op: "MaxPool",
      inputs: ["x"],
      attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 0] },
    },
    3 * 4 * 3,
  ),
  "AveragePool with pads that do not count": single(
    {
      op: "AveragePool",
      inputs: ["x"],
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 0 },
    },
    3 * 7 * 6,
  ),
  "MaxPool with ceil_mode that changes nothing": single(
    {
      op: "MaxPool",
      inputs: ["x"],
      attributes: { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 },
    },
    3 * 3 * 3,
  ),
  "GlobalMaxPool": single({ op: "GlobalMaxPool", inputs: ["x"] }, 3),
  "Relu on the input": single({ op: "Relu", inputs: ["x"] }, 126),
  "Clip as a ReLU": single({ op: "Clip", inputs: ["x", "zero"] }, 126, {
    floats: { zero: { dims: [], data: [0] } },
  }),
  "normalisation of the input by constants": {
    input: [3, 7, 6],
    nodes: [
      { op: "Sub", inputs: ["x", "mean"] },
      { op: "Div", inputs: ["v0", "deviation"] },
      conv(["v1", "k"], { pads: [1, 1, 1, 1] }),
      { op: "GlobalAveragePool", inputs: ["v2"] },
      { op: "Flatten", inputs: ["v3"] },
    ],
    floats: {
      mean: { dims: [1, 3, 1, 1], data: [0.5, -0.25, 1] },
      deviation: { dims: [3, 1, 1], data: [0.5, 2, 4] },
      k: { dims: [5, 3, 3, 3] },
    },
  },
  "BatchNormalization folded into a Conv, and one that cannot be folded": {
    input: [3, 7, 6],
    nodes: [
      conv(["x", "k"]),
      { op: "BatchNormalization", inputs: ["v0", "s", "t", "m", "v"] },
      { op: "Relu", inputs: ["v1"] },
      {
        op: "BatchNormalization",
        inputs: ["v2", "s", "t", "m", "v"],
        attributes: { epsilon: { float: 0.1 } },
      },
      { op: "ReduceMean", inputs: ["v3"], attributes: { axes: [2, 3], keepdims: 0 } },
    ],
    floats: {
      k: { dims: [4, 3, 3, 3] },
      s: { dims: [4] },
      t: { dims: [4] },
      m: { dims: [4] },
      v: { dims: [4], data: [0.5, 1, 2, 0.25] },
    },
  },
  "Pad before Conv, and before MaxPool behind a Relu": {
    input: [3, 7, 6],
    nodes: [
      { op: "Pad", inputs: ["x", "pads"] },
      conv(["v0", "k"], { pads: [0, 1, 0, 0] }),
      { op: "Relu", inputs: ["v1"] },
      { op: "Pad", inputs: ["v2", "pads"] },
      { op: "MaxPool", inputs: ["v3"], attributes: { kernel_shape: [3, 3], strides: [2, 2] } },
      { op: "GlobalAveragePool", inputs: ["v4"] },
      { op: "Squeeze", inputs: ["v5", "axes"] },
    ],
    floats: { k: { dims: [4, 3, 3, 3] } },
    ints: { pads: [0, 0, 1, 2, 0, 0, 2, 0], axes: [2, 3] },
  },
  "residual Add, its first operand read twice": {
    input: [3, 7, 6],
    nodes: [
      conv(["x", "k"], { pads: [1, 1, 1, 1] }),
      { op: "Relu", inputs: ["v0"] },
      { op: "Add", inputs: ["v0", "v1"] },
      { op: "Add", inputs: ["v2", "c"] },
      { op: "Relu", inputs: ["v3"] },
      { op: "GlobalAveragePool", inputs: ["v4"] },
      { op: "Flatten", inputs: ["v5"] },
    ],
    floats: { k: { dims: [4, 3, 3, 3] }, c: { dims: [4, 1, 1] } },
  },
  "Concat of three maps, and Sum of three": {
    input: [3, 7, 6],
    nodes: [
      conv(["x", "k"]),
      conv(["x", "l"]),
      { op: "Concat", inputs: ["v0", "v1", "v0"], attributes: { axis: 1 } },
      { op: "Sum", inputs: ["v2", "v2", "v2"] },
      { op: "ReduceMean", inputs: ["v3"], attributes: { axes: [-1, -2] } },
      { op: "Flatten", inputs: ["v4"] },
    ],
    floats: { k: { dims: [2, 3, 2, 2] }, l: { dims: [3, 3, 2, 2] } },
  },
  "1-D Conv and pools of rank 3, MatMul, Mul, Dropout, Softmax": {
    input: [9, 16],
    nodes: [
      conv(["x", "k", "c"], { pads: [1, 1] }),
      { op: "MaxPool", inputs: ["v0"], attributes: { kernel_shape: [2], strides: [2] } },
      { op: "Dropout", inputs: ["v1"] },
      { op: "Reshape", inputs: ["v2", "shape"] },
      { op: "MatMul", inputs: ["v3", "w"] },
      { op: "Mul", inputs: ["v4", "factor"] },
      { op: "Softmax", inputs: ["v5"], attributes: { axis: -1 } },
    ],
    floats: {
      k: { dims: [4, 9, 3] },
      c: { dims: [4] },
      w: { dims: [32, 6] },
      factor: { dims: [], data: [0.5] },
    },
    ints: { shape: [-1, 32] },
  },
  "view(x.size(0), -1) as PyTorch writes it": {
    input: [3, 7, 6],
    nodes: [
      conv(["x", "k"]),
      { op: "Shape", inputs: ["v0"] },
      { op: "Gather", inputs: ["v1", "first"], attributes: { axis: 0 } },
      { op: "Concat", inputs: ["v2", "rest"], attributes: { axis: 0 } },
      { op: "Reshape", inputs: ["v0", "v3"] },
      {
        op: "Gemm",
        inputs: ["v4", "w", "b"],
        attributes: { alpha: { float: 0.5 }, beta: { float: 2 } },
      },
    ],
    floats: { k: { dims: [2, 3, 2, 2] }, w: { dims: [60, 4] }, b: { dims: [4] } },
    ints: { first: [0], rest: [-1] },
  },
  "a batch of one": {
    input: [3, 7, 6],
    batch: 1,
    nodes: [
      conv(["x", "k"]),
      { op: "Reshape", inputs: ["v0", "shape"] },
      { op: "Gemm", inputs: ["v1", "w"] },
    ],
    floats: { k: { dims: [2, 3, 2, 2] }, w: { dims: [60, 4] } },
    ints: { shape: [1, 60] },
  },
};

for (const [what, text] of Object.entries(cases)) {
  Deno.test(`importOnnx() computes what onnxruntime does: ${what}`, async () => {
    await sameAsRuntime(text);
  });
}

Deno.test("importOnnx() finds channels that come last before a Transpose", async () => {
  const { network } = await sameAsRuntime(
    {
      input: [7, 6, 3],
      nodes: [
        { op: "Transpose", inputs: ["x"], attributes: { perm: [0, 3, 1, 2] } },
        conv(["v0", "k"]),
        { op: "Transpose", inputs: ["v1"], attributes: { perm: [0, 2, 3, 1] } },
        { op: "Reshape", inputs: ["v2", "shape"] },
        { op: "Gemm", inputs: ["v3", "w"] },
      ],
      floats: { k: { dims: [5, 3, 2, 3] }, w: { dims: [120, 4] } },
      ints: { shape: [0, -1] },
    },
    "channels last",
  );
  assert.deepEqual(network.input, { h: 7, w: 6, channels: 3 });
});

Deno.test("importOnnx() reads a Conv along columns as one along the rows of a series", async () => {
  const { network } = await sameAsRuntime({
    input: [9, 16],
    opset: 11,
    nodes: [
      { op: "Unsqueeze", inputs: ["x"], attributes: { axes: [2] } },
      conv(["v0", "k"], { pads: [0, 0, 0, 1] }),
      { op: "Squeeze", inputs: ["v1"], attributes: { axes: [2] } },
      { op: "Add", inputs: ["v2", "c"] },
      { op: "Relu", inputs: ["v3"] },
      { op: "Unsqueeze", inputs: ["v4"], attributes: { axes: [3] } },
      { op: "MaxPool", inputs: ["v5"], attributes: { kernel_shape: [2, 1], strides: [2, 1] } },
      { op: "Flatten", inputs: ["v6"] },
      { op: "Gemm", inputs: ["v7", "w"] },
    ],
    floats: { k: { dims: [4, 9, 1, 2] }, c: { dims: [1, 4, 1] }, w: { dims: [32, 6] } },
  });
  assert.deepEqual(network.input, { h: 16, w: 1, channels: 9 });
  // The bias went into the conv, the ReLU into its activation.
  assert.deepEqual(network.layers.map(({ type }) => type), ["conv", "max_pool", "fc"]);
  assert.equal(network.layers[0]!.bias, true);
});

Deno.test("importOnnx() gives a network of fc layers the shape of the data", () => {
  const bytes = model({
    input: [25, 10],
    nodes: [
      { op: "Reshape", inputs: ["x", "shape"] },
      { op: "Gemm", inputs: ["v0", "w"] },
    ],
    floats: { w: { dims: [250, 4] } },
    ints: { shape: [-1, 250] },
  });
  const shapeFor = (input?: { h: number; w: number; channels: number }) =>
    importOnnx(bytes, { file: "a.onnx", input }).network.input;
  assert.deepEqual(shapeFor(), { h: 25, w: 1, channels: 10 });
  assert.deepEqual(shapeFor({ h: 250, w: 1, channels: 1 }), { h: 250, w: 1, channels: 1 });
  // Of another size: told by whoever compares it with the data.
  assert.deepEqual(shapeFor({ h: 9, w: 1, channels: 1 }), { h: 25, w: 1, channels: 10 });
});

Deno.test("importOnnx() leaves out what the output does not read, and says so", async () => {
  const { network, notes } = await sameAsRuntime({
    input: [3, 7, 6],
    nodes: [
      conv(["x", "k"]),
      conv(["v0", "l"]),
      { op: "GlobalAveragePool", inputs: ["v0"] },
      { op: "Flatten", inputs: ["v2"] },
    ],
    floats: { k: { dims: [4, 3, 2, 2] }, l: { dims: [4, 4, 2, 2] } },
  });
  assert.equal(network.layers.length, 2);
  assert.match(notes.join(), /1 layers/);
});
