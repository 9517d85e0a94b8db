/** The filter gradient in parts, on whatever WebGPU adapter there is, beside that of WebAssembly. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../base/random.ts";
import { selectBackend } from "../../training/backend.ts";
import { type BackendName, chooseBackend } from "../../training/backend_choice.ts";
import { partsFor } from "../../training/webgpu_gradients.ts";

Deno.test("partsFor() deals out all rows, to many parts where weights are few", () => {
  for (const [weights, rows] of [[1, 1], [216, 1920], [4704, 896], [4704, 49], [1 << 20, 7]]) {
    const { parts, rowsEach } = partsFor(weights!, rows!);
    assert.ok(parts * rowsEach >= rows!);
    assert.ok((parts - 1) * rowsEach < rows!, "no part is empty");
    assert.ok(parts * weights! >= Math.min(weights! * rows! / 2, 1 << 16));
  }
  assert.deepEqual(partsFor(1 << 20, 7), { parts: 1, rowsEach: 7 });
});

interface Case {
  readonly what: string;
  readonly x: readonly [number, number, number, number];
  readonly kernel: readonly [number, number, number, number];
  readonly strides?: readonly [number, number];
}

const cases: Case[] = [
  { what: "a part with fewer rows than the others", x: [7, 13, 13, 4], kernel: [7, 7, 4, 24] },
  { what: "strides", x: [3, 9, 10, 2], kernel: [3, 2, 2, 5], strides: [2, 3] },
  { what: "one row each", x: [2, 4, 4, 1], kernel: [1, 1, 1, 1] },
];

const found: BackendName[] = [];
for (const name of ["webgpu", "webgpu-software"] as const) {
  await chooseBackend(name).then(() => found.push(name), () => {});
}
if (found.length === 0) {
  console.error("SKIPPED: filter gradient on WebGPU. No adapter; mesa-vulkan-drivers brings one");
}
for (const { what, x, kernel, strides = [1, 1] } of cases) {
  Deno.test({
    name: `filter gradient on WebGPU equals that of WebAssembly: ${what}`,
    ignore: found.length === 0,
    fn: async () => {
      const random = new Random(6, what);
      const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
      const rows = Math.floor((x[1] - kernel[0]) / strides[0]) + 1;
      const columns = Math.floor((x[2] - kernel[1]) / strides[1]) + 1;
      const dyShape = [x[0], rows, columns, kernel[3]];
      const input = normals(x.reduce((a, b) => a * b, 1));
      const dy = normals(dyShape.reduce((a, b) => a * b, 1));
      const on = async (backend: BackendName) => {
        await selectBackend(backend);
        const before = tf.memory().numTensors;
        const result = tf.tidy(() =>
          tf.engine().runKernel(
            tf.Conv2DBackpropFilter,
            { x: tf.tensor(input, [...x]), dy: tf.tensor(dy, dyShape) },
            {
              strides,
              pad: "valid",
              dataFormat: "NHWC",
              filterShape: kernel,
            } as unknown as tf.NamedAttrMap,
          ) as tf.Tensor
        );
        assert.deepEqual(result.shape, [...kernel]);
        const values = await result.data<"float32">();
        result.dispose();
        assert.equal(tf.memory().numTensors, before);
        return values;
      };
      const expected = await on("wasm");
      const actual = await on(found[0]!);
      const largest = Math.max(...expected.map(Math.abs));
      expected.forEach((value, i) => {
        assert.ok(Math.abs(value - actual[i]!) < 1e-5 * largest, `weight ${i}`);
      });
      assert.ok(
        expected.some((value, i) => Math.abs(value - actual.at(-1 - i)!) > 0.1 * largest) ||
          expected.length === 1,
      );
    },
  });
}
