/** Operators with weights: Conv, Gemm, MatMul, BatchNormalization. */
import { affine } from "./affine.ts";
import type { MapValue, NodeContext, Operator } from "./context.ts";
import { type Axis, orderOf, sizeOf } from "./layout.ts";
import type { Constant } from "./tensor.ts";
import { windowOf } from "./windows.ts";

const conv: Operator = (context: NodeContext) => {
  const map = context.paddedMap(0);
  const kernel = context.constant(1);
  const [m, n, ...window] = kernel.dims;
  const { channels } = context.shapeOf(map);
  const groups = context.attributes.int("group", 1);
  const { axes, layout, ...geometry } = windowOf(context, map, window);
  const depthwise = groups > 1 && groups === channels && m === channels && n === 1;
  if (!depthwise && groups !== 1) {
    context.refuse("is a grouped conv, which has no layer here", {
      value: groups,
      expected: `group 1, or ${channels} with as many output channels (a depthwise conv)`,
    });
  }
  if (m === undefined || m < 1 || n !== (depthwise ? 1 : channels)) {
    context.refuse("has weights that do not fit its input", {
      value: kernel.dims,
      expected: `[M, ${depthwise ? 1 : channels}, ...]`,
    });
  }
  const bias = biasOf(context, 2, m);
  return context.add(
    [{ ...map, kind: "map" }],
    depthwise
      ? { type: "depthwise_conv", ...geometry }
      : { type: "conv", ...geometry, channels: m },
    layout,
    { weights: rowsAndColumns(kernel, m, n, axes[0] === "w"), ...bias },
  );
};

/** [M][N][a][b] to [M][Kh][Kw][N]. @param turned whether a runs along columns */
function rowsAndColumns({ dims, data }: Constant, m: number, n: number, turned: boolean) {
  const a = dims[2]!;
  const b = dims[3] ?? 1;
  const result = new Float32Array(data.length);
  let from = 0;
  for (let i = 0; i < m; i++) {
    for (let c = 0; c < n; c++) {
      for (let p = 0; p < a; p++) {
        for (let q = 0; q < b; q++) {
          const tap = turned ? q * a + p : p * b + q;
          result[(i * a * b + tap) * n + c] = data[from++]!;
        }
      }
    }
  }
  return result;
}

function biasOf(context: NodeContext, position: number, m: number, factor = 1) {
  if (!context.has(position)) return {};
  const { dims, data } = context.constant(position);
  if (data.length === 1 && m > 1) return { bias: new Float32Array(m).fill(factor * data[0]!) };
  if (data.length !== m || dims.some((dim) => dim !== 1 && dim !== m)) {
    context.refuse("has a bias that does not fit its weights", { value: dims, expected: `[${m}]` });
  }
  return { bias: Float32Array.from(data, (value) => factor * value) };
}

const gemm: Operator = (context: NodeContext) => {
  const { attributes } = context;
  if (attributes.int("transA", 0) !== 0) {
    context.refuse("transposes its first input", { value: "transA = 1", expected: "0" });
  }
  const transposed = attributes.int("transB", 0) !== 0;
  const map = context.map(0);
  if (map.layout.length !== 1) {
    context.refuse("must read [batch, features]", { value: context.dims(map) });
  }
  return linear(context, map, context.constant(1), transposed, {
    alpha: attributes.float("alpha", 1),
    beta: attributes.float("beta", 1),
    bias: 2,
  });
};

const matMul: Operator = (context: NodeContext) =>
  linear(context, context.map(0), context.constant(1), false, {
    alpha: 1,
    beta: 1,
    bias: Infinity,
  });

/** A fully connected layer over all that the last dimension holds. */
function linear(
  context: NodeContext,
  map: MapValue,
  { dims, data }: Constant,
  transposed: boolean,
  { alpha, beta, bias }: { alpha: number; beta: number; bias: number },
): MapValue {
  const shape = context.shapeOf(map);
  const order = map.layout.at(-1) ?? [];
  if (map.layout.length === 0 || order.length !== orderOf(map.layout).length) {
    context.refuse("must read all of a map in its last dimension", { value: context.dims(map) });
  }
  const [k, m] = transposed ? [dims[1], dims[0]] : [dims[0], dims[1]];
  const inputs = shape.h * shape.w * shape.channels;
  if (dims.length !== 2 || k !== inputs || m === undefined || m < 1) {
    context.refuse("has weights that do not fit its input", {
      value: dims,
      expected: transposed ? `[M, ${inputs}]` : `[${inputs}, M]`,
    });
  }
  const weights = new Float32Array(data.length);
  const places = placesOf(order, (axis) => sizeOf(shape, axis), shape);
  for (let i = 0; i < inputs; i++) {
    for (let unit = 0; unit < m; unit++) {
      weights[unit * inputs + places[i]!] = alpha *
        data[transposed ? unit * inputs + i : i * m + unit]!;
    }
  }
  return context.add(
    [map],
    { type: "fc", channels: m },
    map.layout.map((_, i) => i === map.layout.length - 1 ? ["c"] : []),
    { weights, ...biasOf(context, bias, m, beta) },
  );
}

/** Of every element in the order of a value, its place in [h][w][channels]. */
function placesOf(
  order: readonly Axis[],
  size: (axis: Axis) => number,
  { w, channels }: { w: number; channels: number },
): Int32Array {
  const step: Record<Axis, number> = { h: w * channels, w: channels, c: 1 };
  let places = [0];
  for (const axis of order) {
    places = places.flatMap((place) =>
      Array.from({ length: size(axis) }, (_, i) => place + i * step[axis])
    );
  }
  return Int32Array.from(places);
}

const batchNormalization: Operator = (context: NodeContext) => {
  if (context.attributes.int("training_mode", 0) !== 0) {
    context.refuse("is in training mode", { expected: "a model exported for inference" });
  }
  const map = context.map(0);
  const { channels } = context.shapeOf(map);
  if (map.layout.length === 0 || map.layout[0]!.some((axis) => axis !== "c")) {
    context.refuse("must have the channels behind the batch", { value: context.dims(map) });
  }
  const epsilon = context.attributes.float("epsilon", 1e-5);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((position) => {
    const { dims, data } = context.constant(position);
    if (data.length !== channels) {
      context.refuse(`input ${position} must have one number per channel`, {
        value: dims,
        expected: `[${channels}]`,
      });
    }
    return data;
  }) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const factor = scale.map((value, m) => value / Math.sqrt(variance[m]! + epsilon));
  return affine(context, map, factor, shift.map((value, m) => value - mean[m]! * factor[m]!));
};

export const WEIGHTS: Record<string, Operator> = {
  Conv: conv,
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: batchNormalization,
};
