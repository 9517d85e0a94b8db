/** A network as TensorFlow.js operations, forward: what training and evaluation run. */
import * as tf from "@tensorflow/tfjs-core";
import { UserError } from "../base/errors.ts";
import { type Network, type ResolvedLayer, resolveLayers } from "../network/network.ts";
import { type Grid, roundMap } from "./fake_quantise.ts";
import type { Parameter } from "./parameters.ts";

/** A network that can be run on any batch; build it once. */
export interface Graph {
  readonly layers: readonly ResolvedLayer[];
  /** Per layer, the positions of its kernel and bias among the parameters; -1 where it has none. */
  readonly kernels: readonly number[];
  readonly biases: readonly number[];
}

/**
 * Prepares a network whose parameters stand in the order of `parameters`.
 * @throws UserError where a layer cannot be trained
 */
export function buildGraph(
  network: Network,
  parameters: readonly Pick<Parameter, "layer" | "kind">[],
): Graph {
  const layers = resolveLayers(network);
  for (const layer of layers) refuseUntrainable(network, layer);
  const last = layers[layers.length - 1]!;
  if (last.output.h !== 1 || last.output.w !== 1) {
    throw new UserError({
      message: `network ${network.name} does not end in one value per class`,
      field: last.name,
      value: last.output,
      expected: "an output of 1x1 (a closing fc or global average pool)",
    });
  }
  const find = (layer: ResolvedLayer, bias: boolean) =>
    parameters.findIndex((p) => p.layer === layer.name && (p.kind === "bias") === bias);
  return {
    layers,
    kernels: layers.map((layer) => find(layer, false)),
    biases: layers.map((layer) => find(layer, true)),
  };
}

function refuseUntrainable(network: Network, layer: ResolvedLayer): void {
  const fail = (message: string, value: unknown, expected: string) => {
    throw new UserError({ message, field: `${network.name}: ${layer.name}`, value, expected });
  };
  if (layer.type === "conv" && layer.groups !== 1) {
    fail("a grouped conv cannot be trained", layer.groups, "groups: 1 (or a depthwise_conv)");
  }
  const padded = isPadded(layer);
  const { h, w } = layer.kernel;
  const { top, bottom, left, right } = layer.padding;
  if (padded && (Math.max(top, bottom) >= h || Math.max(left, right) >= w)) {
    fail("padding must be smaller than the kernel", layer.padding, `below ${h} and ${w}`);
  }
}

/**
 * The output map of every layer, [batch, h, w, channels], activation included; the last one holds the
 * class scores before softmax, [batch, 1, 1, classes].
 */
export function forward(
  graph: Graph,
  parameters: readonly tf.Tensor[],
  x: tf.Tensor4D,
): tf.Tensor4D[] {
  return forwardOn(graph, parameters, x).maps;
}

/** What {@link forwardOn} gives. */
export interface Maps {
  /** The input, rounded where there is a grid. */
  readonly x: tf.Tensor4D;
  /** Of every layer, before rounding. */
  readonly raw: tf.Tensor4D[];
  /** Of every layer, as the next ones read it; without a grid the same tensors. */
  readonly maps: tf.Tensor4D[];
}

/** {@link forward}, each map rounded to its codes where a grid is given. */
export function forwardOn(
  graph: Graph,
  parameters: readonly tf.Tensor[],
  input: tf.Tensor4D,
  grid?: Grid,
): Maps {
  const x = grid === undefined ? input : roundMap(input, grid.input);
  const raw: tf.Tensor4D[] = [];
  const maps: tf.Tensor4D[] = [];
  graph.layers.forEach((layer, index) => {
    const inputs = layer.inputs.map((i) => (i < 0 ? x : maps[i]!));
    const kernel = parameters[graph.kernels[index]!] as tf.Tensor4D | undefined;
    const bias = parameters[graph.biases[index]!];
    const map = runLayer(layer, inputs, kernel, bias);
    const codes = grid?.maps[index] ?? null;
    raw.push(map);
    maps.push(codes === null ? map : roundMap(map, codes));
  });
  return { x, raw, maps };
}

function runLayer(
  layer: ResolvedLayer,
  inputs: readonly tf.Tensor4D[],
  kernel: tf.Tensor4D | undefined,
  bias: tf.Tensor | undefined,
): tf.Tensor4D {
  const input = inputs[0]!;
  switch (layer.type) {
    case "conv":
      return tf.fused.conv2d({
        x: input,
        filter: kernel!,
        strides: strideOf(layer),
        pad: paddingOf(layer),
        ...ending(layer, bias),
      });
    case "fc":
      return tf.fused.conv2d({
        x: flatten(input),
        filter: asRows(kernel!),
        strides: [1, 1],
        pad: "valid",
        ...ending(layer, bias),
      });
    case "depthwise_conv":
      return tf.fused.depthwiseConv2d({
        x: input,
        filter: kernel!,
        strides: strideOf(layer),
        // The declared type lacks the explicit form, which the implementation takes.
        pad: paddingOf(layer) as "valid",
        ...ending(layer, bias),
      });
    default:
      return activate(layer, runWithoutWeights(layer, inputs));
  }
}

function runWithoutWeights(layer: ResolvedLayer, inputs: readonly tf.Tensor4D[]): tf.Tensor4D {
  const input = inputs[0]!;
  const kernel: [number, number] = [layer.kernel.h, layer.kernel.w];
  switch (layer.type) {
    case "max_pool":
      return tf.maxPool(padMap(layer, input, LOWEST), kernel, strideOf(layer), "valid");
    case "avg_pool": {
      const mean: tf.Tensor4D = tf.avgPool(
        padMap(layer, input, 0),
        kernel,
        strideOf(layer),
        "valid",
      );
      return isPadded(layer) ? tf.mul(mean, wholePerOwn(layer)) : mean;
    }
    case "global_avg_pool":
      return tf.mean(input, [1, 2], true);
    case "add":
      return inputs.slice(1).reduce<tf.Tensor4D>((sum, other) => tf.add(sum, other), input);
    case "concat":
      return tf.concat([...inputs], 3);
    case "flatten":
      return flatten(input);
    default:
      throw new RangeError(`${layer.name} (${layer.type}) has weights`);
  }
}

function ending(layer: ResolvedLayer, bias: tf.Tensor | undefined) {
  return {
    activation: layer.activation === "relu" ? "relu" as const : "linear" as const,
    ...(bias === undefined ? {} : { bias }),
  };
}

function activate(layer: ResolvedLayer, y: tf.Tensor4D): tf.Tensor4D {
  return layer.activation === "relu" ? tf.relu(y) : y;
}

/** Below every value: what pads a map whose maximum is taken. */
export const LOWEST = -3e38;

/**
 * Elements of a window by those of them that lie in the map, [1, R, C, 1]: what makes the mean over
 * zeros too a mean over the map's own elements.
 */
export function wholePerOwn(
  { input, output, kernel, stride, padding }: ResolvedLayer,
): tf.Tensor4D {
  const inside = (at: number, size: number, limit: number) =>
    Math.min(at + size, limit) - Math.max(at, 0);
  const shares = new Float32Array(output.h * output.w);
  for (let r = 0; r < output.h; r++) {
    const rows = inside(r * stride.h - padding.top, kernel.h, input.h);
    for (let c = 0; c < output.w; c++) {
      const columns = inside(c * stride.w - padding.left, kernel.w, input.w);
      shares[r * output.w + c] = kernel.h * kernel.w / (rows * columns);
    }
  }
  return tf.tensor4d(shares, [1, output.h, output.w, 1]);
}

export function isPool({ type }: ResolvedLayer): boolean {
  return type === "max_pool" || type === "avg_pool";
}

export function isPadded({ padding }: ResolvedLayer): boolean {
  const { top, bottom, left, right } = padding;
  return top + bottom + left + right > 0;
}

/** The same layer on a map that is padded already. */
export function unpadded(layer: ResolvedLayer): ResolvedLayer {
  return { ...layer, padding: { top: 0, bottom: 0, left: 0, right: 0 } };
}

/** The map with its layer's padding around it; the map itself where there is none. */
export function padMap(layer: ResolvedLayer, map: tf.Tensor4D, value: number): tf.Tensor4D {
  const { top, bottom, left, right } = layer.padding;
  return isPadded(layer) ? tf.pad(map, [[0, 0], [top, bottom], [left, right], [0, 0]], value) : map;
}

export function strideOf({ stride }: ResolvedLayer): [number, number] {
  return [stride.h, stride.w];
}

/** An fc's kernel over its flattened input: [1, 1, h * w * channels, units]. */
export function asRows(kernel: tf.Tensor4D): tf.Tensor4D {
  const [h, w, n, m] = kernel.shape;
  return h === 1 && w === 1 ? kernel : tf.reshape(kernel, [1, 1, h * w * n, m]);
}

/** [batch, h, w, channels] to [batch, 1, 1, h * w * channels]. */
export function flatten(x: tf.Tensor4D): tf.Tensor4D {
  return x.shape[1] === 1 && x.shape[2] === 1 ? x : tf.reshape(x, [x.shape[0], 1, 1, -1]);
}

export function paddingOf(layer: ResolvedLayer): "valid" | tf.backend_util.ExplicitPadding {
  const { top, bottom, left, right } = layer.padding;
  return isPadded(layer) ? [[0, 0], [top, bottom], [left, right], [0, 0]] : "valid";
}
