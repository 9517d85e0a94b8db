/** The quantize stage's artifact as a network that integer inference runs. */
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import {
  type Codes,
  type NdArray,
  type NumericArray,
  readJson,
  readNpy,
} from "../../base/files.ts";
import { QuantizedArtifact } from "../artifacts/quantized.ts";
import { resolveLayers, weightShape } from "../network.ts";
import { accumulatorBound, SUM_LIMIT } from "./bound.ts";
import { type IntegerLayer, type IntegerNetwork, refuseUnsupported } from "./inference.ts";

/**
 * Reads `quantized.json` and its arrays from an `artifact/` folder.
 * @throws UserError where a file is missing, has a foreign shape or a weight that is no code, or breaks
 * the promise on overflow
 */
export async function readQuantized(
  folder: string,
): Promise<{ artifact: QuantizedArtifact; network: IntegerNetwork }> {
  const file = join(folder, "quantized.json");
  const artifact = await readJson(file, QuantizedArtifact);
  const { element_bytes } = artifact;
  const resolved = resolveLayers(artifact.network);
  refuseUnsupported(resolved);
  if (artifact.layers.length !== resolved.length) {
    throw new UserError({
      message: `describes ${artifact.layers.length} layers of a network of ${resolved.length}`,
      location: { file },
    }, ExitCode.data);
  }
  const layers: IntegerLayer[] = [];
  for (const [index, layer] of resolved.entries()) {
    const entry = artifact.layers[index]!;
    const item: IntegerLayer = { layer };
    const read = async <T extends NumericArray>(
      name: string | undefined,
      type: { new (length: number): T },
      shape: number[],
    ): Promise<T> => {
      const path = join(folder, name ?? `weights/${layer.name}.npy`);
      const array: NdArray<T> = await readNpy(path, type);
      if (array.shape.join() !== shape.join()) {
        throw new UserError({
          message: `array of layer ${layer.name} has a foreign shape`,
          location: { file: path },
          value: array.shape,
          expected: JSON.stringify(shape),
        }, ExitCode.data);
      }
      return array.data;
    };
    const shape = weightShape(layer);
    if (shape.length > 0) {
      const stored: Codes = element_bytes === 1
        ? await read(entry.weights, Int8Array, shape)
        : await read(entry.weights, Int16Array, shape);
      item.weights = Int16Array.from(stored);
      const least = 1 - 2 ** (8 * element_bytes - 1);
      const below = item.weights.findIndex((code) => code < least);
      if (below >= 0) {
        throw new UserError({
          message: `a weight of layer ${layer.name} is no code: its magnitude has no counterpart`,
          location: { file: join(folder, entry.weights ?? `weights/${layer.name}.npy`) },
          value: `${item.weights[below]} at element ${below}`,
          expected: `from ${least} on`,
        }, ExitCode.data);
      }
      if (layer.bias) item.bias = await read(entry.bias, Int32Array, [layer.output.channels]);
      const input = inputRange(artifact, layers, layer.inputs[0]!);
      const bound = accumulatorBound(
        item.weights,
        layer.output.channels,
        item.bias,
        input.minimum,
        input.maximum,
      );
      if (bound > SUM_LIMIT) {
        throw new UserError({
          message: `sums of layer ${layer.name} can overflow 32 bits`,
          location: { file },
          value: bound,
          expected: `at most ${SUM_LIMIT}`,
        }, ExitCode.data);
      }
    }
    if (entry.multipliers !== undefined) item.multipliers = entry.multipliers;
    if (entry.channel_scales !== undefined) item.scales = entry.channel_scales;
    if (entry.requantisation !== undefined) item.requantisation = entry.requantisation;
    layers.push(item);
  }
  const { input, network } = artifact;
  return {
    artifact,
    network: { name: network.name, inputShape: network.input, element_bytes, input, layers },
  };
}

/** Codes that a map can hold; of a flatten, those of what it reads. */
function inputRange(
  artifact: QuantizedArtifact,
  layers: readonly IntegerLayer[],
  index: number,
): { minimum: number; maximum: number } {
  if (index < 0) return artifact.input;
  const { layer, requantisation } = layers[index]!;
  return requantisation ?? inputRange(artifact, layers, layer.inputs[0]!);
}
