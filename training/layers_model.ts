/** A trained network as a TensorFlow.js layers model: what other tools open. */
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { canonicalJson, writeWhole } from "../base/files.ts";
import { type Network, type ResolvedLayer, resolveLayers } from "../network/network.ts";
import { isPadded, isPool } from "./forward.ts";
import type { Parameter } from "./parameters.ts";

/**
 * Why there is no layers model of a network, or undefined where there is one: its pools know no padding
 * of their own, and zeros around a map are neither left out of a mean nor below negative values.
 */
export function noLayersModel(network: Network): string | undefined {
  const layer = resolveLayers(network).find((one) => isPool(one) && isPadded(one));
  return layer && `${layer.name} is a padded ${layer.type}, for which TensorFlow.js has no layer`;
}

/** Builds the layers model with these weights; its output is the class scores before softmax. */
export function toLayersModel(
  network: Network,
  parameters: readonly Parameter[],
): layers.LayersModel {
  const { h, w, channels } = network.input;
  const input = layers.input({ shape: [h, w, channels], name: "input" });
  const maps: layers.SymbolicTensor[] = [];
  for (const layer of resolveLayers(network)) {
    const inputs = layer.inputs.map((i) => (i < 0 ? input : maps[i]!));
    maps.push(applyLayer(layer, inputs));
  }
  const model = layers.model({ inputs: input, outputs: maps.at(-1)!, name: "network" });
  for (const layer of resolveLayers(network)) {
    const weights = parameters.filter((parameter) => parameter.layer === layer.name).map(
      ({ data, shape, kind }) =>
        layer.type === "fc" && kind === "kernel"
          ? tf.tensor(data, [data.length / layer.output.channels, layer.output.channels])
          : tf.tensor(data, [...shape]),
    );
    if (weights.length > 0) model.getLayer(layer.name).setWeights(weights);
    tf.dispose(weights);
  }
  return model;
}

function applyLayer(layer: ResolvedLayer, inputs: layers.SymbolicTensor[]): layers.SymbolicTensor {
  const { name } = layer;
  const activation = layer.activation === "relu" ? "relu" as const : "linear" as const;
  const single = inputs[0]!;
  const apply = (l: layers.layers.Layer, x: layers.SymbolicTensor | layers.SymbolicTensor[]) =>
    l.apply(x) as layers.SymbolicTensor;
  const strides: [number, number] = [layer.stride.h, layer.stride.w];
  const window: [number, number] = [layer.kernel.h, layer.kernel.w];
  const activated = (map: layers.SymbolicTensor) =>
    activation === "linear"
      ? map
      : apply(layers.layers.activation({ activation, name: `${name}_activation` }), map);
  switch (layer.type) {
    case "conv":
      return apply(
        layers.layers.conv2d({
          name,
          filters: layer.output.channels,
          kernelSize: window,
          strides,
          padding: "valid",
          activation,
          useBias: layer.bias,
        }),
        pad(layer, single),
      );
    case "depthwise_conv":
      return apply(
        layers.layers.depthwiseConv2d({
          name,
          kernelSize: window,
          strides,
          padding: "valid",
          activation,
          useBias: layer.bias,
        }),
        pad(layer, single),
      );
    case "fc":
      return apply(
        layers.layers.dense({
          name,
          units: layer.output.channels,
          activation,
          useBias: layer.bias,
        }),
        flat(`${name}_flat`, single),
      );
    case "max_pool":
      return activated(
        apply(layers.layers.maxPooling2d({ name, poolSize: window, strides }), pad(layer, single)),
      );
    case "avg_pool":
      return activated(
        apply(
          layers.layers.averagePooling2d({ name, poolSize: window, strides }),
          pad(layer, single),
        ),
      );
    case "global_avg_pool":
      return activated(
        apply(
          layers.layers.reshape({
            name: `${name}_map`,
            targetShape: [1, 1, layer.output.channels],
          }),
          apply(layers.layers.globalAveragePooling2d({ name }), single),
        ),
      );
    case "add":
      return activated(apply(layers.layers.add({ name }), inputs));
    case "concat":
      return activated(apply(layers.layers.concatenate({ name, axis: -1 }), inputs));
    case "flatten":
      return activated(
        apply(
          layers.layers.reshape({ name, targetShape: [1, 1, layer.output.channels] }),
          single,
        ),
      );
  }
}

function flat(name: string, map: layers.SymbolicTensor): layers.SymbolicTensor {
  return map.shape.length === 2
    ? map
    : layers.layers.flatten({ name }).apply(map) as layers.SymbolicTensor;
}

function pad(layer: ResolvedLayer, map: layers.SymbolicTensor): layers.SymbolicTensor {
  const { top, bottom, left, right } = layer.padding;
  if (top + bottom + left + right === 0) return map;
  return layers.layers.zeroPadding2d({
    name: `${layer.name}_padding`,
    padding: [[top, bottom], [left, right]],
  }).apply(map) as layers.SymbolicTensor;
}

/** Writes `model.json` and `weights.bin` into `folder`; equal models give equal bytes. */
export async function writeLayersModel(folder: string, model: layers.LayersModel): Promise<void> {
  await model.save(tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    const bytes = tf.io.CompositeArrayBuffer.join(weightData);
    await writeWhole(`${folder}/weights.bin`, new Uint8Array(bytes));
    await writeWhole(
      `${folder}/model.json`,
      canonicalJson({
        format: "layers-model",
        generatedBy: `TensorFlow.js tfjs-layers v${layers.version_layers}`,
        convertedBy: null,
        modelTopology,
        weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }],
      }),
    );
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
  }));
}

/** Opens what {@link writeLayersModel} wrote. */
export async function readLayersModel(folder: string): Promise<layers.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(
    await Deno.readTextFile(`${folder}/model.json`),
  );
  const { buffer } = await Deno.readFile(`${folder}/weights.bin`);
  return await layers.loadLayersModel(tf.io.fromMemory({
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    weightData: buffer,
  }));
}
