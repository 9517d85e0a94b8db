/**
 * What the explorer answers on a fixed set of layers, as one checksum and as exact counts of designs:
 * a change of either is a change of behaviour, and a commit that makes one says so.
 */
import { createHash } from "node:crypto";
import type { LayerAnswer } from "../network/explore.ts";
import { Network } from "../network/network.ts";
import type { PlatformChoice } from "../network/platform.ts";
import { exploreNetwork } from "../native/mod.ts";

const conv = (
  h: number,
  w: number,
  n: number,
  m: number,
  kh: number,
  kw: number,
  rest = {},
) => ({
  input: { h, w, channels: n },
  layer: {
    type: "conv",
    kernel: { h: kh, w: kw },
    channels: m,
    bias: true,
    ...rest,
  },
});

/** Each a network of one layer. */
export const FIXTURES: Record<
  string,
  { input: Network["input"]; layer: Record<string, unknown> }
> = {
  "cifar conv 3x3 on 32x32x3, 24": conv(32, 32, 3, 24, 3, 3),
  "cifar conv 5x5 on 24x24x24, 24": conv(24, 24, 24, 24, 5, 5),
  "conv 3x3 padded, stride 2, 17x11x6, 10": conv(17, 11, 6, 10, 3, 3, {
    stride: { h: 2, w: 2 },
    padding: { top: 1, bottom: 1, left: 1, right: 1 },
  }),
  "har conv 5x1 on 128x1x9, 16": conv(128, 1, 9, 16, 5, 1),
  "kws fc 250, 96": {
    input: { h: 1, w: 1, channels: 250 },
    layer: { type: "fc", channels: 96, bias: true },
  },
  "pool of 15x13x7": {
    input: { h: 15, w: 13, channels: 7 },
    layer: { type: "global_avg_pool" },
  },
  "depthwise 3x3 padded on 20x18x12": {
    input: { h: 20, w: 18, channels: 12 },
    layer: {
      type: "depthwise_conv",
      kernel: { h: 3, w: 3 },
      padding: { top: 1, bottom: 1, left: 1, right: 1 },
      bias: true,
    },
  },
  "max pool 2x2, stride 2, of 25x14x10": {
    input: { h: 25, w: 14, channels: 10 },
    layer: { type: "max_pool", kernel: { h: 2, w: 2 }, stride: { h: 2, w: 2 } },
  },
  "avg pool 3x3 padded, stride 2, of 15x15x8": {
    input: { h: 15, w: 15, channels: 8 },
    layer: {
      type: "avg_pool",
      kernel: { h: 3, w: 3 },
      stride: { h: 2, w: 2 },
      padding: { top: 1, bottom: 1, left: 1, right: 1 },
    },
  },
  "add of 16x9x6": {
    input: { h: 16, w: 9, channels: 6 },
    layer: { type: "add", inputs: ["input", "input"] },
  },
  "concat of 12x12x5, twice": {
    input: { h: 12, w: 12, channels: 5 },
    layer: { type: "concat", inputs: ["input", "input"] },
  },
};

export const PLATFORMS: PlatformChoice[] = [
  { profile: "msp430fr5994-spi", kernel: "lea" },
  { profile: "msp430fr5994-fram", capacitance_F: 0.001 },
  { profile: "msp432p401r-spi", vm_bytes: 8192 },
];

export interface Signature {
  checksum: string;
  /** Legal designs of each fixture: published (kernel and budget apart), full. */
  counts: Record<string, { published: number; full: number }>;
}

/** @param threads of which nothing depends */
export async function explorerSignature(threads?: number): Promise<Signature> {
  const hash = createHash("sha256");
  const counts: Signature["counts"] = {};
  const add = (name: string, answer: LayerAnswer) => hash.update(JSON.stringify([name, answer]));
  for (const [name, { input, layer }] of Object.entries(FIXTURES)) {
    const network = Network.parse({
      name,
      input,
      layers: [{ name: "layer", ...layer }],
    });
    for (const platform of PLATFORMS) {
      for (const space of ["published", "full"] as const) {
        const answer = await exploreNetwork(network, platform, {
          space,
          threads,
        });
        add(name, rounded(answer.layers[0]!));
        // Of the last platform: its kernel takes any length, so no channel is padded.
        (counts[name] ??= { published: 0, full: 0 })[space] = answer.layers[0]!.designs_total;
      }
    }
    for (const objective of ["energy", "wear", "pareto"] as const) {
      for (const space of ["published", "full"] as const) {
        const answer = await exploreNetwork(network, PLATFORMS[0]!, { space, objective, threads });
        add(name, rounded(answer.layers[0]!));
      }
    }
  }
  return { checksum: hash.digest("hex").slice(0, 16), counts };
}

/** Ten digits: the last ones may differ between C libraries. */
function rounded(answer: LayerAnswer): LayerAnswer {
  return JSON.parse(
    JSON.stringify(
      answer,
      (_, value) =>
        typeof value === "number" && !Number.isInteger(value)
          ? Number(value.toPrecision(10))
          : value,
    ),
  );
}
