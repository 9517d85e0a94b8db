import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type RawDataset, SPLITS } from "../../datasets/dataset.ts";
import { generateMotion } from "../../datasets/motion.ts";
import { fitNormalisation, normalise } from "../../datasets/normalisation.ts";
import { macs, resolveLayers } from "../../network/network.ts";
import { buildNetwork } from "../../network/space.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import { selectBackend } from "../../training/backend.ts";
import { toTensors } from "../../training/backward.ts";
import { evaluate } from "../../training/evaluate.ts";
import { fit } from "../../training/fit.ts";
import { buildGraph } from "../../training/forward.ts";
import { fitLinear } from "./linear_model.ts";

function digest(dataset: RawDataset): string {
  const hash = createHash("sha256");
  for (const split of SPLITS) {
    const { x, y } = dataset.splits[split];
    hash.update(new Uint8Array(x.buffer)).update(new Uint8Array(y.buffer));
  }
  return hash.digest("hex");
}

function normalised(dataset: RawDataset) {
  const rule = fitNormalisation(dataset, "channel");
  const of = (split: typeof SPLITS[number]) => ({
    input: dataset.input,
    x: normalise(dataset.splits[split], rule),
    y: dataset.splits[split].y,
    samples: dataset.splits[split].y.length,
  });
  return { train: of("train"), val: of("val"), test: of("test") };
}

Deno.test("generateMotion() gives the same bytes for a seed, and others for another seed", () => {
  assert.equal(
    digest(generateMotion(1)),
    "127a6827a32f87123613552bdb9ce2543883c0c73cda54efebba322e71e6e868",
  );
  assert.equal(digest(generateMotion(5)), digest(generateMotion(5)));
  assert.notEqual(digest(generateMotion(5)), digest(generateMotion(1)));
});

Deno.test("generateMotion() balances classes in every split and gives finite values", () => {
  const { splits, classes, input } = generateMotion(1);
  for (const split of SPLITS) {
    const { x, y } = splits[split];
    const counts = classes.map((_, label) => y.filter((found) => found === label).length);
    assert.deepEqual(counts, classes.map(() => y.length / classes.length));
    assert.equal(x.length, y.length * input.h * input.w * input.channels);
    assert.ok(x.every(Number.isFinite));
  }
});

Deno.test("generateMotion() repeats no window, in a split or across splits", () => {
  const { splits, input } = generateMotion(1);
  const size = input.h * input.w * input.channels;
  const seen = new Set<string>();
  let windows = 0;
  for (const split of SPLITS) {
    const { x, y } = splits[split];
    windows += y.length;
    for (let i = 0; i < y.length; i++) {
      const bytes = new Uint8Array(x.buffer, x.byteOffset + i * size * 4, size * 4);
      seen.add(createHash("sha1").update(bytes).digest("hex"));
    }
  }
  assert.equal(seen.size, windows);
});

Deno.test("fitLinear() stays under 75 % on the test split of motion, regularised or not", () => {
  const { train, test } = normalised(generateMotion(1));
  for (const l2 of [0, 0.01, 0.1]) {
    const scores = fitLinear(train, test, 6, { l2, steps: 200, rate: 0.01 });
    console.log(`  l2 ${l2}: train ${scores.train.toFixed(3)} test ${scores.best_test.toFixed(3)}`);
    assert.ok(scores.best_test < 0.75, `linear model reaches ${scores.best_test}`);
    // Better than chance by far: it is trained, and still fails.
    assert.ok(scores.train > 0.55, `linear model is not trained: ${scores.train}`);
  }
});

Deno.test("fitLinear() passes 75 % where classes have templates", () => {
  const { train, test } = normalised(generateMotion(1));
  const shifted = ({ x, y }: typeof train) => ({
    x: x.map((value, i) => i % 288 === y[Math.floor(i / 288)] ? value + 6 : value),
    y,
  });
  const scores = fitLinear(shifted(train), shifted(test), 6, { l2: 0.01, steps: 100, rate: 0.01 });
  assert.ok(scores.best_test > 0.9, `linear model reaches only ${scores.best_test}`);
});

Deno.test("fit() takes a network of the conv1d space over 90 % on the test split of motion", async () => {
  await selectBackend("wasm");
  const { train, val, test } = normalised(generateMotion(1));
  const network = buildNetwork(
    {
      type: "conv",
      dimensions: 1,
      layers: 3,
      kernels: [1, 3, 5, 7],
      channels: [4, 8, 16, 24],
      bias: true,
    },
    [2, 1, 2, 2, 1, 2],
    train.input,
    6,
  );
  const total = resolveLayers(network).reduce((sum, layer) => sum + macs(layer), 0);
  assert.ok(total < 150_000, `${total} MACs`);
  const { parameters } = await fit({
    network,
    train,
    val,
    options: FitParameters.parse({ epochs: 12 }),
  });
  const { accuracy } = await evaluate(buildGraph(network, parameters), toTensors(parameters), test);
  console.log(`  ${network.name}: ${total} MACs, test ${accuracy.toFixed(3)}`);
  assert.ok(accuracy > 0.92, `network reaches only ${accuracy}`);
});
