import assert from "node:assert/strict";
import { FitParameters } from "../../network/artifacts/training.ts";
import { buildNetwork, decisions, SearchSpace, spaceSize } from "../../network/space.ts";
import { indicesOf } from "../../stages/search/sampler.ts";
import { inheritedLosses, SharedWeights, trainSupernet } from "../../stages/search/supernet.ts";
import { selectBackend } from "../../training/backend.ts";
import { readSplit } from "../../training/data.ts";
import { input, writeDataset } from "./fixture.ts";

const space = SearchSpace.parse({
  type: "blocks",
  dimensions: 1,
  stages: [
    { block: ["conv", "separable"], kernel: [1, 3], channels: [4, 6] },
    { depth: [1, 2], kernel: 3, channels: [4, 8], residual: ["none", "add"] },
  ],
});
const radices = decisions(space).map(({ choices }) => choices.length);
const networks = Array.from({ length: spaceSize(space) }, (_, i) => indicesOf(i, radices))
  .flatMap((indices) => {
    try {
      return [buildNetwork(space, indices, input, 3)];
    } catch {
      return [];
    }
  });

Deno.test("SharedWeights.view() takes first channels and the middle of kernels, scaled by fan-in", () => {
  const shared = new SharedWeights(networks, 1);
  const wide = shared.parameters.find(({ layer, kind }) =>
    layer === "s1b1conv" && kind === "kernel"
  )!;
  assert.deepEqual(wide.shape, [3, 1, 2, 6]);
  const small = networks.find(({ name }) => name.startsWith("blocks-c1x4-"))!;
  const view = shared.view(small).find(({ layer }) => layer === "s1b1conv")!;
  assert.deepEqual(view.shape, [1, 1, 2, 4]);
  // Fan-in 6 against 2; the middle row starts behind 1 x 2 x 6 values.
  for (let n = 0; n < 2; n++) {
    for (let m = 0; m < 4; m++) {
      const expected = Math.sqrt(3) * wide.data[12 + 6 * n + m]!;
      assert.ok(Math.abs(view.data[4 * n + m]! - expected) < 1e-6);
    }
  }
});

Deno.test("SharedWeights.addGradients() is the transpose of view()", () => {
  const shared = new SharedWeights(networks, 1);
  for (const network of networks.filter((_, i) => i % 7 === 0)) {
    // <view(w), g> = <w, addGradients(g)> for any g.
    const view = shared.view(network);
    const gradients = view.map(({ data }, k) => data.map((_, i) => Math.sin(i + 3 * k)));
    const into = shared.parameters.map(({ data }) => new Float32Array(data.length));
    shared.addGradients(network, gradients, 1, into);
    const dot = (a: readonly Float32Array[], b: readonly Float32Array[]) =>
      a.reduce((sum, array, k) => sum + array.reduce((s, v, i) => s + v * b[k]![i]!, 0), 0);
    const one = dot(view.map(({ data }) => data), gradients);
    const other = dot(shared.parameters.map(({ data }) => data), into);
    assert.ok(
      Math.abs(one - other) < 1e-4 * (1 + Math.abs(one)),
      `${network.name}: ${one} ${other}`,
    );
  }
});

Deno.test("trainSupernet() learns, and ranks a network that sees more above one that sees less", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeDataset(folder);
    await selectBackend("wasm");
    const train = await readSplit(folder, "train", input);
    const val = await readSplit(folder, "val", input);
    const options = FitParameters.parse({ epochs: 12, batch_size: 16, learning_rate: 0.02 });
    const request = { networks, train, val, options, sampling: "sandwich" as const, per_step: 3 };
    const supernet = await trainSupernet(request);
    assert.ok(supernet.epochs.at(-1)!.val_accuracy > 0.6, "better than a third of three classes");
    const losses = await inheritedLosses({ supernet, networks, val, seed: 1, closely: 8 });
    const mean = (pick: (name: string) => boolean) => {
      const some = networks.flatMap(({ name }, i) => pick(name) ? [losses[i]!] : []);
      return some.reduce((sum, loss) => sum + loss, 0) / some.length;
    };
    // Kernels of 1 in front leave a reach of 3 rows, or 5, where others have 5 or 7.
    assert.ok(mean((name) => name.includes("3x6")) < mean((name) => name.includes("1x4")));
    const again = await trainSupernet(request);
    assert.deepEqual(again.epochs, supernet.epochs);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
