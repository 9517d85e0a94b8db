/** The train stage's arrays as a network in floating point. */
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { readNpy } from "../../base/files.ts";
import type { FloatLayer, FloatNetwork } from "../../network/float.ts";
import { refuseUnsupported } from "../../network/integer/inference.ts";
import { type Network, resolveLayers, weightShape } from "../../network/network.ts";

/**
 * Reads `weights/<layer>.kernel.npy` (float32 [M][Kh][Kw][N]) and `weights/<layer>.bias.npy` (float32 [M]).
 * @throws UserError where one is missing, has a foreign shape or holds a value that is not finite
 */
export async function readFloatNetwork(folder: string, network: Network): Promise<FloatNetwork> {
  const resolved = resolveLayers(network);
  refuseUnsupported(resolved);
  const layers: FloatLayer[] = [];
  for (const layer of resolved) {
    const shape = weightShape(layer);
    const item: FloatLayer = { layer };
    if (shape.length > 0) {
      item.weights = await read(join(folder, "weights", `${layer.name}.kernel.npy`), shape);
      if (layer.bias) {
        item.bias = await read(join(folder, "weights", `${layer.name}.bias.npy`), [
          layer.output.channels,
        ]);
      }
    }
    layers.push(item);
  }
  return { name: network.name, inputShape: network.input, layers };
}

async function read(path: string, shape: number[]): Promise<Float32Array> {
  const array = await readNpy(path, Float32Array);
  if (array.shape.join() !== shape.join()) {
    throw new UserError({
      message: "array has a foreign shape",
      location: { file: path },
      value: array.shape,
      expected: JSON.stringify(shape),
    }, ExitCode.data);
  }
  const wrong = array.data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new UserError({
      message: "weights are not finite: training has diverged",
      location: { file: path },
      value: `${array.data[wrong]} at element ${wrong}`,
      help: "Train with a smaller learning rate.",
    }, ExitCode.data);
  }
  return array.data;
}
