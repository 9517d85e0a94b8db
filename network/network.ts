/**
 * The vocabulary of networks: layers, shapes, networks.
 *
 * Symbols are the field's: an OFM of R rows, C columns, M channels; an IFM of H x W with N channels;
 * a kernel Kh x Kw. A 1-D map has w = 1. An fc layer is a conv whose kernel covers its whole input.
 */
import { z } from "zod";
import { nearestName, UserError } from "../base/errors.ts";

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();

export const LayerType = z.enum([
  "conv",
  "depthwise_conv",
  "fc",
  "max_pool",
  "avg_pool",
  "global_avg_pool",
  "add",
  "concat",
  "flatten",
]);
export type LayerType = z.infer<typeof LayerType>;

export const Shape = z.strictObject({ h: positive, w: positive, channels: positive });
export type Shape = z.infer<typeof Shape>;

export const Padding = z.strictObject({
  top: count.default(0),
  bottom: count.default(0),
  left: count.default(0),
  right: count.default(0),
});
export type Padding = z.infer<typeof Padding>;

export const Activation = z.enum(["none", "relu"]);
export type Activation = z.infer<typeof Activation>;

/** A layer as it stands in a network file; its shapes follow from {@link inferShapes}. */
export const Layer = z.strictObject({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, "a C identifier"),
  type: LayerType,
  /** Names of the layers it reads, `"input"` being the network's input; default: the one before. */
  inputs: z.array(z.string()).optional(),
  /** Of conv, depthwise_conv and the pools. */
  kernel: z.strictObject({ h: positive, w: positive }).optional(),
  stride: z.strictObject({ h: positive, w: positive }).optional(),
  padding: Padding.optional(),
  groups: positive.optional(),
  /** Output channels (units) of conv and fc. */
  channels: positive.optional(),
  activation: Activation.default("none"),
  bias: z.boolean().default(false),
});
export type Layer = z.infer<typeof Layer>;

export const Network = z.strictObject({
  name: z.string(),
  input: Shape,
  layers: z.array(Layer).min(1),
});
export type Network = z.infer<typeof Network>;

/** A layer with everything resolved: what explorer, dump and runtime speak of. */
export const ResolvedLayer = z.strictObject({
  name: z.string(),
  type: LayerType,
  /** Indices of the layers it reads; -1 is the network's input. */
  inputs: z.array(z.number().int().min(-1)).min(1),
  input: Shape,
  output: Shape,
  /** An fc's kernel is its input's h x w; a global pool's too; 1 x 1 for add, concat, flatten. */
  kernel: z.strictObject({ h: positive, w: positive }),
  stride: z.strictObject({ h: positive, w: positive }),
  padding: z.strictObject({ top: count, bottom: count, left: count, right: count }),
  groups: positive,
  activation: Activation,
  bias: z.boolean(),
});
export type ResolvedLayer = z.infer<typeof ResolvedLayer>;

/**
 * Resolves inputs and shapes of all layers, in order.
 * @throws UserError naming the layer and field where shapes do not fit.
 */
export function resolveLayers(network: Network): ResolvedLayer[] {
  const resolved: ResolvedLayer[] = [];
  const indexOf = new Map<string, number>([["input", -1]]);
  network.layers.forEach((layer, index) => {
    const fail = (
      message: string,
      extra: { value?: unknown; nearest?: string | undefined } = {},
    ) => {
      throw new UserError({ message, field: `layers.${index} (${layer.name})`, ...extra });
    };
    if (indexOf.has(layer.name)) fail(`two layers are called "${layer.name}"`);
    const inputs = (layer.inputs ?? [index === 0 ? "input" : network.layers[index - 1]!.name]).map(
      (name) => {
        const found = indexOf.get(name);
        if (found === undefined) {
          fail(`reads "${name}", which is no earlier layer`, {
            nearest: nearestName(name, indexOf.keys()),
          });
        }
        return found as number;
      },
    );
    const shapes = inputs.map((i) => (i < 0 ? network.input : resolved[i]!.output));
    const input = shapes[0]!;
    const one = { h: 1, w: 1 };
    const stride = layer.stride ?? one;
    const padding = { top: 0, bottom: 0, left: 0, right: 0, ...layer.padding };
    const windowed = (kernel: { h: number; w: number }, channels: number) => {
      const h = Math.floor((input.h + padding.top + padding.bottom - kernel.h) / stride.h) + 1;
      const w = Math.floor((input.w + padding.left + padding.right - kernel.w) / stride.w) + 1;
      if (h < 1 || w < 1) {
        fail(
          `kernel ${kernel.h}x${kernel.w} is larger than its padded input ${input.h}x${input.w}`,
        );
      }
      return { h, w, channels };
    };
    const need = <T>(value: T | undefined, field: string): T => {
      if (value === undefined) fail(`a ${layer.type} layer needs "${field}"`);
      return value as T;
    };
    const base = {
      name: layer.name,
      type: layer.type,
      inputs,
      input,
      kernel: one,
      stride,
      padding,
      groups: layer.groups ?? 1,
      activation: layer.activation,
      bias: layer.bias,
    };
    const arity = layer.type === "add" || layer.type === "concat"
      ? inputs.length >= 2
      : inputs.length === 1;
    if (!arity) fail(`a ${layer.type} layer cannot read ${inputs.length} inputs`);
    indexOf.set(layer.name, index);
    switch (layer.type) {
      case "conv": {
        const kernel = need(layer.kernel, "kernel");
        const channels = need(layer.channels, "channels");
        if (input.channels % base.groups !== 0 || channels % base.groups !== 0) {
          fail(`${base.groups} groups do not divide ${input.channels} and ${channels} channels`);
        }
        resolved.push({ ...base, kernel, output: windowed(kernel, channels) });
        break;
      }
      case "depthwise_conv": {
        const kernel = need(layer.kernel, "kernel");
        resolved.push({
          ...base,
          groups: input.channels,
          kernel,
          output: windowed(kernel, input.channels),
        });
        break;
      }
      case "max_pool":
      case "avg_pool": {
        const kernel = need(layer.kernel, "kernel");
        resolved.push({ ...base, kernel, output: windowed(kernel, input.channels) });
        break;
      }
      case "fc":
        resolved.push({
          ...base,
          kernel: { h: input.h, w: input.w },
          output: { h: 1, w: 1, channels: need(layer.channels, "channels") },
        });
        break;
      case "global_avg_pool":
        resolved.push({
          ...base,
          kernel: { h: input.h, w: input.w },
          output: { h: 1, w: 1, channels: input.channels },
        });
        break;
      case "add":
        if (
          shapes.some((s) => s.h !== input.h || s.w !== input.w || s.channels !== input.channels)
        ) {
          fail("adds maps of different shapes", { value: shapes });
        }
        resolved.push({ ...base, output: input });
        break;
      case "concat":
        if (shapes.some((s) => s.h !== input.h || s.w !== input.w)) {
          fail("concatenates maps of different height or width", { value: shapes });
        }
        resolved.push({
          ...base,
          output: { ...input, channels: shapes.reduce((sum, s) => sum + s.channels, 0) },
        });
        break;
      case "flatten":
        resolved.push({
          ...base,
          output: { h: 1, w: 1, channels: input.h * input.w * input.channels },
        });
    }
  });
  return resolved;
}

/** Elements of a map. */
export function elements(shape: Shape): number {
  return shape.h * shape.w * shape.channels;
}

/** Shape of a layer's weights as stored: [M][Kh][Kw][N / groups]; empty for layers without weights. */
export function weightShape(layer: ResolvedLayer): number[] {
  switch (layer.type) {
    case "conv":
    case "fc":
      return [
        layer.output.channels,
        layer.kernel.h,
        layer.kernel.w,
        layer.input.channels / layer.groups,
      ];
    case "depthwise_conv":
      return [layer.output.channels, layer.kernel.h, layer.kernel.w, 1];
    default:
      return [];
  }
}

/** Multiply-accumulates of one layer, padding counted as computed. */
export function macs(layer: ResolvedLayer): number {
  const perOutput = weightShape(layer).slice(1).reduce((a, b) => a * b, 1);
  return weightShape(layer).length === 0 ? 0 : elements(layer.output) * perOutput;
}

/** Sizes of a layer by the symbols of runtime-c's `bo_shape`, in elements. */
export interface WalkShape {
  h: number;
  w: number;
  n: number;
  r: number;
  c: number;
  m: number;
  kernel_h: number;
  kernel_w: number;
  stride_h: number;
  stride_w: number;
  pad_top: number;
  pad_left: number;
}

/** What the walk of the nest takes of a layer; bottom and right padding follow from the sizes. */
export function walkShape(layer: ResolvedLayer): WalkShape {
  const { input, output, kernel, stride, padding } = layer;
  return {
    h: input.h,
    w: input.w,
    n: input.channels,
    r: output.h,
    c: output.w,
    m: output.channels,
    kernel_h: kernel.h,
    kernel_w: kernel.w,
    stride_h: stride.h,
    stride_w: stride.w,
    pad_top: padding.top,
    pad_left: padding.left,
  };
}
