/**
 * Gradients of a network, layer by layer from its end. Written out rather than taken from a tape, so
 * that the forward pass keeps its fused kernels and nothing is computed that nobody reads.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { ResolvedLayer, Shape } from "../network/network.ts";
import type { Batch } from "./data.ts";
import {
  asRows,
  flatten,
  forwardOn,
  type Graph,
  isPadded,
  isPool,
  LOWEST,
  type Maps,
  paddingOf,
  padMap,
  strideOf,
  unpadded,
  wholePerOwn,
} from "./forward.ts";
import { type Grid, throughRounding } from "./fake_quantise.ts";
import { crossEntropy, crossEntropyWith, mixedLoss } from "./loss.ts";
import type { Mixture } from "./mixup.ts";
import type { Parameter } from "./parameters.ts";
import { RELU_GRADIENT, type TensorflowBackend } from "./tensorflow_kernels.ts";

/** Parameters on the backend; dispose of them after use. */
export function toTensors(parameters: readonly Parameter[]): tf.Tensor[] {
  return parameters.map(({ data, shape }) => tf.tensor(data, [...shape]));
}

/** What the loss of a batch may depend on beside its labels. */
export interface LossOptions {
  readonly smoothing?: number;
  /** By class. */
  readonly weights?: Float32Array | undefined;
  readonly mixture?: Mixture | undefined;
  /** What a teacher says of the samples, [samples][classes], in place of all three. */
  readonly probabilities?: Float32Array | undefined;
  /** The codes that maps are rounded to; the parameters are then on their grid already. */
  readonly grid?: Grid | undefined;
}

export interface BatchGradients {
  /** Mean over the batch. */
  readonly loss: number;
  /** Samples whose class was found. */
  readonly correct: number;
  /** Of the mean loss by every parameter, in their order. */
  readonly gradients: Float32Array[];
}

/**
 * Mean cross-entropy of one batch and its gradient by every parameter, in their order.
 * Nothing stays on the backend. The scores and the gradients are each waited for once: a GPU cannot
 * be read at once.
 */
export async function lossAndGradients(
  graph: Graph,
  parameters: readonly Parameter[],
  input: Shape,
  batch: Batch,
  { smoothing = 0, weights, mixture, probabilities, grid }: LossOptions = {},
): Promise<BatchGradients> {
  const { h, w, channels } = input;
  const kept: tf.Tensor[] = [];
  try {
    const { tensors, ...run } = tf.tidy(() => {
      const x = tf.tensor4d(batch.x, [batch.y.length, h, w, channels]);
      const tensors = toTensors(parameters);
      const run = forwardOn(graph, tensors, x, grid);
      kept.push(run.x, ...tensors, ...run.raw, ...run.maps);
      return { tensors, x: run.x, raw: run.raw, maps: run.maps };
    });
    const scores = run.maps[run.maps.length - 1]!;
    const values = await scores.data<"float32">();
    const own = probabilities === undefined
      ? crossEntropy(values, batch.y, smoothing, weights)
      : crossEntropyWith(values, batch.y, probabilities);
    const { loss, correct, gradient } = mixture === undefined || probabilities !== undefined
      ? own
      : mixedLoss(own, crossEntropy(values, mixture.labels, smoothing, weights), mixture.share);
    const gradients = tf.tidy(() =>
      backward(graph, tensors, run, tf.tensor4d(gradient, scores.shape), grid)
    );
    kept.push(...gradients);
    return { loss, correct, gradients: await readAll(gradients) };
  } finally {
    tf.dispose(kept);
  }
}

/** Copies of tensors' values; from another device all of them in one transfer. */
async function readAll(tensors: readonly tf.Tensor[]): Promise<Float32Array[]> {
  if (inMemory()) {
    return tensors.map((tensor) => tensor.dataSync<"float32">().slice());
  }
  const joined = tf.tidy(() => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1]))));
  const values = await joined.data<"float32">();
  joined.dispose();
  let start = 0;
  return tensors.map(({ size }) => values.slice(start, start += size));
}

/** Whether the backend's tensors lie in the processor's memory. */
function inMemory(): boolean {
  if (tf.getBackend() === "wasm") return true;
  const { isUsingGpuDevice } = tf.backend() as Partial<TensorflowBackend>;
  return isUsingGpuDevice === false;
}

/**
 * Gradient by every parameter, in their order.
 * @param run what {@link forwardOn} returned, with the same grid
 * @param dScores gradient by the last map
 */
export function backward(
  graph: Graph,
  parameters: readonly tf.Tensor[],
  { x, raw, maps }: Maps,
  dScores: tf.Tensor4D,
  grid?: Grid,
): tf.Tensor[] {
  const result = new Array<tf.Tensor>(parameters.length);
  const byMap = new Array<tf.Tensor4D | undefined>(maps.length);
  byMap[maps.length - 1] = dScores;
  for (let index = graph.layers.length - 1; index >= 0; index--) {
    const layer = graph.layers[index]!;
    const y = raw[index]!;
    const codes = grid?.maps[index] ?? null;
    const arriving = byMap[index];
    const incoming = arriving === undefined || codes === null
      ? arriving
      : throughRounding(arriving, y, codes);
    const dy = incoming === undefined
      ? tf.zerosLike(y)
      : layer.activation === "relu"
      ? reluGradient(incoming, y)
      : incoming;
    const inputs = layer.inputs.map((i) => (i < 0 ? x : maps[i]!));
    const kernelAt = graph.kernels[index]!;
    const kernel = parameters[kernelAt] as tf.Tensor4D | undefined;
    if (kernel !== undefined) result[kernelAt] = kernelGradient(layer, inputs[0]!, kernel, dy);
    const biasAt = graph.biases[index]!;
    if (biasAt >= 0) result[biasAt] = tf.sum(dy, [0, 1, 2]);
    layer.inputs.forEach((source, position) => {
      if (source < 0) return;
      const dx = inputGradient(layer, inputs, position, kernel, y, dy);
      const sum = byMap[source];
      byMap[source] = sum === undefined ? dx : tf.add(sum, dx);
    });
  }
  return result;
}

function run(kernel: string, inputs: tf.NamedTensorMap, attributes: object): tf.Tensor4D {
  return tf.engine().runKernel(kernel, inputs, attributes as tf.NamedAttrMap) as tf.Tensor4D;
}

function reluGradient(dy: tf.Tensor4D, y: tf.Tensor4D): tf.Tensor4D {
  return tf.getKernel(RELU_GRADIENT, tf.getBackend()) == null
    ? tf.mul<tf.Tensor4D>(dy, tf.step(y))
    : run(RELU_GRADIENT, { dy, y }, {});
}

/**
 * Where the backend's gradient kernels know no padding of their own: the padded map, whose gradient is
 * cut afterwards. The WebAssembly kernels know it.
 */
function paddedByHand(layer: ResolvedLayer): boolean {
  return isPadded(layer) && tf.getBackend() !== "wasm";
}

function kernelGradient(
  layer: ResolvedLayer,
  input: tf.Tensor4D,
  kernel: tf.Tensor4D,
  dy: tf.Tensor4D,
): tf.Tensor {
  const byHand = paddedByHand(layer);
  const x = byHand ? padMap(layer, input, 0) : input;
  const pad = byHand ? "valid" : paddingOf(layer);
  if (layer.type === "depthwise_conv") {
    return run(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, {
      strides: strideOf(layer),
      dilations: [1, 1],
      pad,
      filterShape: kernel.shape,
    });
  }
  const fc = layer.type === "fc";
  const gradient = run(tf.Conv2DBackpropFilter, { x: fc ? flatten(x) : x, dy }, {
    strides: fc ? [1, 1] : strideOf(layer),
    pad: fc ? "valid" : pad,
    dataFormat: "NHWC",
    filterShape: (fc ? asRows(kernel) : kernel).shape,
  });
  return fc ? tf.reshape(gradient, kernel.shape) : gradient;
}

function inputGradient(
  layer: ResolvedLayer,
  inputs: readonly tf.Tensor4D[],
  position: number,
  kernel: tf.Tensor4D | undefined,
  y: tf.Tensor4D,
  dy: tf.Tensor4D,
): tf.Tensor4D {
  const x = inputs[position]!;
  if (isPadded(layer) && (isPool(layer) || paddedByHand(layer))) {
    const padded = padMap(layer, x, layer.type === "max_pool" ? LOWEST : 0);
    const owed = layer.type === "avg_pool" ? tf.mul<tf.Tensor4D>(dy, wholePerOwn(layer)) : dy;
    const whole = inputGradient(unpadded(layer), [padded], 0, kernel, y, owed);
    const { top, left } = layer.padding;
    const inside: tf.Tensor = tf.slice(whole, [0, top, left, 0], x.shape);
    return inside as tf.Tensor4D;
  }
  const strides = strideOf(layer);
  const window = { filterSize: [layer.kernel.h, layer.kernel.w], strides, pad: "valid" };
  switch (layer.type) {
    case "conv":
      return run(tf.Conv2DBackpropInput, { dy, filter: kernel! }, {
        strides,
        pad: paddingOf(layer),
        dataFormat: "NHWC",
        inputShape: x.shape,
      });
    case "fc": {
      const flat = run(tf.Conv2DBackpropInput, { dy, filter: asRows(kernel!) }, {
        strides: [1, 1],
        pad: "valid",
        dataFormat: "NHWC",
        inputShape: flatten(x).shape,
      });
      return tf.reshape(flat, x.shape);
    }
    case "depthwise_conv":
      return run(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter: kernel! }, {
        strides,
        dilations: [1, 1],
        pad: paddingOf(layer),
        inputShape: x.shape,
      });
    case "max_pool":
      return run(tf.MaxPoolGrad, { dy, input: x, output: y }, window);
    case "avg_pool":
      return run(tf.AvgPoolGrad, { dy, input: x }, window);
    case "global_avg_pool": {
      const [, h, w] = x.shape;
      return tf.mul(dy, tf.fill([1, h, w, 1], 1 / (h * w)));
    }
    case "add":
      return dy;
    case "concat": {
      const before = inputs.slice(0, position).reduce((sum, { shape }) => sum + shape[3], 0);
      const part: tf.Tensor = tf.slice(dy, [0, 0, 0, before], x.shape);
      return part as tf.Tensor4D;
    }
    case "flatten":
      return tf.reshape(dy, x.shape);
  }
}
