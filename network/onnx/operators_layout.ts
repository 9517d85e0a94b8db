/** Operators that move nothing but the names of dimensions, and the constants that steer them. */
import type { MapValue, NodeContext, Operator, Value } from "./context.ts";
import { regroup } from "./layout.ts";
import { concatMaps } from "./operators_maps.ts";
import { DataType } from "./proto.ts";
import type { Constant } from "./tensor.ts";
import { spatialAxes } from "./windows.ts";

const same: Operator = (context: NodeContext) => context.value(0);

function view(context: NodeContext, map: MapValue, dims: readonly number[]): MapValue {
  const layout = regroup(map.layout, context.shapeOf(map), dims);
  if (layout === undefined) {
    context.refuse("does more than merge or part whole dimensions behind the batch", {
      value: dims,
      expected: `a grouping of [${context.dims(map)}], the batch being 1`,
    });
  }
  return { ...map, layout };
}

/** @param dims with 0 for "as before" and one -1 for "what is left" */
function fill(
  context: NodeContext,
  before: readonly number[],
  wanted: readonly number[],
  zeroIsSize: boolean,
): number[] {
  const dims = wanted.map((dim, i) => dim === 0 && !zeroIsSize ? before[i] ?? NaN : dim);
  const size = before.reduce((a, b) => a * b, 1);
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = size / dims.reduce((a, b, i) => i === open ? a : a * b, 1);
  if (
    dims.some((dim) => !(dim >= 1) || !Number.isInteger(dim)) ||
    dims.reduce((a, b) => a * b, 1) !== size
  ) {
    context.refuse("asks for another number of elements", {
      value: wanted,
      expected: `${size} elements of [${before}]`,
    });
  }
  return dims;
}

const reshape: Operator = (context: NodeContext) => {
  const value = context.value(0);
  const wanted = [...context.constant(1).data];
  const zeroIsSize = context.attributes.int("allowzero", 0) !== 0;
  if (value.kind === "constant") {
    const { dims, data } = value.constant;
    const filled = fill(context, dims, wanted, zeroIsSize);
    return { kind: "constant", constant: { dims: filled, data } };
  }
  const map = context.map(0);
  return view(context, map, fill(context, context.dims(map), wanted, zeroIsSize));
};

const flatten: Operator = (context: NodeContext) => {
  const map = context.map(0);
  const dims = context.dims(map);
  const at = context.attributes.int("axis", 1);
  const axis = at < 0 ? at + dims.length : at;
  const size = (part: number[]) => part.reduce((a, b) => a * b, 1);
  return view(context, map, [size(dims.slice(0, axis)), size(dims.slice(axis))]);
};

const transpose: Operator = (context: NodeContext) => {
  const map = context.map(0);
  const rank = map.layout.length + 1;
  const order = context.attributes.ints("perm") ??
    Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (
    [...order].sort((a, b) => a - b).join() !== Array.from({ length: rank }, (_, i) => i).join()
  ) {
    context.refuse("has a perm that is no order of its dimensions", { value: order });
  }
  if (order[0] !== 0) context.refuse("moves the batch", { value: order, expected: "0 first" });
  return { ...map, layout: order.slice(1).map((from) => map.layout[from - 1]!) };
};

const squeeze: Operator = (context: NodeContext) => {
  const value = context.value(0);
  const before = value.kind === "map" ? context.dims(value) : value.constant.dims;
  const axes = context.axes(1, before.length) ??
    before.flatMap((dim, i) => dim === 1 && (i > 0 || value.kind === "constant") ? [i] : []);
  if (axes.some((axis) => before[axis] !== 1)) {
    context.refuse("squeezes a dimension that is not 1", { value: axes, expected: `[${before}]` });
  }
  return redimension(context, value, before.filter((_, i) => !axes.includes(i)));
};

const unsqueeze: Operator = (context: NodeContext) => {
  const value = context.value(0);
  const before = value.kind === "map" ? context.dims(value) : [...value.constant.dims];
  const count = context.attributes.ints("axes")?.length ??
    (context.has(1) ? context.constant(1).data.length : 0);
  if (count === 0 || count > 8) context.refuse("lacks its axes");
  const axes = new Set(context.axes(1, before.length + count));
  const rest = [...before];
  const after = Array.from(
    { length: before.length + axes.size },
    (_, i) => axes.has(i) ? 1 : rest.shift()!,
  );
  return redimension(context, value, after);
};

/** The same elements under dimensions that differ in ones only. */
function redimension(context: NodeContext, value: Value, dims: number[]): Value {
  if (value.kind === "map") return view(context, context.map(0), dims);
  return { kind: "constant", constant: { dims, data: value.constant.data } };
}

const pad: Operator = (context: NodeContext) => {
  const { attributes } = context;
  const map = context.paddedMap(0);
  const mode = attributes.text("mode", "constant");
  const filling = context.has(2) ? context.constant(2).data[0] ?? 0 : attributes.float("value", 0);
  if (mode !== "constant" || filling !== 0) {
    context.refuse("pads with something else than zeros", { value: [mode, filling] });
  }
  const rank = map.layout.length + 1;
  const axes = context.has(3)
    ? [...context.constant(3).data].map((axis) => context.axis(axis, rank))
    : Array.from({ length: rank }, (_, i) => i);
  const pads = attributes.ints("pads") ?? (context.has(1) ? [...context.constant(1).data] : []);
  if (pads.length !== 2 * axes.length || pads.some((size) => !(size >= 0))) {
    context.refuse("needs two pads from 0 per dimension", { value: pads });
  }
  const sides: Record<string, { begin: number; end: number }> = {};
  const spatial = pads.some((size) => size !== 0) ? spatialAxes(context, map) : [];
  axes.forEach((axis, i) => {
    const [begin, end] = [pads[i]!, pads[i + axes.length]!];
    if (begin + end === 0) return;
    const ours = spatial[axis - 2];
    if (axis < 2 || ours === undefined) context.refuse("pads batch or channels", { value: pads });
    sides[ours] = { begin, end };
  });
  const { h = { begin: 0, end: 0 }, w = { begin: 0, end: 0 } } = sides;
  const before = map.padding ?? { top: 0, bottom: 0, left: 0, right: 0 };
  return {
    ...map,
    padding: {
      top: before.top + h.begin,
      bottom: before.bottom + h.end,
      left: before.left + w.begin,
      right: before.right + w.end,
    },
  };
};

const constant: Operator = (context: NodeContext) => {
  const found = context.attributes.constant();
  if (found === undefined) context.refuse("has no value that is a number");
  return { kind: "constant", constant: found };
};

const shape: Operator = (context: NodeContext) => {
  const value = context.value(0);
  const dims = value.kind === "map" ? context.dims(context.map(0)) : value.constant.dims;
  return { kind: "constant", constant: { dims: [dims.length], data: Float64Array.from(dims) } };
};

const gather: Operator = (context: NodeContext) => {
  const { dims, data } = context.constant(0);
  const indices = context.constant(1);
  if (dims.length !== 1 || context.attributes.int("axis", 0) !== 0) {
    context.refuse("must take elements of a list");
  }
  const taken = indices.data.map((index) => data[context.axis(index, data.length)]!);
  return { kind: "constant", constant: { dims: indices.dims, data: taken } };
};

const concat: Operator = (context: NodeContext) => {
  const parts: Constant[] = [];
  for (let i = 0; i < context.node.input.length; i++) {
    const value = context.value(i);
    if (value.kind === "map") return concatMaps(context);
    parts.push(value.constant);
  }
  if (parts.some(({ dims }) => dims.length !== 1)) {
    context.refuse("joins constants that are no lists");
  }
  const data = Float64Array.from(parts.flatMap((part) => [...part.data]));
  return { kind: "constant", constant: { dims: [data.length], data } };
};

const cast: Operator = (context: NodeContext) => {
  const value = context.value(0);
  const to = context.attributes.int("to", 0);
  if (value.kind === "map" && to !== DataType.float) {
    context.refuse("turns a map into another data type", { value: to, expected: "float (1)" });
  }
  return value;
};

export const LAYOUT: Record<string, Operator> = {
  Identity: same,
  Dropout: same,
  Cast: cast,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Pad: pad,
  Concat: concat,
  Constant: constant,
  Shape: shape,
  Gather: gather,
};
