import assert from "node:assert/strict";
import { ExitCode, UserError } from "../../base/errors.ts";
import { registry } from "../../cli/registry.ts";
import { datasetLoader, datasetNames } from "../../datasets/registry.ts";
import { loadConfiguration } from "../../pipeline/config.ts";
import { optionOverride } from "../../pipeline/overrides.ts";
import { checkRaw } from "../../stages/dataset/check_raw.ts";
import { describe, stage } from "../../stages/dataset/run.ts";
import { DatasetParameters } from "../../stages/dataset/schema.ts";

const pipeline = new URL("../../pipeline.yaml", import.meta.url);

Deno.test("pipeline.yaml takes every data set by name, and hands it the data folder", async () => {
  const text = await Deno.readTextFile(pipeline);
  for (const name of datasetNames) {
    const configuration = loadConfiguration(text, "pipeline.yaml", registry, [
      optionOverride(`--dataset ${name}`, ["params", "dataset"], name),
      optionOverride("--data-dir /data", ["params", "data_dir"], "/data"),
    ]);
    const { parameters } = configuration.stages.find(({ name }) => name === "dataset")!;
    const reads = datasetLoader(name).descriptor.reads_data_dir;
    assert.equal((parameters as { data_dir?: string }).data_dir, reads ? "/data" : undefined);
  }
});

Deno.test("dataset stage's own section is refused by line and nearest name", () => {
  const check = (lines: string) =>
    loadConfiguration(
      `version: 1\nparams: { dataset: own }\nstages:\n  dataset:\n    with:\n      name: own\n${lines}`,
      "pipeline.yaml",
      { stages: [stage], sections: {} },
    );
  check("      own: { format: images, size: { h: 8, w: 8 } }\n");
  assert.throws(
    () => check("      own:\n        format: csv\n        windows: 3\n"),
    /pipeline\.yaml:9:9[\s\S]*did you mean: window/,
  );
  assert.throws(() => check("      own:\n        format: cvs\n"), /pipeline\.yaml:8:17/);
  assert.throws(() => check("      own:\n        format: csv\n        window: 0\n"), /:9:17/);
});

Deno.test("dataset stage's parameters keep the settings of the chosen set only", () => {
  const parse = (value: unknown) => DatasetParameters.parse(value);
  const own = { format: "csv", window: 4 };
  assert.deepEqual(parse({ name: "har", own, kws: { copies: 3 } }), { name: "har", seed: 1 });
  assert.equal(parse({ name: "kws", kws: { copies: 3 } }).kws?.copies, 3);
  // What is left out has its default in the cache key, as what is written.
  assert.deepEqual(parse({ name: "kws" }), parse({ name: "kws", kws: { features: "25x10" } }));
});

Deno.test("describe() takes a given normalisation, one number or one per channel", () => {
  const split = { x: Float32Array.of(1, 2, 3, 4), y: Int32Array.of(0, 1) };
  const raw = {
    input: { h: 1, w: 1, channels: 2 },
    classes: ["a", "b"],
    splits: { train: split, val: split, test: split },
    split_rule: "",
    provenance: { files: [], official: null, cautions: [] },
  };
  const given = (normalise: object) =>
    describe(
      raw,
      "own",
      DatasetParameters.parse({ name: "own", own: { format: "npy" }, normalise }).normalise,
    )
      .normalisation;
  assert.deepEqual(given({ std: 255 }), { per: "channel", mean: [0, 0], std: [255, 255] });
  assert.deepEqual(given({ mean: [1, 2] }), { per: "channel", mean: [1, 2], std: [1, 1] });
  assert.throws(() => given({ mean: [1, 2, 3] }), /one number, or one per channel[\s\S]*2 numbers/);
  assert.deepEqual(describe(raw, "own").normalisation.mean, [2, 3]);
});

Deno.test("describe() takes the axes that a loader or the user names, if the channels are there", () => {
  const split = { x: new Float32Array(12), y: Int32Array.of(0, 1) };
  const raw = {
    input: { h: 1, w: 1, channels: 6 },
    classes: ["a", "b"],
    splits: { train: split, val: split, test: split },
    split_rule: "",
    provenance: { files: [], official: null, cautions: [] },
  };
  assert.deepEqual(describe(raw, "motion").axes, [[0, 1, 2], [3, 4, 5]]);
  assert.equal(describe(raw, "own").axes, undefined);
  assert.deepEqual(describe({ ...raw, axes: [[5, 1, 0]] }, "own").axes, [[5, 1, 0]]);
  for (const axes of [[[0, 1, 6]], [[0, 1, 2], [2, 3, 4]]] as [number, number, number][][]) {
    assert.throws(() => describe({ ...raw, axes }, "own"), /own\.axes[\s\S]*0 to 5/);
  }
});

Deno.test("checkRaw() refuses empty splits, values that are no numbers and labels that are no class", () => {
  const split = (x: number[], y: number[]) => ({
    x: Float32Array.from(x),
    y: Int32Array.from(y),
  });
  const raw = (test: ReturnType<typeof split>) => ({
    input: { h: 1, w: 1, channels: 2 },
    classes: ["a", "b"],
    splits: { train: split([1, 2], [0]), val: split([1, 2], [1]), test },
    split_rule: "",
    provenance: { files: [], official: null, cautions: [] },
  });
  checkRaw(raw(split([1, 2], [0])), "own");
  for (
    const [bad, wanted] of [
      [split([], []), /own: there are no test samples/],
      [split([1, NaN], [0]), /test sample 0 holds no number/],
      [split([1, 2], [2]), /test has a label that is no class/],
      [split([1], [0]), /another number of values/],
    ] as const
  ) {
    assert.throws(() => checkRaw(raw(bad), "own"), (error) => {
      assert.ok(error instanceof UserError && error.exitCode === ExitCode.data);
      assert.match(error.message, wanted);
      return true;
    });
  }
});

Deno.test("every descriptor says licence, source and, where it downloads, a checksum", () => {
  for (const name of datasetNames) {
    const { licence, source, files } = datasetLoader(name).descriptor;
    assert.ok(licence.length > 3 && source.length > 3, name);
    for (const { url, checksum: { algorithm, hex } } of files) {
      assert.match(url, /^https:\/\//);
      assert.match(hex, algorithm === "md5" ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{64}$/);
    }
  }
});
