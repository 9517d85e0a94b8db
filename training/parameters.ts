/**
 * The trainable numbers of a network as plain arrays: how they start, and their two layouts.
 *
 * While training, a kernel is [Kh][Kw][N][M], as TensorFlow has it. Between stages it is
 * [M][Kh][Kw][N], as `weightShape` has it. A depthwise kernel is [Kh][Kw][N][1], respectively
 * [N][Kh][Kw][1]. An fc's kernel covers its whole input.
 */
import { type NdArray, readNpy, writeNpy } from "../base/files.ts";
import { ExitCode, UserError } from "../base/errors.ts";
import { Random } from "../base/random.ts";
import type { FloatConstants } from "../network/float_constants.ts";
import {
  type Network,
  type ResolvedLayer,
  resolveLayers,
  weightShape,
} from "../network/network.ts";

/** One trainable array. */
export interface Parameter {
  readonly layer: string;
  readonly kind: "kernel" | "depthwise_kernel" | "bias";
  /** Kernel: [Kh, Kw, N, M], depthwise [Kh, Kw, N, 1]; bias: [M]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** All parameters of a network, in layer order, a layer's kernel before its bias; zeros. */
export function emptyParameters(network: Network): Parameter[] {
  return resolveLayers(network).flatMap((layer) => {
    if (weightShape(layer).length === 0) return [];
    const [m, kh, kw, n] = weightShape(layer) as [number, number, number, number];
    const depthwise = layer.type === "depthwise_conv";
    const kernel: Parameter = {
      layer: layer.name,
      kind: depthwise ? "depthwise_kernel" : "kernel",
      shape: depthwise ? [kh, kw, m, 1] : [kh, kw, n, m],
      data: new Float32Array(m * kh * kw * n),
    };
    if (!layer.bias) return [kernel];
    return [kernel, {
      layer: layer.name,
      kind: "bias" as const,
      shape: [m],
      data: new Float32Array(m),
    }];
  });
}

/**
 * Parameters before training: He-uniform kernels before a ReLU, Glorot-uniform ones elsewhere, zero
 * biases. Every layer has its own sequence, so that layers do not shift each other's numbers.
 */
export function initialParameters(network: Network, seed: number): Parameter[] {
  const layers = new Map<string, ResolvedLayer>(
    resolveLayers(network).map((layer) => [layer.name, layer]),
  );
  const parameters = emptyParameters(network);
  for (const { layer, kind, shape, data } of parameters) {
    if (kind === "bias") continue;
    const [kh, kw, n, m] = shape as [number, number, number, number];
    const fanIn = kh * kw * (kind === "kernel" ? n : 1);
    const fanOut = kh * kw * m;
    const relu = layers.get(layer)!.activation === "relu";
    const limit = Math.sqrt(6 / (relu ? fanIn : fanIn + fanOut));
    const random = new Random(seed, `initial/${layer}`);
    for (let i = 0; i < data.length; i++) data[i] = random.range(-limit, limit);
  }
  return parameters;
}

/** A deep copy. */
export function copyParameters(parameters: readonly Parameter[]): Parameter[] {
  return parameters.map((parameter) => ({ ...parameter, data: parameter.data.slice() }));
}

/** A kernel as stages exchange it, [M][Kh][Kw][N]; a bias unchanged. */
export function toArtifactLayout({ kind, shape, data }: Parameter): NdArray<Float32Array> {
  if (kind === "bias") return { shape: [...shape], data };
  const [kh, kw, n, m] = shape as [number, number, number, number];
  return kind === "kernel"
    ? { shape: [m, kh, kw, n], data: transpose(data, kh * kw * n, m) }
    : { shape: [n, kh, kw, 1], data: transpose(data, kh * kw, n) };
}

/**
 * Parameters with the numbers of a trained network.
 * @param constants by layer name @throws RangeError where a layer's are missing or of another size
 */
export function fromConstants(
  network: Network,
  constants: ReadonlyMap<string, FloatConstants>,
): Parameter[] {
  return emptyParameters(network).map((empty) => {
    const found = constants.get(empty.layer);
    const data = empty.kind === "bias" ? found?.bias : found?.weights;
    if (data?.length !== empty.data.length) {
      throw new RangeError(`layer ${empty.layer} has ${data?.length} numbers as its ${empty.kind}`);
    }
    return fromArtifactLayout(empty, data);
  });
}

/** By layer name, what {@link fromConstants} takes. */
export function toConstants(parameters: readonly Parameter[]): Map<string, FloatConstants> {
  const constants = new Map<string, FloatConstants>();
  for (const parameter of parameters) {
    const { data } = toArtifactLayout(parameter);
    const { layer, kind } = parameter;
    constants.set(
      layer,
      kind === "bias" ? { ...constants.get(layer)!, bias: data } : { weights: data },
    );
  }
  return constants;
}

/** A parameter with these numbers, which lie as artifacts have them. */
function fromArtifactLayout(empty: Parameter, data: Float32Array): Parameter {
  const outer = empty.kind === "bias" ? 1 : toArtifactLayout(empty).shape[0]!;
  return { ...empty, data: transpose(data, outer, data.length / outer) };
}

/** File of a parameter beside `training.json`: `weights/conv1.kernel.npy`. */
export function parameterFile({ layer, kind }: Parameter): string {
  return `weights/${layer}.${kind === "bias" ? "bias" : "kernel"}.npy`;
}

/** Writes every parameter below `folder` in the layout of artifacts. */
export async function writeParameters(folder: string, parameters: readonly Parameter[]) {
  for (const parameter of parameters) {
    await writeNpy(`${folder}/${parameterFile(parameter)}`, toArtifactLayout(parameter));
  }
}

/**
 * Reads what {@link writeParameters} wrote.
 * @throws UserError where a file is missing or its shape is not the network's
 */
export async function readParameters(folder: string, network: Network): Promise<Parameter[]> {
  const parameters: Parameter[] = [];
  for (const empty of emptyParameters(network)) {
    const file = `${folder}/${parameterFile(empty)}`;
    const { shape, data } = await readNpy(file, Float32Array);
    const expected = toArtifactLayout(empty).shape;
    if (shape.join() !== expected.join()) {
      throw new UserError({
        message: `weights do not fit layer ${empty.layer} of network ${network.name}`,
        location: { file },
        value: shape,
        expected: `shape [${expected}]`,
      }, ExitCode.data);
    }
    parameters.push(fromArtifactLayout(empty, data));
  }
  return parameters;
}

/** [rows][columns] to [columns][rows]. */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c]!;
  }
  return result;
}
