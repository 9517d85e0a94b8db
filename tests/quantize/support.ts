/** Random trained networks, and the slow, obvious arithmetic that the fast one is held against. */
import type { Requantisation } from "../../network/artifacts/quantized.ts";
import type { FloatNetwork } from "../../network/float.ts";
import {
  elements,
  type Layer,
  type Network,
  type ResolvedLayer,
  resolveLayers,
  weightShape,
} from "../../network/network.ts";
import { Random } from "../../base/random.ts";

/** A conv net with stride, padding and ragged sizes where the seed wants them; ends in an fc. */
export function randomNetwork(seed: number): Network {
  const random = new Random(seed, "tests/network");
  const oneD = random.int(2) === 0;
  const input = {
    h: 7 + random.int(9),
    w: oneD ? 1 : 6 + random.int(5),
    channels: 1 + random.int(5),
  };
  const layers: Layer[] = [];
  const convs = 1 + random.int(2);
  for (let i = 1; i <= convs; i++) {
    const kernel = { h: 1 + random.int(3), w: oneD ? 1 : 1 + random.int(3) };
    layers.push({
      name: `conv${i}`,
      type: "conv",
      kernel,
      stride: { h: 1 + random.int(2), w: oneD ? 1 : 1 + random.int(2) },
      padding: {
        top: random.int(kernel.h),
        bottom: random.int(kernel.h),
        left: random.int(kernel.w),
        right: random.int(kernel.w),
      },
      channels: 1 + random.int(9),
      activation: random.int(4) === 0 ? "none" : "relu",
      bias: random.int(4) !== 0,
    });
  }
  const closing = random.int(4);
  if (closing < 2) {
    layers.push({ name: "pool", type: "global_avg_pool", activation: "none", bias: false });
  } else if (closing === 2) {
    layers.push({ name: "flat", type: "flatten", activation: "none", bias: false });
  }
  layers.push({
    name: "fc",
    type: "fc",
    channels: 2 + random.int(5),
    activation: "none",
    bias: random.int(4) !== 0,
  });
  return { name: `random-${seed}`, input, layers };
}

/** He-initialised weights, small biases. */
export function randomWeights(network: Network, seed: number): FloatNetwork {
  const random = new Random(seed, "tests/weights");
  const layers = resolveLayers(network).map((layer) => {
    const shape = weightShape(layer);
    if (shape.length === 0) return { layer };
    const kernel = shape.slice(1).reduce((a, b) => a * b, 1);
    const weights = Float32Array.from(
      { length: shape[0]! * kernel },
      () => random.normal() * Math.sqrt(2 / kernel),
    );
    if (!layer.bias) return { layer, weights };
    return {
      layer,
      weights,
      bias: Float32Array.from({ length: shape[0]! }, () => random.normal() * 0.1),
    };
  });
  return { name: network.name, inputShape: network.input, layers };
}

/** Normally distributed samples, [h][w][channels] each. */
export function randomSamples(network: Network, count: number, seed: number): Float32Array[] {
  const random = new Random(seed, "tests/samples");
  return Array.from(
    { length: count },
    () => Float32Array.from({ length: elements(network.input) }, () => random.normal()),
  );
}

/** The formula of ROUNDING.md in integers of any size. */
export function requantiseExact(sum: number, parameters: Requantisation): number {
  const { multiplier, shift, minimum, maximum } = parameters;
  const numerator = BigInt(sum) * BigInt(multiplier) + (1n << BigInt(shift - 1));
  const rounded = Number(numerator >> BigInt(shift));
  return Math.min(maximum, Math.max(minimum, rounded));
}

/** Sums of a conv, one index at a time, in integers of any size. */
export function convExact(
  layer: ResolvedLayer,
  input: Int16Array,
  weights: Int16Array,
  bias: Int32Array | undefined,
): bigint[] {
  const { output, kernel, stride, padding } = layer;
  const n = layer.input.channels;
  const sums: bigint[] = [];
  for (let r = 0; r < output.h; r++) {
    for (let c = 0; c < output.w; c++) {
      for (let m = 0; m < output.channels; m++) {
        let sum = BigInt(bias?.[m] ?? 0);
        for (let ky = 0; ky < kernel.h; ky++) {
          for (let kx = 0; kx < kernel.w; kx++) {
            const y = r * stride.h + ky - padding.top;
            const x = c * stride.w + kx - padding.left;
            if (y < 0 || y >= layer.input.h || x < 0 || x >= layer.input.w) continue;
            for (let i = 0; i < n; i++) {
              sum += BigInt(input[(y * layer.input.w + x) * n + i]!) *
                BigInt(weights[((m * kernel.h + ky) * kernel.w + kx) * n + i]!);
            }
          }
        }
        sums.push(sum);
      }
    }
  }
  return sums;
}

/** Sums of the channelwise layers from ROUNDING.md alone, one output at a time. */
export function channelwiseExact(
  layer: ResolvedLayer,
  sources: readonly Int16Array[],
  weights: Int16Array | undefined,
  bias: Int32Array | undefined,
  multipliers: readonly [number, number] | undefined,
): bigint[] {
  const { input, output, kernel, stride, padding } = layer;
  const sums: bigint[] = [];
  for (let i = 0; i < elements(output); i++) {
    const m = i % output.channels;
    const c = Math.floor(i / output.channels) % output.w;
    const r = Math.floor(i / output.channels / output.w);
    const pixel = r * output.w + c;
    if (layer.type === "add") {
      sums.push(BigInt(sources[0]![i]! * multipliers![0] + sources[1]![i]! * multipliers![1]));
      continue;
    }
    if (layer.type === "concat") {
      const second = m >= input.channels ? 1 : 0;
      const own = second === 0 ? input.channels : output.channels - input.channels;
      const at = pixel * own + m - second * input.channels;
      sums.push(BigInt(sources[second]![at]! * multipliers![second]!));
      continue;
    }
    const inside: [code: bigint, weight: bigint][] = [];
    for (let k = 0; k < kernel.h * kernel.w; k++) {
      const y = r * stride.h - padding.top + Math.floor(k / kernel.w);
      const x = c * stride.w - padding.left + k % kernel.w;
      if (y < 0 || y >= input.h || x < 0 || x >= input.w) continue;
      const code = sources[0]![(y * input.w + x) * input.channels + m]!;
      inside.push([BigInt(code), BigInt(weights?.[m * kernel.h * kernel.w + k] ?? 1)]);
    }
    if (layer.type === "max_pool") {
      sums.push(inside.reduce((max, [code]) => code > max ? code : max, inside[0]![0]) << 14n);
      continue;
    }
    const sum = inside.reduce((total, [code, weight]) => total + code * weight, 0n);
    if (layer.type === "depthwise_conv") {
      sums.push(sum + BigInt(bias?.[m] ?? 0));
      continue;
    }
    const count = BigInt(inside.length);
    const doubled = 2n * sum * BigInt(kernel.h * kernel.w) + count;
    const floor = doubled / (2n * count) - (doubled % (2n * count) < 0n ? 1n : 0n);
    sums.push(floor);
  }
  return sums;
}

/** A network with all channelwise layers in a random order, residual adds and concats among them. */
export function randomMixedNetwork(seed: number): Network {
  const random = new Random(seed, "tests/mixed");
  const oneD = random.int(3) === 0;
  const input = {
    h: 5 + random.int(6),
    w: oneD ? 1 : 4 + random.int(5),
    channels: 1 + random.int(4),
  };
  const layers: Layer[] = [];
  const plain = { activation: "none", bias: false } as const;
  const activation = () => random.int(2) === 0 ? "relu" as const : "none" as const;
  const count = 3 + random.int(4);
  let strided = 0;
  for (let i = 0; i < count; i++) {
    const resolved = layers.length === 0 ? [] : resolveLayers({ name: "", input, layers });
    const last = resolved.at(-1)?.output ?? input;
    const name = `l${i}`;
    const type = random.pick(
      ["conv", "depthwise_conv", "max_pool", "avg_pool", "add", "concat"] as const,
    );
    if (type === "add" || type === "concat") {
      const before = layers.at(-1)?.name ?? "input";
      const others = [{ name: "input", output: input }, ...resolved].filter(({ output }) =>
        output.h === last.h && output.w === last.w &&
        (type === "concat" || output.channels === last.channels)
      );
      layers.push({
        ...plain,
        name,
        type,
        inputs: random.shuffle([before, random.pick(others).name]),
        activation: activation(),
      });
      continue;
    }
    // Keeping the size leaves adds and concats something to read.
    const kernel = { h: last.h < 3 ? 1 : 3, w: last.w < 3 ? 1 : 3 };
    const same = random.int(3) > 0 || strided > 1;
    if (!same) strided++;
    const side = () => random.int(2);
    layers.push({
      name,
      type,
      kernel,
      stride: same ? { h: 1, w: 1 } : { h: 1 + random.int(2), w: 1 + random.int(2) },
      padding: {
        top: kernel.h === 1 ? 0 : same ? 1 : side(),
        bottom: kernel.h === 1 ? 0 : same ? 1 : side(),
        left: kernel.w === 1 ? 0 : same ? 1 : side(),
        right: kernel.w === 1 ? 0 : same ? 1 : side(),
      },
      ...(type === "conv" && { channels: same ? last.channels : 1 + random.int(5) }),
      activation: activation(),
      bias: (type === "conv" || type === "depthwise_conv") && random.int(2) === 0,
    });
  }
  layers.push({
    name: "fc",
    type: "fc",
    channels: 2 + random.int(4),
    activation: "none",
    bias: true,
  });
  return { name: `mixed-${seed}`, input, layers };
}
