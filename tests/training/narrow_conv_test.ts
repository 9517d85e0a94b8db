/** Convs of four channels, computed in pairs, against the same ones beside a fifth channel, which are not. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../base/random.ts";
import { selectBackend } from "../../training/backend.ts";

await selectBackend("wasm");

type Shape4D = [number, number, number, number];
type Sides = [number, number];

interface Case {
  readonly name: string;
  readonly x: Shape4D;
  /** Kernel rows and columns. */
  readonly kernel: Sides;
  /** Above and below, left and right. */
  readonly padding?: readonly [Sides, Sides];
  readonly paired: boolean;
}

const CASES: readonly Case[] = [
  { name: "even columns", x: [2, 7, 10, 3], kernel: [3, 3], paired: true },
  { name: "odd columns", x: [2, 6, 9, 3], kernel: [2, 3], paired: true },
  {
    name: "padding on every side",
    x: [3, 5, 6, 2],
    kernel: [3, 4],
    padding: [[2, 1], [0, 3]],
    paired: true,
  },
  { name: "one column, even rows", x: [8, 12, 1, 9], kernel: [5, 1], paired: true },
  { name: "one column, odd rows", x: [8, 13, 1, 9], kernel: [5, 1], paired: true },
  { name: "one row", x: [8, 1, 9, 2], kernel: [1, 3], paired: true },
  { name: "a kernel larger than the map", x: [1, 9, 9, 5], kernel: [8, 8], paired: false },
];

function values(shape: readonly number[], seed: number): Float32Array {
  const random = new Random(seed, "conv");
  return Float32Array.from(
    { length: shape.reduce((size, side) => size * side, 1) },
    () => random.normal(),
  );
}

for (const { name, x: shape, kernel, padding, paired } of CASES) {
  Deno.test(`wasm convs of four channels are those of wider ones, to the bit: ${name}`, async () => {
    const x = tf.tensor4d(values(shape, 1), shape);
    const wide = tf.tensor4d(values([...kernel, shape[3], 5], 2), [...kernel, shape[3], 5]);
    const bias = tf.tensor1d(values([5], 3));
    const pad: tf.backend_util.ExplicitPadding | "valid" = padding === undefined
      ? "valid"
      : [[0, 0], padding[0], padding[1], [0, 0]];
    const before = tf.memory().numTensors;
    const four = <T extends tf.Tensor>(tensor: T) =>
      tf.slice(tensor, tensor.shape.map(() => 0), [...tensor.shape.slice(0, -1), 4]) as T;
    const convs = {
      plain: (filter: tf.Tensor4D) => tf.conv2d(x, filter, 1, pad),
      fused: (filter: tf.Tensor4D, of: tf.Tensor) =>
        tf.fused.conv2d({ x, filter, strides: 1, pad, bias: of, activation: "relu" }),
    };
    for (const conv of Object.values(convs)) {
      const expected = tf.tidy(() => four(conv(wide, bias)));
      const [filter, own] = [four(wide), four(bias)];
      const profile = await tf.profile(() => {
        const answer = conv(filter, own);
        assert.deepEqual(answer.shape, expected.shape);
        assert.deepEqual(answer.dataSync(), expected.dataSync());
        answer.dispose();
      });
      assert.equal(profile.kernelNames.includes("Concat"), paired);
      tf.dispose([filter, own, expected]);
    }
    assert.equal(tf.memory().numTensors, before);
    tf.dispose([x, wide, bias]);
  });
}
