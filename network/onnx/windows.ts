/** Kernel, strides and padding of Conv and the pools, in terms of our maps' rows and columns. */
import type { Padding } from "../network.ts";
import type { MapValue, NodeContext } from "./context.ts";
import { type Axis, type Layout, sizeOf } from "./layout.ts";

export interface Window {
  readonly kernel: { h: number; w: number };
  readonly stride: { h: number; w: number };
  readonly padding: Padding;
  /** Which of our axes each spatial dimension is. */
  readonly axes: readonly ("h" | "w")[];
  /** Of the output, before axes of size 1 are dropped. */
  readonly layout: Layout;
}

/**
 * Which axes the dimensions behind the channels are. A dimension of size 1 is whichever is left.
 * @throws UserError where the value is no map of one or two dimensions with the channels in front
 */
export function spatialAxes(context: NodeContext, map: MapValue): ("h" | "w")[] {
  const shape = context.shapeOf(map);
  const [channel, ...rest] = map.layout;
  const held = rest.flat();
  const valid = (rest.length === 1 || rest.length === 2) &&
    channel!.every((axis) => axis === "c") &&
    channel!.length === (shape.channels === 1 ? 0 : 1) &&
    rest.every((axes) => axes.length <= 1 && axes[0] !== "c");
  const lost = (["h", "w"] as const).filter((axis) =>
    !held.includes(axis) && sizeOf(shape, axis) !== 1
  );
  if (!valid || lost.length > 0) {
    context.refuse("reads a value that is no map [batch, channels, rows, columns]", {
      value: context.dims(map),
    });
  }
  const left = (["h", "w"] as const).filter((axis) => !held.includes(axis));
  return rest.map(([axis]) => (axis as Axis | undefined ?? left.shift()!) as "h" | "w");
}

/** @param kernel sizes, one per spatial dimension */
export function windowOf(
  context: NodeContext,
  map: MapValue,
  kernel: readonly number[],
): Window {
  const { attributes } = context;
  const axes = spatialAxes(context, map);
  const numbers = (name: string, absent: number, count: number) => {
    const found = attributes.ints(name) ?? Array<number>(count).fill(absent);
    if (found.length !== count || found.some((value) => value < 0)) {
      context.refuse(`has ${name} that are not ${count} numbers from 0`, { value: found });
    }
    return found;
  };
  const declared = numbers("kernel_shape", 0, axes.length);
  if (kernel.length !== axes.length || kernel.some((size) => size < 1)) {
    context.refuse("has a kernel of another rank than its input", { value: kernel });
  }
  if (attributes.has("kernel_shape") && declared.join() !== kernel.join()) {
    context.refuse("has another kernel_shape than its weights", {
      value: declared,
      expected: `[${kernel}]`,
    });
  }
  const dilations = numbers("dilations", 1, axes.length);
  if (dilations.some((step) => step !== 1)) {
    context.refuse("is dilated, which no layer here is", { value: dilations, expected: "1" });
  }
  const strides = numbers("strides", 1, axes.length);
  if (strides.some((step) => step < 1)) context.refuse("has a stride of 0", { value: strides });
  const shape = context.shapeOf(map);
  const pads = padsOf(context, numbers, axes.map((axis) => sizeOf(shape, axis)), kernel, strides);
  const by = (values: readonly number[], absent: number) => {
    const of = (axis: "h" | "w") => values[axes.indexOf(axis)] ?? absent;
    return { h: of("h"), w: of("w") };
  };
  const begin = by(pads.slice(0, axes.length), 0);
  const end = by(pads.slice(axes.length), 0);
  const before = map.padding ?? { top: 0, bottom: 0, left: 0, right: 0 };
  return {
    kernel: by(kernel, 1),
    stride: by(strides, 1),
    padding: {
      top: before.top + begin.h,
      bottom: before.bottom + end.h,
      left: before.left + begin.w,
      right: before.right + end.w,
    },
    axes,
    layout: [["c"], ...axes.map((axis) => [axis])],
  };
}

/** Begins, then ends. */
function padsOf(
  context: NodeContext,
  numbers: (name: string, absent: number, count: number) => number[],
  sizes: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
): number[] {
  const mode = context.attributes.text("auto_pad", "NOTSET");
  if (mode === "NOTSET" || mode === "") return numbers("pads", 0, 2 * sizes.length);
  if (mode === "VALID") return sizes.concat(sizes).map(() => 0);
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER") {
    context.refuse("pads in an unknown way", {
      value: mode,
      expected: "NOTSET, VALID, SAME_UPPER or SAME_LOWER",
    });
  }
  const total = sizes.map((size, i) =>
    Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + kernel[i]! - size)
  );
  const half = total.map((pad) => Math.floor(pad / 2));
  const rest = total.map((pad, i) => pad - half[i]!);
  return mode === "SAME_UPPER" ? [...half, ...rest] : [...rest, ...half];
}
