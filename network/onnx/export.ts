/** A network with float weights as an ONNX model: scores before softmax, maps in NCHW, any batch. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { FloatConstants } from "../float_constants.ts";
import { type Network, type ResolvedLayer, resolveLayers } from "../network.ts";
import { AttributeType, DataType, encodeModel } from "./proto.ts";

/** Old enough for every tool of today, new enough for all that is written here. */
const OPSET = 13;
const IR_VERSION = 7;

/** Names of the model's input [batch, channels, h, w] and output [batch, classes]. */
export const ONNX_INPUT = "input";
export const ONNX_OUTPUT = "scores";

/**
 * Equal networks and weights give equal bytes.
 * @param constants by layer name
 * @throws UserError where the network does not end in one value per class
 */
export function exportOnnx(
  network: Network,
  constants: ReadonlyMap<string, FloatConstants>,
): Uint8Array {
  const layers = resolveLayers(network);
  const { output } = layers.at(-1)!;
  if (output.h * output.w !== 1) {
    throw new UserError({
      message: `network ${network.name} does not end in one value per class`,
      field: layers.at(-1)!.name,
      value: output,
    }, ExitCode.data);
  }
  const writer = new Writer(layers, constants);
  layers.forEach((_, index) => writer.layer(index));
  writer.end();
  const { h, w, channels } = network.input;
  return encodeModel({
    ir_version: IR_VERSION,
    producer_name: "brownout",
    opset_import: [{ domain: "", version: OPSET }],
    graph: {
      name: network.name,
      node: writer.nodes,
      initializer: writer.initializers,
      input: [valueInfo(ONNX_INPUT, [channels, h, w])],
      output: [valueInfo(ONNX_OUTPUT, [output.channels])],
    },
  });
}

function valueInfo(name: string, sizes: readonly number[]) {
  const dim = [{ dim_param: "batch" }, ...sizes.map((dim_value) => ({ dim_value }))];
  return { name, type: { tensor_type: { elem_type: DataType.float, shape: { dim } } } };
}

class Writer {
  readonly nodes: object[] = [];
  readonly initializers: object[] = [];
  readonly #layers: readonly ResolvedLayer[];
  readonly #constants: ReadonlyMap<string, FloatConstants>;
  /** Layers whose value is [batch, channels] instead of NCHW. */
  readonly #flat = new Set<number>();

  constructor(
    layers: readonly ResolvedLayer[],
    constants: ReadonlyMap<string, FloatConstants>,
  ) {
    this.#layers = layers;
    this.#constants = constants;
  }

  /** The value of a layer, or of the input. */
  #value(index: number): string {
    return index < 0 ? ONNX_INPUT : `${this.#layers[index]!.name}.map`;
  }

  #node(op_type: string, name: string, input: string[], output: string, attributes: object = {}) {
    const attribute = Object.entries(attributes).map(([key, value]) =>
      Array.isArray(value)
        ? { name: key, type: AttributeType.ints, ints: value }
        : { name: key, type: AttributeType.int, i: value }
    );
    this.nodes.push({ op_type, name, input, output: [output], attribute });
    return output;
  }

  #floats(name: string, dims: readonly number[], data: Float32Array): string {
    const raw_data = new Uint8Array(data.length * 4);
    const view = new DataView(raw_data.buffer);
    data.forEach((value, i) => view.setFloat32(4 * i, value, true));
    this.initializers.push({ name, dims, data_type: DataType.float, raw_data });
    return name;
  }

  #sizes(name: string, sizes: readonly number[]): string {
    const raw_data = new Uint8Array(8 * sizes.length);
    const view = new DataView(raw_data.buffer);
    sizes.forEach((value, i) => view.setBigInt64(8 * i, BigInt(value), true));
    this.initializers.push({ name, dims: [sizes.length], data_type: DataType.int64, raw_data });
    return name;
  }

  /** What a layer reads, in NCHW. */
  #map(layer: ResolvedLayer, position: number): string {
    const index = layer.inputs[position]!;
    const value = this.#value(index);
    if (!this.#flat.has(index)) return value;
    const name = `${layer.name}.${position}`;
    const { channels } = this.#layers[index]!.output;
    const shape = this.#sizes(`${name}.shape`, [0, channels, 1, 1]);
    return this.#node("Reshape", `${name}.reshape`, [value, shape], `${name}.map`);
  }

  layer(index: number): void {
    const layer = this.#layers[index]!;
    const rectified = layer.activation === "relu";
    const value = this.#value(index);
    const result = rectified ? `${layer.name}.sum` : value;
    this.#operate(index, layer, result);
    if (rectified) this.#node("Relu", `${layer.name}.relu`, [result], value);
  }

  #operate(index: number, layer: ResolvedLayer, result: string): void {
    const { name, kernel, stride, padding } = layer;
    const window = {
      kernel_shape: [kernel.h, kernel.w],
      strides: [stride.h, stride.w],
      pads: [padding.top, padding.left, padding.bottom, padding.right],
    };
    switch (layer.type) {
      case "conv":
      case "depthwise_conv": {
        const { weights, bias } = this.#of(layer);
        const n = layer.input.channels / layer.groups;
        const m = layer.output.channels;
        const inputs = [
          this.#map(layer, 0),
          this.#floats(`${name}.weights`, [m, n, kernel.h, kernel.w], channelsFirst(weights, m, n)),
          ...(bias === undefined ? [] : [this.#floats(`${name}.bias`, [m], bias)]),
        ];
        this.#node("Conv", name, inputs, result, { ...window, group: layer.groups });
        return;
      }
      case "fc": {
        const { weights, bias } = this.#of(layer);
        const m = layer.output.channels;
        const rows = channelsFirst(weights, m, layer.input.channels);
        const flat = this.#flat.has(layer.inputs[0]!)
          ? this.#value(layer.inputs[0]!)
          : this.#node("Flatten", `${name}.flatten`, [this.#map(layer, 0)], `${name}.row`, {
            axis: 1,
          });
        const inputs = [
          flat,
          this.#floats(`${name}.weights`, [m, weights.length / m], rows),
          ...(bias === undefined ? [] : [this.#floats(`${name}.bias`, [m], bias)]),
        ];
        this.#node("Gemm", name, inputs, result, { transB: 1 });
        this.#flat.add(index);
        return;
      }
      case "max_pool":
        this.#node("MaxPool", name, [this.#map(layer, 0)], result, window);
        return;
      case "avg_pool":
        this.#node("AveragePool", name, [this.#map(layer, 0)], result, {
          ...window,
          count_include_pad: 0,
        });
        return;
      case "global_avg_pool":
        this.#node("GlobalAveragePool", name, [this.#map(layer, 0)], result);
        return;
      case "add":
        this.#node("Sum", name, layer.inputs.map((_, i) => this.#map(layer, i)), result);
        return;
      case "concat":
        this.#node("Concat", name, layer.inputs.map((_, i) => this.#map(layer, i)), result, {
          axis: 1,
        });
        return;
      case "flatten": {
        const rows = this.#node(
          "Transpose",
          `${name}.order`,
          [this.#map(layer, 0)],
          `${name}.rows`,
          {
            perm: [0, 2, 3, 1],
          },
        );
        const shape = this.#sizes(`${name}.shape`, [0, layer.output.channels, 1, 1]);
        this.#node("Reshape", `${name}.whole`, [
          this.#node("Flatten", `${name}.flat`, [rows], `${name}.row`, { axis: 1 }),
          shape,
        ], result);
        return;
      }
    }
  }

  #of({ name }: ResolvedLayer): FloatConstants {
    const found = this.#constants.get(name);
    if (found === undefined) throw new RangeError(`layer ${name} has no weights`);
    return found;
  }

  /** Gives the last layer's value its name and shape. */
  end(): void {
    const last = this.#layers.length - 1;
    const operator = this.#flat.has(last) ? "Identity" : "Flatten";
    const attributes = this.#flat.has(last) ? {} : { axis: 1 };
    this.#node(operator, ONNX_OUTPUT, [this.#value(last)], ONNX_OUTPUT, attributes);
  }
}

/** [M][taps][N] to [M][N][taps]. */
function channelsFirst(weights: Float32Array, m: number, n: number): Float32Array {
  const taps = weights.length / (m * n);
  const result = new Float32Array(weights.length);
  for (let i = 0; i < m; i++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let c = 0; c < n; c++) {
        result[(i * n + c) * taps + tap] = weights[(i * taps + tap) * n + c]!;
      }
    }
  }
  return result;
}
