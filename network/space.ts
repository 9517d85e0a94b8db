/**
 * Search spaces: families of networks that differ in a few decisions. A space is a row of parts, each
 * with decisions of its own and the layers that a choice of them makes, and a head that has none.
 */
import { z } from "zod";
import { type Layer, Network, type Shape } from "./network.ts";
import { blockParts, BlockSpace } from "./space_blocks.ts";
import { type Choice, closing, type Decision, globalPool, type Part } from "./space_part.ts";

export { BlockSpace } from "./space_blocks.ts";
export type { Choice, Decision, Part } from "./space_part.ts";

const choices = z.array(z.number().int().positive()).min(1);

/** n convs (stride 1, valid padding, ReLU), a global average pool and an fc (iNAS section 4, CIFAR and HAR). */
export const ConvSpace = z.strictObject({
  type: z.literal("conv"),
  /** 1: kernels are k x 1 over time; 2: k x k. */
  dimensions: z.literal([1, 2]),
  layers: z.number().int().positive(),
  kernels: choices,
  channels: choices,
  bias: z.boolean().default(true),
});
export type ConvSpace = z.infer<typeof ConvSpace>;

/** n fc layers with ReLU and a closing fc (iNAS section 4, KWS). */
export const FcSpace = z.strictObject({
  type: z.literal("fc"),
  layers: z.number().int().positive(),
  units: choices,
  bias: z.boolean().default(true),
});
export type FcSpace = z.infer<typeof FcSpace>;

export const SearchSpace = z.discriminatedUnion("type", [ConvSpace, FcSpace, BlockSpace]);
export type SearchSpace = z.infer<typeof SearchSpace>;

/** The spaces of iNAS (TECS 2021, section 4), by the name that `space:` takes. */
export const PUBLISHED_SPACES = {
  cifar10: {
    type: "conv",
    dimensions: 2,
    layers: 5,
    kernels: [1, 3, 5, 7],
    channels: [4, 8, 16, 24],
    bias: false,
  },
  har: {
    type: "conv",
    dimensions: 1,
    layers: 3,
    kernels: [1, 3, 5, 7],
    channels: [4, 8, 16, 24],
    bias: false,
  },
  kws: { type: "fc", layers: 4, units: [48, 64, 96, 128], bias: false },
} as const satisfies Record<string, z.input<typeof SearchSpace>>;

/** Wider spaces by name: what a board can run once its designs are no longer the published ones. */
export const WIDE_SPACES = {
  "wide-1d": {
    type: "blocks",
    dimensions: 1,
    stages: [
      { kernel: [3, 5, 7], channels: [16, 24, 32], stride: [1, 2], pool: ["none", "max"] },
      {
        block: ["conv", "separable"],
        depth: [1, 2],
        kernel: [3, 5, 7],
        channels: [24, 32, 48, 64],
        pool: ["none", "max"],
        residual: ["none", "add"],
      },
      {
        block: ["conv", "separable"],
        depth: [1, 2],
        kernel: [3, 5],
        channels: [32, 48, 64],
        residual: ["none", "add"],
      },
    ],
  },
  "wide-2d": {
    type: "blocks",
    dimensions: 2,
    resolution: [1, 2],
    stages: [
      { kernel: [3], channels: [16, 24, 32], stride: [1, 2] },
      {
        block: ["conv", "separable"],
        depth: [1, 2, 3],
        kernel: [3],
        channels: [16, 24, 32],
        residual: ["none", "add"],
      },
      {
        block: ["conv", "separable"],
        depth: [1, 2, 3],
        kernel: [3],
        channels: [32, 48, 64],
        stride: [2],
        residual: ["none", "add"],
      },
      {
        block: ["conv", "separable"],
        depth: [1, 2, 3],
        kernel: [3],
        channels: [48, 64],
        stride: [2],
        residual: ["none", "add"],
      },
    ],
  },
} as const satisfies Record<string, z.input<typeof SearchSpace>>;

const NAMED: Record<string, z.input<typeof SearchSpace>> = { ...PUBLISHED_SPACES, ...WIDE_SPACES };

/** A space, or the name of a published or a wider one. */
export const NamedSpace = z.preprocess(
  (value) =>
    typeof value === "string" && Object.hasOwn(NAMED, value)
      ? structuredClone(NAMED[value])
      : value,
  SearchSpace,
);

/** The parts of a space, in the order of the networks' layers. */
export function parts(space: SearchSpace): Part[] {
  if (space.type === "blocks") return blockParts(space);
  return Array.from(
    { length: space.layers },
    (_, i) => space.type === "conv" ? convPart(space, i + 1) : fcPart(space, i + 1),
  );
}

/** Layers behind the last part. */
export function head(space: SearchSpace, classes: number): Layer[] {
  return space.type === "fc"
    ? [closing(`fc${space.layers + 1}`, classes, space.bias)]
    : [globalPool("pool"), closing("fc", classes, space.bias)];
}

function convPart({ dimensions, kernels, channels, bias }: ConvSpace, number: number): Part {
  return {
    decisions: [
      { name: `conv${number}.kernel`, choices: kernels },
      { name: `conv${number}.channels`, choices: channels },
    ],
    make(values, { shape }) {
      const [kernel, width] = values as [number, number];
      const size = { h: kernel, w: dimensions === 1 ? 1 : kernel };
      if (size.h > shape.h || size.w > shape.w) return undefined;
      return {
        label: `${kernel}x${width}`,
        layers: [{
          name: `conv${number}`,
          type: "conv",
          kernel: size,
          channels: width,
          activation: "relu",
          bias,
        }],
        output: { h: shape.h - size.h + 1, w: shape.w - size.w + 1, channels: width },
      };
    },
  };
}

function fcPart({ units, bias }: FcSpace, number: number): Part {
  return {
    decisions: [{ name: `fc${number}.units`, choices: units }],
    make([width]) {
      return {
        label: `${width}`,
        layers: [{
          name: `fc${number}`,
          type: "fc",
          channels: Number(width),
          activation: "relu",
          bias,
        }],
        output: { h: 1, w: 1, channels: Number(width) },
      };
    },
  };
}

/** The decisions of a space, in order. */
export function decisions(space: SearchSpace): Decision[] {
  return parts(space).flatMap((part) => part.decisions);
}

/** For every decision the number of its kind: decisions of one kind have one name and one size. */
export function decisionKinds(space: SearchSpace): number[] {
  const known: string[] = [];
  return decisions(space).map(({ name, choices }) => {
    const kind = `${name.slice(name.indexOf(".") + 1)} of ${choices.length}`;
    if (!known.includes(kind)) known.push(kind);
    return known.indexOf(kind);
  });
}

/** Number of combinations of choices. */
export function spaceSize(space: SearchSpace): number {
  return decisions(space).reduce((size, decision) => size * decision.choices.length, 1);
}

/**
 * Whether the network of these indices exists: kernels may not outgrow their input, and of choices that
 * make the same network only the first counts.
 */
export function canBuild(
  space: SearchSpace,
  indices: readonly number[],
  input: Shape,
): boolean {
  return assemble(space, indices, input) !== undefined;
}

/**
 * The network of one choice of indices, for an input shape and a number of classes.
 * @throws RangeError where an index is outside its decision, or the network does not exist
 */
export function buildNetwork(
  space: SearchSpace,
  indices: readonly number[],
  input: Shape,
  classes: number,
): Network {
  const made = assemble(space, indices, input);
  if (made === undefined) {
    throw new RangeError(`there is no network ${indices} for ${input.h}x${input.w} inputs`);
  }
  return Network.parse({
    name: `${space.type}-${made.labels.join("-")}`,
    input,
    layers: [...made.layers, ...head(space, classes)],
  });
}

function assemble(
  space: SearchSpace,
  indices: readonly number[],
  input: Shape,
): { layers: Layer[]; labels: string[] } | undefined {
  const layers: Layer[] = [];
  const labels: string[] = [];
  let shape = input;
  let at = 0;
  for (const part of parts(space)) {
    const values = part.decisions.map((decision): Choice => {
      const index = indices[at++];
      const value = decision.choices[index ?? -1];
      if (value === undefined) throw new RangeError(`no choice ${index} for ${decision.name}`);
      return value;
    });
    const made = part.make(values, { shape, name: layers.at(-1)?.name ?? "input" });
    if (made === undefined) return undefined;
    layers.push(...made.layers);
    if (made.label !== "") labels.push(made.label);
    shape = made.output;
  }
  return { layers, labels };
}
