/** Which dimension of a graph's input is which: ONNX does not say, the first operator does. */
import type { Shape } from "../network.ts";
import type { GraphProto } from "./proto.ts";
import { Attributes } from "./attributes.ts";
import type { Axis, Layout } from "./layout.ts";

/** Operators whose dimension 1 is the channels. */
const CHANNELS_FIRST = new Set([
  "Conv",
  "MaxPool",
  "AveragePool",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "BatchNormalization",
]);
/** Operators behind which the same element may be followed. */
const PASSING = new Set(["Identity", "Dropout", "Cast", "Pad", "Relu", "Add", "Sub", "Mul", "Div"]);

/**
 * Shape and layout of an input with these sizes behind the batch.
 *
 * Channels are what the first windowed operator takes for them; rows come before columns. Where none
 * is met (a network of fc layers) `wanted` decides, or else the order [h][channels] or [channels][h][w].
 */
export function inputRoles(
  { node }: GraphProto,
  name: string,
  sizes: readonly number[],
  wanted: Shape | undefined,
): { shape: Shape; layout: Layout } {
  const channel = followChannel(node, name, sizes.length);
  const roles = channel === undefined
    ? rolesOfVector(sizes, wanted)
    : rolesOf(sizes.length, channel);
  const shape = { h: 1, w: 1, channels: 1 };
  roles.forEach((axis, i) => shape[axis === "c" ? "channels" : axis] = sizes[i]!);
  return { shape, layout: roles.map((axis) => [axis]) };
}

function rolesOf(rank: number, channel: number): Axis[] {
  const spatial: Axis[] = ["h", "w"];
  return Array.from({ length: rank }, (_, i) => i === channel ? "c" : spatial.shift()!);
}

function rolesOfVector(sizes: readonly number[], wanted: Shape | undefined): Axis[] {
  if (sizes.length === 1) return ["c"];
  if (sizes.length === 2) return ["h", "c"];
  const last = wanted !== undefined && wanted.h === sizes[0] && wanted.w === sizes[1] &&
    wanted.channels === sizes[2];
  return last ? ["h", "w", "c"] : ["c", "h", "w"];
}

/** The dimension (behind the batch) of the input that the first windowed operator takes for channels. */
function followChannel(
  nodes: GraphProto["node"],
  name: string,
  rank: number,
): number | undefined {
  /** Of the value followed, what each dimension behind the batch is of the input; -1: a new one. */
  let dims = Array.from({ length: rank }, (_, i) => i);
  let followed = name;
  for (const node of nodes) {
    if (!node.input.includes(followed)) continue;
    const { op_type } = node;
    if (CHANNELS_FIRST.has(op_type)) {
      const first = dims[0];
      return first === undefined || first < 0 ? undefined : first;
    }
    const attributes = new Attributes(node);
    if (op_type === "Transpose") {
      const order = attributes.ints("perm") ?? [];
      if (order.length !== dims.length + 1 || order[0] !== 0) return undefined;
      const before = dims;
      dims = order.slice(1).map((from) => before[from - 1] ?? -1);
    } else if (op_type === "Unsqueeze" || op_type === "Squeeze") {
      const axes = attributes.ints("axes");
      // The axes of newer operator sets lie in a constant: a new dimension never comes before channels.
      if (axes !== undefined) dims = moved(dims, axes, op_type === "Unsqueeze");
    } else if (!PASSING.has(op_type)) return undefined;
    if (node.output[0] === undefined) return undefined;
    followed = node.output[0];
  }
  return undefined;
}

function moved(dims: readonly number[], axes: readonly number[], adds: boolean): number[] {
  const rank = dims.length + 1 + (adds ? axes.length : 0);
  const at = axes.map((axis) => (axis < 0 ? axis + rank : axis) - 1);
  if (!adds) return dims.filter((_, i) => !at.includes(i));
  const rest = [...dims];
  return Array.from({ length: rank - 1 }, (_, i) => at.includes(i) ? -1 : rest.shift() ?? -1);
}
