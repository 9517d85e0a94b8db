/**
 * Spaces of stages: blocks of one kind, width and kernel behind each other, the first with the stage's
 * stride, a pool behind the last. Whatever is a list is decided by the search.
 */
import { z } from "zod";
import type { Layer, Padding, Shape } from "./network.ts";
import type { Choice, Decision, From, Made, Part } from "./space_part.ts";

/** One choice, or a list of them. */
function choice<T extends z.ZodType<Choice>>(of: T) {
  return z.preprocess(
    (value) => Array.isArray(value) ? value : [value],
    z.array(of).min(1).refine((list) => new Set(list).size === list.length, "every choice once"),
  );
}

const positive = z.number().int().positive();

export const BlockStage = z.strictObject({
  /** `conv`: k x k; `separable`: a depthwise k x k with ReLU, then a 1 x 1 conv. */
  block: choice(z.enum(["conv", "separable"])).prefault("conv"),
  /** Blocks behind each other. */
  depth: choice(positive).prefault(1),
  kernel: choice(positive),
  channels: choice(positive.max(1024)),
  /** Of the first block; the others have 1. */
  stride: choice(positive).prefault(1),
  /** `same`: a stride of 1 keeps height and width. */
  padding: choice(z.enum(["same", "valid"])).prefault("same"),
  /** Behind the last block: windows of 2 (2 x 2), stride 2. */
  pool: choice(z.enum(["none", "max", "avg"])).prefault("none"),
  /** `add`: what keeps its map's shape adds its input before its ReLU. */
  residual: choice(z.enum(["none", "add"])).prefault("none"),
});
export type BlockStage = z.infer<typeof BlockStage>;

/** Stages, a global average pool and an fc. */
export const BlockSpace = z.strictObject({
  type: z.literal("blocks"),
  /** 1: kernels are k x 1 over time; 2: k x k. */
  dimensions: z.literal([1, 2]),
  /** The input is averaged over windows of so many rows (and columns) first; 1: as it is. */
  resolution: choice(positive).prefault(1),
  stages: z.array(BlockStage).min(1),
  bias: z.boolean().default(true),
});
export type BlockSpace = z.infer<typeof BlockSpace>;

const FIELDS = [
  "block",
  "depth",
  "kernel",
  "channels",
  "stride",
  "padding",
  "pool",
  "residual",
] as const satisfies readonly (keyof BlockStage)[];

/** What a stage is once everything is decided. */
interface Stage {
  readonly block: "conv" | "separable";
  readonly depth: number;
  readonly kernel: number;
  readonly channels: number;
  readonly stride: number;
  readonly padding: "same" | "valid";
  readonly pool: "none" | "max" | "avg";
  readonly residual: "none" | "add";
}

export function blockParts(space: BlockSpace): Part[] {
  return [
    resolutionPart(space),
    ...space.stages.map((stage, i) => stagePart(space, stage, i + 1)),
  ];
}

/** Only what has several choices is a decision. */
function open(name: string, choices: readonly Choice[]): Decision[] {
  return choices.length > 1 ? [{ name, choices }] : [];
}

function resolutionPart({ dimensions, resolution }: BlockSpace): Part {
  return {
    decisions: open("input.resolution", resolution),
    make([value], { shape }) {
      const factor = Number(value ?? resolution[0]!);
      if (factor === 1) return { label: "", layers: [], output: shape };
      const window = side(factor, dimensions);
      if (window.h > shape.h || window.w > shape.w) return undefined;
      return {
        label: `i${factor}`,
        layers: [{
          name: "resize",
          type: "avg_pool",
          kernel: window,
          stride: window,
          activation: "none",
          bias: false,
        }],
        output: { ...shape, h: div(shape.h, window.h), w: div(shape.w, window.w) },
      };
    },
  };
}

function stagePart({ dimensions, bias }: BlockSpace, stage: BlockStage, number: number): Part {
  return {
    decisions: FIELDS.flatMap((field) => open(`stage${number}.${field}`, stage[field])),
    make(values, from) {
      let at = 0;
      const decided = Object.fromEntries(
        FIELDS.map((field) => [field, stage[field].length > 1 ? values[at++] : stage[field][0]]),
      ) as unknown as Stage;
      return makeStage(decided, { dimensions, bias, number }, from);
    },
  };
}

interface Setting {
  readonly dimensions: 1 | 2;
  readonly bias: boolean;
  readonly number: number;
}

function makeStage(stage: Stage, setting: Setting, from: From): Made | undefined {
  const { dimensions, number } = setting;
  const layers: Layer[] = [];
  let { shape, name } = from;
  let added = 0;
  for (let b = 1; b <= stage.depth; b++) {
    const stride = b === 1 ? stage.stride : 1;
    const kernel = side(stage.kernel, dimensions);
    const output = outputOf(shape, stage, stride, dimensions);
    if (output === undefined) return undefined;
    const adds = stage.residual === "add" && output.h === shape.h && output.w === shape.w &&
      output.channels === shape.channels;
    const prefix = `s${number}b${b}`;
    layers.push(
      ...block(stage, setting, prefix, {
        kernel,
        stride: side(stride, dimensions),
        padding: paddingOf(shape, output, stage, stride, dimensions),
        activation: adds ? "none" : "relu",
      }),
    );
    if (adds) {
      layers.push({
        name: `${prefix}add`,
        type: "add",
        inputs: [layers.at(-1)!.name, name],
        activation: "relu",
        bias: false,
      });
      added++;
    }
    shape = output;
    name = layers.at(-1)!.name;
  }
  // Without anything to add it is the network that `none` makes.
  if (stage.residual === "add" && added === 0) return undefined;
  if (stage.pool !== "none") {
    const window = side(2, dimensions);
    if (window.h > shape.h || window.w > shape.w) return undefined;
    layers.push({
      name: `s${number}pool`,
      type: stage.pool === "max" ? "max_pool" : "avg_pool",
      kernel: window,
      stride: window,
      activation: "none",
      bias: false,
    });
    shape = { ...shape, h: div(shape.h, window.h), w: div(shape.w, window.w) };
  }
  return { label: labelOf(stage), layers, output: shape };
}

interface Window {
  readonly kernel: { h: number; w: number };
  readonly stride: { h: number; w: number };
  readonly padding: Padding;
  readonly activation: "none" | "relu";
}

function block(stage: Stage, { bias }: Setting, prefix: string, window: Window): Layer[] {
  const { kernel, stride, padding, activation } = window;
  const placed = padding.top + padding.bottom + padding.left + padding.right > 0
    ? { kernel, stride, padding }
    : { kernel, stride };
  if (stage.block === "conv") {
    return [{
      name: `${prefix}conv`,
      type: "conv",
      ...placed,
      channels: stage.channels,
      activation,
      bias,
    }];
  }
  return [
    { name: `${prefix}depth`, type: "depthwise_conv", ...placed, activation: "relu", bias },
    {
      name: `${prefix}point`,
      type: "conv",
      kernel: { h: 1, w: 1 },
      channels: stage.channels,
      activation,
      bias,
    },
  ];
}

function outputOf(
  { h, w }: Shape,
  { kernel, padding, channels }: Stage,
  stride: number,
  dimensions: 1 | 2,
): Shape | undefined {
  const along = (size: number) =>
    padding === "same" ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
  const output = { h: along(h), w: dimensions === 1 ? w : along(w), channels };
  // Padding as wide as the kernel would make windows of nothing but zeros.
  const fits = padding === "valid" || (2 * h > kernel && (dimensions === 1 || 2 * w > kernel));
  return fits && output.h >= 1 && output.w >= 1 ? output : undefined;
}

function paddingOf(
  input: Shape,
  output: Shape,
  { kernel, padding }: Stage,
  stride: number,
  dimensions: 1 | 2,
): Padding {
  const along = (size: number, result: number): [number, number] => {
    const all = padding === "same" ? Math.max(0, (result - 1) * stride + kernel - size) : 0;
    return [div(all, 2), all - div(all, 2)];
  };
  const [top, bottom] = along(input.h, output.h);
  const [left, right] = dimensions === 1 ? [0, 0] : along(input.w, output.w);
  return { top, bottom, left, right };
}

/** e.g. `2c3x16s2r+m`: two convs of 3 and 16 channels, the first with stride 2, adding; a max pool. */
function labelOf(stage: Stage): string {
  const { block, depth, kernel, channels, stride, padding, pool, residual } = stage;
  return (depth > 1 ? `${depth}` : "") + (block === "conv" ? "c" : "d") + `${kernel}x${channels}` +
    (stride > 1 ? `s${stride}` : "") + (padding === "valid" ? "v" : "") +
    (residual === "add" ? "r" : "") + (pool === "none" ? "" : pool === "max" ? "m" : "a");
}

function side(size: number, dimensions: 1 | 2): { h: number; w: number } {
  return { h: size, w: dimensions === 1 ? 1 : size };
}

function div(a: number, b: number): number {
  return Math.floor(a / b);
}
