/**
 * Odd channels made even by one channel of zeros, for kernels that take spans of even length (LEA).
 *
 * A padded map holds zeros in its last channel: weights and bias of that output channel are 0, and a
 * sum of 0 is requantised to 0. So no other value changes, and nothing downstream knows of it but by
 * its shapes: explorer, image and runtime see a network of even channels.
 */
import type { Codes } from "../base/files.ts";
import type { ResolvedLayer, Shape } from "./network.ts";

/** Per channel of a map as it lies in NVM the network's own channel, or -1 where it holds zeros. */
export type Channels = readonly number[];

export interface ChannelPadding {
  /** The layers with the shapes that are walked; the network's own where nothing is padded. */
  layers: ResolvedLayer[];
  input: Channels;
  /** Of each layer's output map. */
  maps: Channels[];
}

const isProduct = ({ type, groups }: ResolvedLayer) =>
  type === "fc" || (type === "conv" && groups === 1);

/** Whether a layer has weights of its own for each output channel, so that one may be added. */
const isSource = isProduct;

const plain = (channels: number): Channels => Array.from({ length: channels }, (_, i) => i);
const padded = (channels: Channels): Channels => [...channels, -1];
const isOdd = (channels: Channels) => channels.length % 2 === 1;

/**
 * Pads the network's input and the outputs of convs and fcs wherever a conv or fc would read an odd
 * number of channels, also through pools, adds, concats and flattens. The network's output is never
 * padded; where that, or an add of maps that are padded differently, forbids it, nothing is padded
 * and the designs of odd spans are left to the alignment rule.
 * @param multiple of span lengths; 1 pads nothing
 */
export function padChannels(
  layers: readonly ResolvedLayer[],
  input: Shape,
  multiple: 1 | 2,
): ChannelPadding {
  const chosen = new Set<number>();
  for (let more = multiple === 2; more;) {
    more = false;
    const found = channelsWith(layers, input, chosen);
    if (found === undefined) return unpadded(layers, input);
    const want = (map: number): void => {
      if (!isOdd(found.of(map))) return;
      const layer = layers[map];
      if (layer === undefined || isSource(layer)) {
        if (!chosen.has(map)) more = true;
        chosen.add(map);
      } else {
        layer.inputs.forEach(want);
      }
    };
    for (const layer of layers) if (isProduct(layer)) want(layer.inputs[0]!);
  }
  if (chosen.size === 0) return unpadded(layers, input);
  const found = channelsWith(layers, input, chosen);
  const last = layers.at(-1)!.output.channels;
  if (found === undefined || found.of(layers.length - 1).length !== last) {
    return unpadded(layers, input);
  }
  const shape = (map: number, { h, w }: Shape): Shape => ({
    h,
    w,
    channels: found.of(map).length,
  });
  return {
    layers: layers.map((layer, index) => {
      const from = shape(layer.inputs[0]!, layer.input);
      const to = shape(index, layer.output);
      return {
        ...layer,
        input: from,
        output: to,
        groups: layer.type === "depthwise_conv" ? from.channels : layer.groups,
      };
    }),
    input: found.of(-1),
    maps: layers.map((_, index) => found.of(index)),
  };
}

/**
 * {@link padChannels} for layers whose neighbours are not known: of a space, in which every map but
 * the network's output is read by a conv or fc, with at most a global pool between.
 * @param outputs layers whose map is the network's output
 */
export function padLooseChannels(
  layers: readonly ResolvedLayer[],
  outputs: ReadonlySet<number>,
  multiple: 1 | 2,
): ResolvedLayer[] {
  const even = (shape: Shape) => ({
    ...shape,
    channels: shape.channels + shape.channels % multiple,
  });
  return layers.map((layer, index) => ({
    ...layer,
    input: even(layer.input),
    output: outputs.has(index) ? layer.output : even(layer.output),
  }));
}

function unpadded(
  layers: readonly ResolvedLayer[],
  input: Shape,
): ChannelPadding {
  return {
    layers: [...layers],
    input: plain(input.channels),
    maps: layers.map(({ output }) => plain(output.channels)),
  };
}

/** Channels of every map where those of `chosen` are padded; undefined: an add would mix them up. */
function channelsWith(
  layers: readonly ResolvedLayer[],
  input: Shape,
  chosen: ReadonlySet<number>,
): { of(map: number): Channels } | undefined {
  const pad = (map: number, channels: Channels) => chosen.has(map) ? padded(channels) : channels;
  const first = pad(-1, plain(input.channels));
  const maps: Channels[] = [];
  const of = (map: number) => map < 0 ? first : maps[map]!;
  for (const [index, layer] of layers.entries()) {
    const from = layer.inputs.map(of);
    switch (layer.type) {
      case "conv":
      case "fc":
        maps.push(pad(index, plain(layer.output.channels)));
        break;
      case "add":
        if (from.some((channels) => channels.join() !== from[0]!.join())) {
          return undefined;
        }
        maps.push(from[0]!);
        break;
      case "concat":
        maps.push(
          concatenated(
            from,
            layer.inputs.map((map) => ownChannels(layers, input, map)),
          ),
        );
        break;
      case "flatten":
        maps.push(repeated(from[0]!, layer.input));
        break;
      default:
        maps.push(from[0]!);
    }
    // A grouped conv splits its channels evenly: its input must be as it was.
    const grouped = layer.type === "conv" && layer.groups > 1;
    if (grouped && from[0]!.includes(-1)) return undefined;
  }
  return { of };
}

function ownChannels(
  layers: readonly ResolvedLayer[],
  input: Shape,
  map: number,
): number {
  return map < 0 ? input.channels : layers[map]!.output.channels;
}

function concatenated(
  parts: readonly Channels[],
  own: readonly number[],
): Channels {
  let before = 0;
  return parts.flatMap((channels, i) => {
    const offset = before;
    before += own[i]!;
    return channels.map((channel) => channel < 0 ? -1 : channel + offset);
  });
}

/** Of a map that becomes one pixel. */
function repeated(
  channels: Channels,
  { h, w, channels: own }: Shape,
): Channels {
  return Array.from(
    { length: h * w },
    (_, pixel) => channels.map((channel) => channel < 0 ? -1 : pixel * own + channel),
  ).flat();
}

/** Values [..., channels] with those of a padded map. @param own channels that they have now */
export function padValues<T extends Int16Array | Int32Array | Int8Array>(
  values: T,
  own: number,
  channels: Channels,
): T {
  if (channels.length === own) return values;
  const rows = values.length / own;
  const type = values.constructor as { new (length: number): T };
  const result = new type(rows * channels.length);
  for (let row = 0; row < rows; row++) {
    channels.forEach((channel, i) => {
      if (channel >= 0) {
        result[row * channels.length + i] = values[row * own + channel]!;
      }
    });
  }
  return result;
}

/** Values [..., channels] of a map whose channels beyond its `own` first ones are padding. */
export function unpadValues(values: Codes, channels: number, own: number): Codes {
  if (channels === own) return values;
  return values instanceof Int8Array
    ? values.filter((_, i) => i % channels < own)
    : values.filter((_, i) => i % channels < own);
}

/** Rows [M][size], those of added output channels zero. @param size values of one channel */
export function padRows<T extends Int16Array | Int32Array | Int8Array>(
  values: T,
  size: number,
  channels: Channels,
): T {
  if (channels.length * size === values.length) return values;
  const type = values.constructor as { new (length: number): T };
  const result = new type(channels.length * size);
  channels.forEach((channel, i) => {
    if (channel >= 0) {
      result.set(
        values.subarray(channel * size, (channel + 1) * size),
        i * size,
      );
    }
  });
  return result;
}
