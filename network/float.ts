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
      } else throw new Error(`no floating-point inference of ${layer.type}`);
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
