/** Search spaces: families of networks that differ in a few decisions. */
import { z } from "zod";
import { Network, type Shape } from "./network.ts";

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

/** n fc layers with ReLU and a closing fc (iNAS section 4, KWS). */
export const FcSpace = z.strictObject({
  type: z.literal("fc"),
  layers: z.number().int().positive(),
  units: choices,
  bias: z.boolean().default(true),
});

export const SearchSpace = z.discriminatedUnion("type", [ConvSpace, FcSpace]);
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

/** A space, or the name of a published one. */
export const NamedSpace = z.preprocess(
  (value) =>
    typeof value === "string" && Object.hasOwn(PUBLISHED_SPACES, value)
      ? structuredClone(PUBLISHED_SPACES[value as keyof typeof PUBLISHED_SPACES])
      : value,
  SearchSpace,
);

/** One decision: its name and its choices; a network is one index per decision. */
export interface Decision {
  name: string;
  choices: readonly number[];
}

/** The decisions of a space, in order. */
export function decisions(space: SearchSpace): Decision[] {
  const names = Array.from({ length: space.layers }, (_, i) => i + 1);
  return space.type === "conv"
    ? names.flatMap((i) => [
      { name: `conv${i}.kernel`, choices: space.kernels },
      { name: `conv${i}.channels`, choices: space.channels },
    ])
    : names.map((i) => ({ name: `fc${i}.units`, choices: space.units }));
}

/** Whether the network of these indices exists: kernels may not outgrow their input. */
export function canBuild(
  space: SearchSpace,
  indices: readonly number[],
  input: Shape,
): boolean {
  if (space.type === "fc") return true;
  let shrink = 0;
  for (let i = 0; i < space.layers; i++) shrink += space.kernels[indices[2 * i]!]! - 1;
  return input.h > shrink && (space.dimensions === 1 || input.w > shrink);
}

/** Number of networks in a space. */
export function spaceSize(space: SearchSpace): number {
  return decisions(space).reduce((size, decision) => size * decision.choices.length, 1);
}

/**
 * The network of one choice of indices, for an input shape and a number of classes.
 * @throws RangeError where an index is outside its decision
 */
export function buildNetwork(
  space: SearchSpace,
  indices: readonly number[],
  input: Shape,
  classes: number,
): Network {
  const values = decisions(space).map((decision, i) => {
    const value = decision.choices[indices[i] ?? -1];
    if (value === undefined) throw new RangeError(`no choice ${indices[i]} for ${decision.name}`);
    return value;
  });
  const relu = "relu" as const;
  const { bias } = space;
  const hidden = Array.from({ length: space.layers }, (_, i) =>
    space.type === "conv"
      ? {
        name: `conv${i + 1}`,
        type: "conv" as const,
        kernel: {
          h: values[2 * i]!,
          w: space.dimensions === 1 ? 1 : values[2 * i]!,
        },
        channels: values[2 * i + 1]!,
        activation: relu,
        bias,
      }
      : {
        name: `fc${i + 1}`,
        type: "fc" as const,
        channels: values[i]!,
        activation: relu,
        bias,
      });
  const name =
    (space.type === "conv"
      ? hidden.map((_, i) => `${values[2 * i]}x${values[2 * i + 1]}`)
      : hidden.map((_, i) => `${values[i]}`)).join("-");
  const closing = {
    name: `fc${space.type === "conv" ? "" : space.layers + 1}`,
    type: "fc",
    channels: classes,
    bias,
  };
  return Network.parse({
    name: `${space.type}-${name}`,
    input,
    layers: [
      ...hidden,
      ...(space.type === "conv" ? [{ name: "pool", type: "global_avg_pool" }] : []),
      closing,
    ],
  });
}
