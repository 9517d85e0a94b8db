/** What is refused: by file, operator, node and reason; and files that are no whole model. */
import assert from "node:assert/strict";
import { ExitCode, UserError } from "../../base/errors.ts";
import { Random } from "../../base/random.ts";
import { importOnnx } from "../../network/onnx/import.ts";
import { model, type ModelText } from "./tools.ts";

const images = [4, 8, 8];
const pool = { op: "GlobalAveragePool", inputs: ["v0"] };
const flat = { op: "Flatten", inputs: ["v1"] };
const on = (
  node: ModelText["nodes"][number],
  extra: Partial<ModelText> = {},
): ModelText => ({ input: images, nodes: [{ ...node, name: "odd" }, pool, flat], ...extra });
const kernel = (...dims: number[]) => ({ floats: { k: { dims } } });

const refused: [string, ModelText, RegExp][] = [
  ["an unknown operator", on({ op: "Sigmoid", inputs: ["x"] }), /operator Sigmoid has no layer/],
  [
    "an operator of another domain",
    on({ op: "Relu", inputs: ["x"], domain: "com.microsoft" }),
    /operator com\.microsoft\.Relu/,
  ],
  [
    "a grouped conv",
    on({ op: "Conv", inputs: ["x", "k"], attributes: { group: 2 } }, kernel(4, 2, 3, 3)),
    /grouped conv[\s\S]*value: +2/,
  ],
  [
    "a depthwise conv with a multiplier",
    on({ op: "Conv", inputs: ["x", "k"], attributes: { group: 4 } }, kernel(8, 1, 3, 3)),
    /grouped conv/,
  ],
  [
    "a dilated conv",
    on({ op: "Conv", inputs: ["x", "k"], attributes: { dilations: [2, 2] } }, kernel(4, 4, 3, 3)),
    /dilated/,
  ],
  [
    "weights of another number of channels",
    on({ op: "Conv", inputs: ["x", "k"] }, kernel(4, 3, 3, 3)),
    /do not fit its input[\s\S]*\[M, 4/,
  ],
  [
    "weights that are no constant",
    on({ op: "Conv", inputs: ["x", "x"] }),
    /must be a constant/,
  ],
  [
    "a kernel larger than its input",
    on({ op: "Conv", inputs: ["x", "k"] }, kernel(4, 4, 9, 9)),
    /larger than its padded input/,
  ],
  [
    "an average that counts padding",
    on({
      op: "AveragePool",
      inputs: ["x"],
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
    }),
    /counts padding as zeros/,
  ],
  [
    "ceil_mode that adds a window",
    on({
      op: "MaxPool",
      inputs: ["x"],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
    }),
    /ceil_mode/,
  ],
  [
    "a Pad of ones",
    on({ op: "Pad", inputs: ["x", "p", "k"] }, {
      floats: { k: { dims: [], data: [1] } },
      ints: { p: [0, 0, 1, 1, 0, 0, 1, 1] },
    }),
    /something else than zeros/,
  ],
  [
    "a Pad that no conv takes over",
    on({ op: "Pad", inputs: ["x", "p"] }, { ints: { p: [0, 0, 1, 1, 0, 0, 1, 1] } }),
    /GlobalAveragePool "n1" \(node 1\): reads a padded map/,
  ],
  [
    "a ReLU with a ceiling",
    on({ op: "Clip", inputs: ["x", "l", "h"] }, {
      floats: { l: { dims: [], data: [0] }, h: { dims: [], data: [6] } },
    }),
    /is no ReLU/,
  ],
  ["a product of maps", on({ op: "Mul", inputs: ["x", "x"] }), /joins two maps/],
  [
    "a constant that differs within a channel",
    on({ op: "Add", inputs: ["x", "k"] }, kernel(4, 8, 8)),
    /nor one per channel/,
  ],
  [
    "a Transpose of the batch",
    on({ op: "Transpose", inputs: ["x"], attributes: { perm: [1, 0, 2, 3] } }),
    /moves the batch/,
  ],
  [
    "a Reshape that cuts an axis",
    on({ op: "Reshape", inputs: ["x", "s"] }, { ints: { s: [0, 2, 2, 64] } }),
    /merge or part whole dimensions/,
  ],
  ["a Softmax in the middle", on({ op: "Softmax", inputs: ["x"] }), /must be the last node/],
  [
    "a Concat along rows",
    on({ op: "Concat", inputs: ["x", "x"], attributes: { axis: 2 } }),
    /along their channels/,
  ],
  [
    "a second output that is read",
    {
      input: images,
      nodes: [
        {
          op: "MaxPool",
          name: "odd",
          inputs: ["x"],
          outputs: ["v0", "i"],
          attributes: { kernel_shape: [2, 2] },
        },
        { op: "Add", inputs: ["v0", "i"], outputs: ["s"] },
        { op: "GlobalAveragePool", inputs: ["s"] },
      ],
    },
    /second output/,
  ],
  [
    "a value that nothing gives",
    on({ op: "Relu", inputs: ["ghost"] }),
    /no earlier node gives/,
  ],
];

for (const [what, text, message] of refused) {
  Deno.test(`importOnnx() refuses by name ${what}`, () => {
    assert.throws(() => importOnnx(model(text), { file: "models/a.onnx" }), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.exitCode, ExitCode.data);
      assert.match(error.message, message);
      assert.match(error.message, /^models\/a\.onnx: /);
      if (!/node 1/.test(error.message)) assert.match(error.message, /"odd" \(node 0\)/);
      return true;
    });
  });
}

Deno.test("importOnnx() refuses maps at the end, several inputs and open sizes", () => {
  const relu = { op: "Relu", inputs: ["x"] };
  const fails = (text: ModelText, message: RegExp) =>
    assert.throws(() => importOnnx(model(text), { file: "a" }), message);
  fails({ input: images, nodes: [relu] }, /not one value per class[\s\S]*\[8,8,4\]/);
  fails({ input: [4, 0, 8], nodes: [relu] }, /of fixed size/);
  fails({ input: [], nodes: [relu] }, /of fixed size/);
  fails({ input: [2, 2, 2, 2], nodes: [relu] }, /of fixed size/);
});

Deno.test("importOnnx() refuses weights that are not finite", () => {
  const text: ModelText = {
    input: [4],
    nodes: [{ op: "Gemm", inputs: ["x", "w"] }],
    floats: { w: { dims: [4, 2], data: [1, 2, 3, NaN, 5, 6, 7, 8] } },
  };
  assert.throws(() => importOnnx(model(text), { file: "a" }), /not finite/);
});

/** A file of every kind of field. */
const whole = model({
  input: [3, 7, 6],
  nodes: [
    { op: "Sub", inputs: ["x", "mean"] },
    {
      op: "Conv",
      inputs: ["v0", "k", "c"],
      attributes: { strides: [2, 1], pads: [1, 0, 1, 1], auto_pad: "NOTSET" },
    },
    { op: "BatchNormalization", inputs: ["v1", "c", "c", "c", "v"] },
    { op: "Relu", inputs: ["v2"] },
    { op: "MaxPool", inputs: ["v3"], attributes: { kernel_shape: [2, 2] } },
    { op: "Concat", inputs: ["v4", "v4"], attributes: { axis: 1 } },
    { op: "Reshape", inputs: ["v5", "shape"] },
    { op: "Gemm", inputs: ["v6", "w"], attributes: { alpha: { float: 2 } } },
    { op: "Softmax", inputs: ["v7"] },
  ],
  floats: {
    mean: { dims: [1, 3, 1, 1] },
    k: { dims: [2, 3, 2, 2] },
    c: { dims: [2] },
    v: { dims: [2], data: [1, 2] },
    w: { dims: [60, 4] },
  },
  ints: { shape: [-1, 60] },
});

Deno.test("importOnnx() reads the file that is mutilated next", () => {
  assert.equal(importOnnx(whole, { file: "a" }).network.layers.length, 5);
});

/** A network, or an error for the user: never a defect, never a silent wrong size. */
function outcome(bytes: Uint8Array): "read" | "refused" {
  try {
    importOnnx(bytes, { file: "a.onnx" });
    return "read";
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.equal(error.exitCode, ExitCode.data);
    return "refused";
  }
}

Deno.test("importOnnx() refuses every cut of a file", () => {
  for (let length = 0; length < whole.length; length++) {
    // The operator set stands last: without it a file is never read.
    assert.equal(outcome(whole.subarray(0, length)), "refused", `cut at ${length}`);
  }
});

Deno.test("importOnnx() meets changed bytes with an error or a network, never with a defect", () => {
  const random = new Random(11, "mutations");
  let refusals = 0;
  for (let round = 0; round < 4000; round++) {
    const bytes = whole.slice();
    const changes = 1 + random.int(3);
    for (let i = 0; i < changes; i++) bytes[random.int(bytes.length)] = random.int(256);
    if (outcome(bytes) === "refused") refusals++;
  }
  assert.ok(refusals > 400, `only ${refusals} of 4000 were refused`);
});

Deno.test("importOnnx() refuses what is no model", () => {
  for (const text of ["", "hello", "PK\u0003\u0004", '{"model": 1}']) {
    assert.equal(outcome(new TextEncoder().encode(text)), "refused");
  }
});
