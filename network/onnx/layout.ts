/**
 * How the elements of one of our maps, [h][w][channels], lie in an ONNX value.
 *
 * Every dimension behind the batch is a list of axes of the map, outer first: `[["c"], ["h"], ["w"]]`
 * is a value in NCHW, `[["c", "h", "w"]]` that value flattened, `[[], ["c"]]` one with a dimension of
 * size 1 in front. Axes of size 1 stand in no list, so that views of equal order are equal.
 */
import type { Shape } from "../network.ts";

export type Axis = "h" | "w" | "c";
export type Layout = readonly (readonly Axis[])[];

export function sizeOf(shape: Shape, axis: Axis): number {
  return axis === "c" ? shape.channels : shape[axis];
}

/** A layout without the axes of size 1 of this shape. */
export function tidy(layout: Layout, shape: Shape): Layout {
  return layout.map((axes) => axes.filter((axis) => sizeOf(shape, axis) !== 1));
}

/** Sizes of the dimensions, the batch's first, as 1. */
export function dimsOf(layout: Layout, shape: Shape): number[] {
  return [
    1,
    ...layout.map((axes) => axes.reduce((size, axis) => size * sizeOf(shape, axis), 1)),
  ];
}

/** The axes in the order in which their elements lie. */
export function orderOf(layout: Layout): Axis[] {
  return layout.flat();
}

export function equalLayouts(a: Layout, b: Layout): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * The same elements in dimensions of other sizes, or undefined where a dimension would cut an axis.
 * @param dims the batch's first, which is 1
 */
export function regroup(layout: Layout, shape: Shape, dims: readonly number[]): Layout | undefined {
  if (dims[0] !== 1) return undefined;
  const axes = orderOf(layout);
  const result: Axis[][] = [];
  for (const dim of dims.slice(1)) {
    const taken: Axis[] = [];
    for (let size = 1; size < dim;) {
      const axis = axes.shift();
      if (axis === undefined) return undefined;
      taken.push(axis);
      size *= sizeOf(shape, axis);
      if (dim % size !== 0) return undefined;
    }
    result.push(taken);
  }
  return axes.length === 0 ? result : undefined;
}
