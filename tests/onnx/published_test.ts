/** Somebody else's networks, where they lie beside the checkout: read, and equal to onnxruntime. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { importOnnx } from "../../network/onnx/import.ts";
import { macs, resolveLayers } from "../../network/network.ts";
import { channelsFirst, difference, normals, ourScores, runtimeScores, softmax } from "./tools.ts";

const shared = Deno.env.get("BROWNOUT_SHARED") ??
  resolve(import.meta.dirname!, "../../../shared");

const models = [
  { file: "HAR-CNN.onnx", dims: [9, 128], layers: 7, input: [128, 1, 9] },
  { file: "KWS-DNN_S.onnx", dims: [25, 10], layers: 4, input: [25, 1, 10] },
  { file: "cifar10-cnn.onnx", dims: [3, 32, 32], layers: 7, input: [32, 32, 3] },
  { file: "squeezenet_cifar10.onnx", dims: [3, 32, 32], layers: 16, input: [32, 32, 3] },
];

for (const { file, dims, layers, input } of models) {
  Deno.test(`published model ${file} is read and computes what onnxruntime does`, async () => {
    const bytes = await Deno.readFile(`${shared}/models/${file}`).catch(() => undefined);
    if (bytes === undefined) {
      console.warn(`SKIPPED: no ${file} in ${shared}/models: not tested on published models`);
      return;
    }
    const { network, constants, notes } = importOnnx(bytes, { file });
    const { h, w, channels } = network.input;
    assert.deepEqual([h, w, channels], input);
    assert.equal(network.layers.length, layers);
    assert.ok(resolveLayers(network).reduce((sum, layer) => sum + macs(layer), 0) > 70_000);
    for (const seed of [1, 2, 3]) {
      const x = normals(h * w * channels, seed);
      // KWS reads frame by frame, as we do; the others channel by channel.
      const given = file.startsWith("KWS") ? x : channelsFirst(x, network.input);
      const expected = await runtimeScores(bytes, [1, ...dims], given);
      const scores = ourScores(network, constants, x);
      const ours = notes.join().includes("Softmax") ? softmax(scores) : scores;
      assert.ok(difference(ours, expected) < 1e-4);
    }
  });
}
