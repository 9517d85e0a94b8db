/** y = x * scale + shift per channel: folded into the layer before where it can be, else a layer itself. */
import type { MapValue, NodeContext } from "./context.ts";
import type { Constant } from "./tensor.ts";

export function affine(
  context: NodeContext,
  map: MapValue,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): MapValue {
  const { builder } = context;
  const channels = context.shapeOf(map).channels;
  const same = Array.from({ length: channels }, (_, m) => scale[m] === 1 && shift[m] === 0);
  if (same.every(Boolean)) return map;
  if (builder.isOwn(map.layer) && builder.hasWeights(map.layer)) {
    builder.scale(map.layer, scale, shift);
    return map;
  }
  return context.add([map], { type: "depthwise_conv", kernel: { h: 1, w: 1 } }, map.layout, {
    weights: Float32Array.from({ length: channels }, (_, m) => scale[m]!),
    bias: Float32Array.from({ length: channels }, (_, m) => shift[m]!),
  });
}

/** A ReLU: of the layer before where nothing else reads it, else of a layer that does nothing more. */
export function rectify(context: NodeContext, map: MapValue): MapValue {
  const { builder } = context;
  if (map.layer >= 0 && builder.layers[map.layer]!.activation === "relu") return map;
  // A flatten moves codes and has no activation.
  if (builder.isOwn(map.layer) && builder.layers[map.layer]!.type !== "flatten") {
    builder.relu(map.layer);
    return map;
  }
  const { channels } = context.shapeOf(map);
  return context.add(
    [map],
    { type: "depthwise_conv", kernel: { h: 1, w: 1 }, activation: "relu" },
    map.layout,
    { weights: new Float32Array(channels).fill(1) },
  );
}

/**
 * A constant that is broadcast over a map, as one number per channel.
 * @throws UserError where it differs within a channel
 */
export function perChannel(
  context: NodeContext,
  map: MapValue,
  { dims, data }: Constant,
): Float64Array {
  const { channels } = context.shapeOf(map);
  if (data.length === 1) return new Float64Array(channels).fill(data[0]!);
  const sizes = context.dims(map);
  const varying = dims.flatMap((dim, i) => dim === 1 ? [] : [i + sizes.length - dims.length]);
  const axes = varying.length === 1 ? map.layout[varying[0]! - 1] : undefined;
  if (axes?.join() !== "c" || data.length !== channels) {
    context.refuse("has a constant that is not one number, nor one per channel", {
      value: dims,
      expected: `[] or [${channels}] along the channels of [${sizes}]`,
    });
  }
  return data;
}
