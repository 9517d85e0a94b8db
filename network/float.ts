/** A network in plain floating point: what calibration observes and integer inference is compared with. */
import type { Shape } from "./network.ts";
import { elements, type ResolvedLayer } from "./network.ts";
import { padMap, windowOf } from "./integer/conv.ts";

export interface FloatLayer {
  layer: ResolvedLayer;
  /** [M][Kh][Kw][N] of conv and fc. */
  weights?: Float32Array;
  bias?: Float32Array;
}

export interface FloatNetwork {
  name: string;
  inputShape: Shape;
  layers: FloatLayer[];
}

/** Runs a network over many inputs; sums in doubles, maps in float32. */
export class FloatInference {
  readonly network: FloatNetwork;
  readonly #maps: Float32Array[];

  constructor(network: FloatNetwork) {
    this.network = network;
    this.#maps = network.layers.map(({ layer }) => new Float32Array(elements(layer.output)));
  }

  /** Outputs of one sample; a view that the next call overwrites. @param input [h][w][channels] */
  run(input: Float32Array): Float32Array {
    this.network.layers.forEach(({ layer, weights, bias }, index) => {
      const source = layer.inputs[0]! < 0 ? input : this.#maps[layer.inputs[0]!]!;
      const map = this.#maps[index]!;
      if (layer.type === "flatten") map.set(source);
      else if (layer.type === "global_avg_pool") pool(layer, source, map);
      else if (layer.type === "conv" || layer.type === "fc") {
        conv(layer, source, weights!, bias, map);
      } else if (layer.type === "depthwise_conv") depthwise(layer, source, weights!, bias, map);
      else if (layer.type === "max_pool" || layer.type === "avg_pool") {
        windows(layer, source, map);
      } else {
        const sources = layer.inputs.map((from) => from < 0 ? input : this.#maps[from]!);
        if (layer.type === "add") add(sources, map);
        else concat(layer, sources, map);
      }
      if (layer.activation === "relu") {
        for (let i = 0; i < map.length; i++) if (map[i]! < 0) map[i] = 0;
      }
    });
    return this.#maps[this.#maps.length - 1]!;
  }

  /** Output map of a layer after {@link run}. */
  map(index: number): Float32Array {
    return this.#maps[index]!;
  }
}

function conv(
  layer: ResolvedLayer,
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array | undefined,
  map: Float32Array,
): void {
  const { output, stride, padding } = layer;
  const padded = padMap(layer, input);
  const pixel = layer.input.channels;
  const paddedRow = (layer.input.w + padding.left + padding.right) * pixel;
  const { runs, length, step } = windowOf(layer);
  let out = 0;
  for (let r = 0; r < output.h; r++) {
    for (let c = 0; c < output.w; c++) {
      const corner = r * stride.h * paddedRow + c * stride.w * pixel;
      let w = 0;
      for (let m = 0; m < output.channels; m++) {
        let sum = bias === undefined ? 0 : bias[m]!;
        for (let run = 0; run < runs; run++) {
          const start = corner + run * step;
          const end = start + length;
          for (let i = start; i < end; i++, w++) sum += padded[i]! * weights[w]!;
        }
        map[out++] = sum;
      }
    }
  }
}

function pool(layer: ResolvedLayer, input: Float32Array, map: Float32Array): void {
  const { h, w, channels } = layer.input;
  for (let m = 0; m < channels; m++) {
    let sum = 0;
    for (let i = m; i < h * w * channels; i += channels) sum += input[i]!;
    map[m] = sum / (h * w);
  }
}

/** Visits the elements of each window that lie inside the map. */
function eachInside(
  { input, output, kernel, stride, padding }: ResolvedLayer,
  visit: (out: number, m: number, at: number, tap: number) => void,
): void {
  for (let r = 0; r < output.h; r++) {
    for (let c = 0; c < output.w; c++) {
      const out = (r * output.w + c) * output.channels;
      for (let tap = 0; tap < kernel.h * kernel.w; tap++) {
        const y = r * stride.h - padding.top + Math.floor(tap / kernel.w);
        const x = c * stride.w - padding.left + tap % kernel.w;
        if (y < 0 || y >= input.h || x < 0 || x >= input.w) continue;
        const at = (y * input.w + x) * input.channels;
        for (let m = 0; m < input.channels; m++) visit(out + m, m, at + m, tap);
      }
    }
  }
}

function depthwise(
  layer: ResolvedLayer,
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array | undefined,
  map: Float32Array,
): void {
  const kernel = layer.kernel.h * layer.kernel.w;
  const sums = new Float64Array(map.length);
  if (bias !== undefined) {
    for (let i = 0; i < sums.length; i++) {
      sums[i] = bias[i % bias.length]!;
    }
  }
  eachInside(layer, (out, m, at, tap) => sums[out]! += input[at]! * weights[m * kernel + tap]!);
  map.set(sums);
}

/** Of max and average pools; elements of the padding do not count. */
function windows(layer: ResolvedLayer, input: Float32Array, map: Float32Array): void {
  if (layer.type === "max_pool") {
    map.fill(-Infinity);
    eachInside(layer, (out, _m, at) => map[out] = Math.max(map[out]!, input[at]!));
    return;
  }
  const sums = new Float64Array(map.length);
  const counts = new Uint32Array(map.length);
  eachInside(layer, (out, _m, at) => {
    sums[out]! += input[at]!;
    counts[out]!++;
  });
  for (let i = 0; i < map.length; i++) map[i] = sums[i]! / counts[i]!;
}

function add(sources: readonly Float32Array[], map: Float32Array): void {
  for (let i = 0; i < map.length; i++) {
    map[i] = sources.reduce((sum, source) => sum + source[i]!, 0);
  }
}

function concat(layer: ResolvedLayer, sources: readonly Float32Array[], map: Float32Array): void {
  const { h, w, channels } = layer.output;
  let behind = 0;
  for (const source of sources) {
    const own = source.length / (h * w);
    for (let pixel = 0; pixel < h * w; pixel++) {
      map.set(source.subarray(pixel * own, (pixel + 1) * own), pixel * channels + behind);
    }
    behind += own;
  }
}
