/** Random layers and designs on which explorer and reference models are compared. */
import type { Random } from "../../base/random.ts";
import type { Design } from "../../network/design.ts";
import type { ResolvedLayer } from "../../network/network.ts";

const between = (random: Random, low: number, high: number) => low + random.int(high - low + 1);

/**
 * A layer of any type of the runtime's, with stride, padding and bias; maps of at most 10 x 10 x 9.
 * @param plain a conv without padding or bias, or a global pool: what the published model knows
 */
export function randomLayer(
  random: Random,
  { plain = false } = {},
): ResolvedLayer {
  const side = () => between(random, 1, 10);
  const input = { h: side(), w: side(), channels: between(random, 1, 9) };
  const base = {
    name: "layer",
    inputs: [-1],
    input,
    groups: 1,
    activation: "none" as const,
  };
  if (random.int(4) === 0) {
    return {
      ...base,
      type: "global_avg_pool",
      output: { h: 1, w: 1, channels: input.channels },
      kernel: { h: input.h, w: input.w },
      stride: { h: 1, w: 1 },
      padding: { top: 0, bottom: 0, left: 0, right: 0 },
      bias: false,
    };
  }
  if (!plain && random.int(5) === 0) {
    const type = random.pick(["add", "concat"] as const);
    const channels = type === "add" ? input.channels : input.channels + between(random, 1, 9);
    return {
      ...base,
      type,
      inputs: [-1, -1],
      output: { ...input, channels },
      kernel: { h: 1, w: 1 },
      stride: { h: 1, w: 1 },
      padding: { top: 0, bottom: 0, left: 0, right: 0 },
      bias: false,
    };
  }
  const type = plain ? "conv" : random.pick(
    ["conv", "conv", "depthwise_conv", "max_pool", "avg_pool"] as const,
  );
  const own = type !== "conv";
  const pad = () => plain ? 0 : random.int(3);
  const padding = { top: pad(), bottom: pad(), left: pad(), right: pad() };
  const height = input.h + padding.top + padding.bottom;
  const width = input.w + padding.left + padding.right;
  const kernel = {
    h: between(random, 1, Math.min(4, height)),
    w: between(random, 1, Math.min(4, width)),
  };
  const stride = { h: between(random, 1, 2), w: between(random, 1, 2) };
  return {
    ...base,
    type,
    groups: type === "depthwise_conv" ? input.channels : 1,
    output: {
      h: Math.floor((height - kernel.h) / stride.h) + 1,
      w: Math.floor((width - kernel.w) / stride.w) + 1,
      channels: own ? input.channels : between(random, 1, 9),
    },
    kernel,
    stride,
    padding,
    bias: !plain && (type === "conv" || type === "depthwise_conv") &&
      random.int(2) === 0,
  };
}

const divisors = (n: number) =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
const evenDivisors = (n: number) => divisors(n).filter((d) => d === 1 || d % 2 === 0);

/** Types whose designs have no tile of input channels. */
const OWN_CHANNELS = [
  "depthwise_conv",
  "max_pool",
  "avg_pool",
  "add",
  "concat",
];

/** The whole published space of a layer, in its order; orders are I, W, O. */
export function publishedSpace(layer: ResolvedLayer): Design[] {
  const pool = layer.type === "global_avg_pool",
    own = OWN_CHANNELS.includes(layer.type);
  const { h, w, channels } = pool ? layer.input : layer.output;
  const axis = pool ? evenDivisors : divisors;
  const designs: Design[] = [];
  for (const Tr of axis(h)) {
    for (const Tc of axis(w)) {
      for (const Tm of axis(channels)) {
        for (
          const Tn of pool || own ? [1] : evenDivisors(layer.input.channels)
        ) {
          for (
            const loop_order of pool ? ["O"] as const : ["I", "W", "O"] as const
          ) {
            const trips = pool || loop_order === "W"
              ? (h / Tr) * (w / Tc)
              : loop_order === "I"
              ? channels / Tm
              : own
              ? 1
              : layer.input.channels / Tn;
            for (const S of evenDivisors(trips)) {
              designs.push({
                Tr,
                Tc,
                Tm,
                Tn,
                loop_order,
                mac_span: "channel",
                S,
              });
            }
          }
        }
      }
    }
  }
  return designs;
}

/** Any tile sizes, ragged ends included, any order, any span, any S. */
export function anyDesign(random: Random, layer: ResolvedLayer): Design {
  const pool = layer.type === "global_avg_pool";
  const space = pool ? layer.input : layer.output;
  const order = random.shuffle(["R", "C", "M", "N"]).join("");
  const Tr = between(random, 1, space.h), Tc = between(random, 1, space.w);
  return {
    Tr,
    Tc,
    Tm: between(random, 1, layer.output.channels),
    Tn: pool || OWN_CHANNELS.includes(layer.type) ? 1 : between(random, 1, layer.input.channels),
    loop_order: pool ? "RCMN" : order,
    mac_span: pool ? "channel" : random.pick(["channel", "row", "window"] as const),
    S: between(random, 1, Math.ceil(space.h / Tr) * Math.ceil(space.w / Tc)),
  };
}
