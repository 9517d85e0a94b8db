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
