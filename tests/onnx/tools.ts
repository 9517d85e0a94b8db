/** ONNX models made for a test, run by onnxruntime and by our own float inference. */
import assert from "node:assert/strict";
import * as ort from "onnxruntime-web/wasm";
import { Random } from "../../base/random.ts";
import { FloatInference } from "../../network/float.ts";
import { type Imported, importOnnx } from "../../network/onnx/import.ts";
import { AttributeType, DataType, encodeModel } from "../../network/onnx/proto.ts";
import { resolveLayers, type Shape } from "../../network/network.ts";
import type { FloatConstants } from "../../network/float_constants.ts";
import type { Network } from "../../network/network.ts";

// One thread needs no shared memory.
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export interface NodeText {
  op: string;
  inputs: string[];
  outputs?: string[];
  name?: string;
  attributes?: Record<string, number | number[] | string | { float: number }>;
  domain?: string;
}

export interface ModelText {
  nodes: NodeText[];
  /** Float constants: random where a number of elements is all that is said. */
  floats?: Record<string, { dims: number[]; data?: ArrayLike<number> }>;
  ints?: Record<string, number[]>;
  /** Sizes behind the batch. */
  input: number[];
  /** Default: the last node's. */
  output?: string;
  opset?: number;
  batch?: number | "batch";
}

/** Bytes of a model: nodes get names n0, n1, ...; a node without outputs gives v0, v1, ... */
export function model(text: ModelText): Uint8Array {
  const random = new Random(3, "onnx");
  const node = text.nodes.map(({ op, inputs, outputs, name, attributes = {}, domain }, i) => ({
    op_type: op,
    name: name ?? `n${i}`,
    input: inputs,
    output: outputs ?? [`v${i}`],
    attribute: Object.entries(attributes).map(([key, value]) => {
      if (typeof value === "number") return { name: key, type: AttributeType.int, i: value };
      if (typeof value === "string") {
        return { name: key, type: AttributeType.string, s: new TextEncoder().encode(value) };
      }
      if (Array.isArray(value)) return { name: key, type: AttributeType.ints, ints: value };
      return { name: key, type: AttributeType.float, f: value.float };
    }),
    ...(domain === undefined ? {} : { domain }),
  }));
  const floats = Object.entries(text.floats ?? {}).map(([name, { dims, data }]) => ({
    name,
    dims,
    data_type: DataType.float,
    float_data: Array.from(
      data ?? { length: dims.reduce((a, b) => a * b, 1) },
      (value) => Math.fround(value as number | undefined ?? 0.5 * random.normal()),
    ),
  }));
  const ints = Object.entries(text.ints ?? {}).map(([name, int64_data]) => ({
    name,
    dims: [int64_data.length],
    data_type: DataType.int64,
    int64_data,
  }));
  const batch = text.batch ?? "batch";
  const dim = [
    typeof batch === "number" ? { dim_value: batch } : { dim_param: batch },
    ...text.input.map((dim_value) => ({ dim_value })),
  ];
  const last = text.output ?? node.at(-1)!.output[0]!;
  return encodeModel({
    ir_version: 7,
    opset_import: [{ domain: "", version: text.opset ?? 13 }],
    graph: {
      name: "test",
      node,
      initializer: [...floats, ...ints],
      input: [{ name: "x", type: { tensor_type: { elem_type: DataType.float, shape: { dim } } } }],
      output: [{
        name: last,
        type: { tensor_type: { elem_type: DataType.float, shape: { dim: [{}, {}] } } },
      }],
    },
  });
}

/** What onnxruntime gives for one sample. @param dims of the input, the batch's (1) first */
export async function runtimeScores(
  bytes: Uint8Array,
  dims: readonly number[],
  x: Float32Array,
): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes);
  try {
    const feeds = { [session.inputNames[0]!]: new ort.Tensor("float32", x, [...dims]) };
    const results = await session.run(feeds);
    return results[session.outputNames[0]!]!.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** What our network gives for one sample. @param x [h][w][channels] */
export function ourScores(
  network: Network,
  constants: ReadonlyMap<string, FloatConstants>,
  x: Float32Array,
): Float32Array {
  const layers = resolveLayers(network).map((layer) => ({
    layer,
    ...constants.get(layer.name),
  }));
  return new FloatInference({ name: network.name, inputShape: network.input, layers }).run(x)
    .slice();
}

/** [h][w][channels] to the order [channels][h][w]. */
export function channelsFirst(x: Float32Array, { h, w, channels }: Shape): Float32Array {
  return Float32Array.from(x, (_, i) => x[i % (h * w) * channels + Math.floor(i / (h * w))]!);
}

export function normals(count: number, seed = 1): Float32Array {
  const random = new Random(seed, "x");
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Largest difference, relative to the largest of the expected values. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  const largest = Math.max(...Array.from(expected, Math.abs), 1e-6);
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!))) / largest;
}

export function softmax(scores: Float32Array): Float32Array {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/**
 * Imports a model and compares it with onnxruntime on random samples.
 * @param order how the model's input lies
 */
export async function sameAsRuntime(
  text: ModelText,
  order: "channels first" | "channels last" = "channels first",
  wanted?: Shape,
): Promise<Imported> {
  const bytes = model(text);
  const imported = importOnnx(bytes, { file: "test.onnx", input: wanted });
  const { network, constants } = imported;
  const { input } = network;
  for (const seed of [1, 2]) {
    const x = normals(text.input.reduce((a, b) => a * b, 1), seed);
    const given = order === "channels first" ? channelsFirst(x, input) : x;
    const expected = await runtimeScores(bytes, [1, ...text.input], given);
    const actual = ourScores(network, constants, x);
    const closing = text.nodes.at(-1)!.op;
    const scores = closing === "Softmax" ? softmax(actual) : actual;
    const worst = difference(scores, expected);
    assert.ok(worst < 1e-5, `differs by ${worst}`);
  }
  return imported;
}
