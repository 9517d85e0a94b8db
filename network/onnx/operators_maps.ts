/** Operators on whole maps without trained weights: pools, sums, concatenation, ReLU, the end. */
import { affine, perChannel, rectify } from "./affine.ts";
import type { MapValue, NodeContext, Operator } from "./context.ts";
import { equalLayouts, sizeOf } from "./layout.ts";
import { spatialAxes, windowOf } from "./windows.ts";

function windowedPool(context: NodeContext, type: "max_pool" | "avg_pool"): MapValue {
  const { attributes } = context;
  const map = context.paddedMap(0);
  const size = attributes.ints("kernel_shape");
  if (size === undefined) context.refuse("lacks its kernel_shape");
  const { axes, layout, kernel, stride, padding } = windowOf(context, map, size);
  const shape = context.shapeOf(map);
  const sides = { h: padding.top + padding.bottom, w: padding.left + padding.right };
  if (attributes.int("ceil_mode", 0) !== 0) {
    const cut = axes.filter((axis) =>
      (sizeOf(shape, axis) + sides[axis] - kernel[axis]) % stride[axis] !== 0
    );
    if (cut.length > 0) context.refuse("has windows that reach beyond the map (ceil_mode)");
  }
  const padded = sides.h + sides.w > 0;
  if (type === "avg_pool" && padded) {
    if (map.padding !== undefined || attributes.int("count_include_pad", 0) !== 0) {
      context.refuse("counts padding as zeros; averages here are of the map's own elements");
    }
  }
  if (type === "max_pool" && map.padding !== undefined && !isRectified(context, map)) {
    context.refuse("takes the maximum of zeros from a Pad and of values that may be negative", {
      expected: "a Relu before it, or pads of the MaxPool itself",
    });
  }
  const whole = kernel.h === shape.h && kernel.w === shape.w && !padded;
  if (type === "avg_pool" && whole) return context.add([map], { type: "global_avg_pool" }, layout);
  return context.add([map], { type, kernel, stride, padding }, layout);
}

function isRectified({ builder }: NodeContext, { layer }: MapValue): boolean {
  return layer >= 0 && builder.layers[layer]!.activation === "relu";
}

const globalAveragePool: Operator = (context: NodeContext) => {
  const map = context.map(0);
  const axes = spatialAxes(context, map);
  return context.add([map], { type: "global_avg_pool" }, [["c"], ...axes.map(() => [])]);
};

const globalMaxPool: Operator = (context: NodeContext) => {
  const map = context.map(0);
  const axes = spatialAxes(context, map);
  const { h, w } = context.shapeOf(map);
  const layout = [["c"] as const, ...axes.map(() => [])];
  return context.add([map], { type: "max_pool", kernel: { h, w } }, layout);
};

const reduceMean: Operator = (context: NodeContext) => {
  const map = context.map(0);
  const rank = map.layout.length + 1;
  const axes = context.axes(1, rank) ?? [];
  const reduced = axes.flatMap((axis) => axis === 0 ? ["batch"] : [...map.layout[axis - 1]!]);
  const shape = context.shapeOf(map);
  const wanted = (["h", "w"] as const).filter((axis) => sizeOf(shape, axis) !== 1);
  if ([...reduced].sort().join() !== wanted.join() || axes.length === 0) {
    context.refuse("must take the mean over all rows and columns, and nothing else", {
      value: axes,
    });
  }
  const keeps = context.attributes.int("keepdims", 1) !== 0;
  const layout = map.layout.flatMap((held, i) =>
    !axes.includes(i + 1) ? [held] : keeps ? [[]] : []
  );
  return context.add([map], { type: "global_avg_pool" }, layout);
};

function addMaps(context: NodeContext, a: MapValue, b: MapValue): MapValue {
  const [one, other] = [context.dims(a), context.dims(b)];
  if (one.join() !== other.join() || !equalLayouts(a.layout, b.layout)) {
    context.refuse("adds maps of different shapes or orders", { value: [one, other] });
  }
  return context.add([a, b], { type: "add" }, a.layout);
}

const sum: Operator = (context: NodeContext) =>
  context.node.input.map((_, i) => context.map(i)).reduce((a, b) => addMaps(context, a, b));

/** Two maps, or a map and a constant. */
function arithmetic(
  name: "Add" | "Sub" | "Mul" | "Div",
): Operator {
  return (context: NodeContext) => {
    const [a, b] = [context.value(0), context.value(1)];
    if (a.kind === "map" && b.kind === "map") {
      if (name !== "Add") context.refuse("joins two maps; only Add and Concat may");
      return addMaps(context, context.map(0), context.map(1));
    }
    if (a.kind === "constant" && b.kind === "constant") {
      context.refuse("computes a constant; export the model with constants folded");
    }
    const first = a.kind === "map";
    const map = context.map(first ? 0 : 1);
    const numbers = perChannel(context, map, context.constant(first ? 1 : 0));
    const all = (value: number) => numbers.map(() => value);
    switch (name) {
      case "Add":
        return affine(context, map, all(1), numbers);
      case "Sub":
        return affine(context, map, all(first ? 1 : -1), first ? numbers.map((v) => -v) : numbers);
      case "Mul":
        return affine(context, map, numbers, all(0));
      case "Div":
        if (!first || numbers.includes(0)) context.refuse("divides by a map or by zero");
        return affine(context, map, numbers.map((value) => 1 / value), all(0));
    }
  };
}

const concat: Operator = (context: NodeContext) => {
  const { node, attributes } = context;
  const maps = node.input.map((_, i) => context.map(i));
  if (maps.length === 0) context.refuse("has no input");
  const axis = context.axis(attributes.int("axis", 1), maps[0]!.layout.length + 1) - 1;
  const rest = (map: MapValue) => map.layout.map((axes, i) => i === axis ? [] : axes);
  for (const map of maps) {
    const { channels } = context.shapeOf(map);
    const along = axis < 0 ? "batch" : map.layout[axis]?.join() ?? "";
    if (along !== (channels === 1 ? "" : "c") || !equalLayouts(rest(map), rest(maps[0]!))) {
      context.refuse("must join maps of equal height and width along their channels", {
        value: maps.map((one) => context.dims(one)),
      });
    }
  }
  return maps.reduce((a, b) =>
    context.add(
      [a, b],
      { type: "concat" },
      a.layout.map((axes, i) => i === axis ? ["c"] : axes),
    )
  );
};

const relu: Operator = (context: NodeContext) => rectify(context, context.map(0));

const clip: Operator = (context: NodeContext) => {
  const bound = (position: number, name: string, absent: number) =>
    context.has(position)
      ? context.constant(position).data[0] ?? absent
      : context.attributes.float(name, absent);
  const minimum = bound(1, "min", -Infinity);
  const maximum = bound(2, "max", Infinity);
  if (minimum !== 0 || maximum < 3e38) {
    context.refuse("is no ReLU, the only activation here", {
      value: [minimum, maximum],
      expected: "a minimum of 0 and no maximum",
    });
  }
  return rectify(context, context.map(0));
};

/** Scores in another scale: the class is the same, and it is the class that firmware gives. */
const softmax: Operator = (context: NodeContext) => {
  const map = context.map(0);
  const { h, w } = context.shapeOf(map);
  const axis = context.axis(context.attributes.int("axis", -1), map.layout.length + 1);
  if (!context.last || h * w !== 1 || (map.layout[axis - 1]?.join() ?? "") !== "c") {
    context.refuse("must be the last node and act on the classes");
  }
  return map;
};

export const MAPS: Record<string, Operator> = {
  MaxPool: (context) => windowedPool(context, "max_pool"),
  AveragePool: (context) => windowedPool(context, "avg_pool"),
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  ReduceMean: reduceMean,
  Add: arithmetic("Add"),
  Sub: arithmetic("Sub"),
  Mul: arithmetic("Mul"),
  Div: arithmetic("Div"),
  Sum: sum,
  Relu: relu,
  Clip: clip,
  Softmax: softmax,
  LogSoftmax: softmax,
};

export { concat as concatMaps };
