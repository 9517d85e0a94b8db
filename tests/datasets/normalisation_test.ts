import assert from "node:assert/strict";
import fc from "fast-check";
import type { RawDataset, RawSplit } from "../../datasets/dataset.ts";
import { fitNormalisation, normalise } from "../../datasets/normalisation.ts";

function split(values: readonly number[], samples: number): RawSplit {
  return { x: Float32Array.from(values), y: new Int32Array(samples) };
}

function dataset(train: RawSplit, test: RawSplit, val: RawSplit = test): RawDataset {
  return {
    input: { h: 2, w: 1, channels: 2 },
    classes: ["a", "b"],
    splits: { train, val, test },
    split_rule: "",
    provenance: { files: [], official: null, cautions: [] },
  };
}

const windows = fc.integer({ min: 1, max: 20 }).chain((samples) =>
  fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), {
    minLength: samples * 4,
    maxLength: samples * 4,
  }).map((values) => split(values, samples))
);

Deno.test("fitNormalisation() knows nothing of the validation and test splits", () => {
  fc.assert(fc.property(windows, windows, windows, (train, test, other) => {
    for (const per of ["channel", "element"] as const) {
      assert.deepEqual(
        fitNormalisation(dataset(train, test), per),
        fitNormalisation(dataset(train, other, train), per),
      );
    }
  }));
});

Deno.test("fitNormalisation() sees every training value", () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8];
  const test = split(values, 2);
  const before = fitNormalisation(dataset(split(values, 2), test), "channel");
  for (const position of values.keys()) {
    const changed = values.with(position, 100);
    assert.notDeepEqual(fitNormalisation(dataset(split(changed, 2), test), "channel"), before);
  }
});

Deno.test("normalise() gives training channels mean 0 and deviation 1", () => {
  const train = split([1, 10, 3, 30, 5, 50, 7, 70], 2);
  const rule = fitNormalisation(dataset(train, train), "channel");
  assert.deepEqual(rule.mean, [4, 40]);
  const x = normalise(train, rule);
  for (const channel of [0, 1]) {
    const values = [...x].filter((_, i) => i % 2 === channel);
    const mean = values.reduce((a, b) => a + b) / values.length;
    assert.ok(Math.abs(mean) < 1e-6);
    const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
    assert.ok(Math.abs(variance - 1) < 1e-6);
  }
});

Deno.test("normalise() only shifts a channel that never changes", () => {
  const train = split([3, 1, 3, 2, 3, 3, 3, 4], 2);
  const rule = fitNormalisation(dataset(train, train), "channel");
  assert.equal(rule.std[0], 1);
  assert.ok(normalise(train, rule).every(Number.isFinite));
});
