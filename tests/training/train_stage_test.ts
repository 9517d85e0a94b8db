import assert from "node:assert/strict";
import { ExitCode, UserError } from "../../base/errors.ts";
import { readJson, readNpy, writeJson, writeNpy } from "../../base/files.ts";
import { ArchitectureArtifact } from "../../network/artifacts/architecture.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { AccuracyArtifact, TrainingArtifact } from "../../network/artifacts/training.ts";
import type { StageContext } from "../../pipeline/stage.ts";
import { backendNames, chooseBackend } from "../../training/backend_choice.ts";
import { classScores } from "../../stages/train/class_scores.ts";
import { stage } from "../../stages/train/run.ts";
import { CLASSES, input, network, waves } from "./fixture.ts";

const inputs = await Deno.makeTempDir();
const classes = ["slow", "medium", "fast"];
const sizes = { train: 150, val: 60, test: 90 };

for (const [split, samples] of Object.entries(sizes)) {
  const { x, y } = waves(samples, samples);
  await writeNpy(`${inputs}/dataset/${split}.x.npy`, {
    shape: [samples, input.h, input.w, input.channels],
    data: x,
  });
  await writeNpy(`${inputs}/dataset/${split}.y.npy`, { shape: [samples], data: y });
}
const split = (samples: number) => ({ samples, per_class: Array(CLASSES).fill(samples / CLASSES) });
await writeJson(`${inputs}/dataset/dataset.json`, DatasetArtifact, {
  name: "waves",
  title: "Waves under noise",
  input,
  classes,
  splits: { train: split(sizes.train), val: split(sizes.val), test: split(sizes.test) },
  split_rule: "generated apart",
  normalisation: { per: "none", mean: [], std: [] },
  provenance: { source: "here", licence: "none", files: [], official: null, cautions: ["made up"] },
});
await writeJson(`${inputs}/search/architecture.json`, ArchitectureArtifact, {
  network,
  classes,
  rule: "given",
  trial: 0,
  val_accuracy: 0.5,
  platform: "board",
  latency_s: 1,
  requirement_s: null,
});

async function run(
  options: { workDir?: string; stopAfter?: number; params?: object } = {},
): Promise<string> {
  const artifactDir = await Deno.makeTempDir();
  const stop = new AbortController();
  await stage.run({
    params: stage.parameters.parse({
      epochs: 8,
      batch_size: 32,
      seed: 2,
      backend: "wasm",
      ...options.params,
    }),
    input: (name) => `${inputs}/${name}`,
    artifactDir,
    workDir: options.workDir ?? await Deno.makeTempDir(),
    root: `${import.meta.dirname}/../..`,
    threads: 1,
    progress: {
      update: (_, fraction) => {
        if (fraction! > (options.stopAfter ?? Infinity)) stop.abort(new Error("stopped"));
      },
      note() {},
      warn() {},
    },
    signal: stop.signal,
  } as StageContext<unknown>);
  return artifactDir;
}

async function bytesOf(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const below of ["", "model/", "weights/"]) {
    for await (const { name, isFile } of Deno.readDir(`${folder}/${below}`)) {
      if (isFile) {
        files.set(below + name, (await Deno.readFile(`${folder}/${below}${name}`)).join());
      }
    }
  }
  return new Map([...files].sort());
}

const first = await run();

Deno.test("stage train leaves weights, model, history and scores", async () => {
  const training = await readJson(`${first}/training.json`, TrainingArtifact);
  const accuracy = await readJson(`${first}/accuracy.json`, AccuracyArtifact);
  assert.equal(training.backend.name, "wasm");
  assert.equal(training.epochs.length, 8);
  for (const { file, shape } of training.weights) {
    assert.deepEqual((await readNpy(`${first}/${file}`, Float32Array)).shape, shape);
  }
  assert.deepEqual(training.weights[0]!.shape, [4, 5, 1, 2]);
  assert.equal(accuracy.test.samples, sizes.test);
  assert.deepEqual(accuracy.cautions, ["made up"]);
  const rows = await stage.report!(first);
  assert.deepEqual(rows.map(([label]) => label), ["network", "float accuracy", "training"]);
});

Deno.test("stage train gives the same bytes again, and after a stop", async () => {
  const reference = await bytesOf(first);
  assert.deepEqual(await bytesOf(await run()), reference);
  const workDir = await Deno.makeTempDir();
  await assert.rejects(run({ workDir, stopAfter: 0 }), /stopped/);
  assert.deepEqual(await bytesOf(await run({ workDir })), reference);
  assert.notDeepEqual(await bytesOf(await run({ params: { seed: 3 } })), reference);
});

Deno.test("stage train refuses before anything runs a backend that is not there", async () => {
  const absent: string[] = [];
  for (const name of backendNames) {
    await chooseBackend(name).catch(() => absent.push(name));
  }
  for (const backend of absent) {
    const params = stage.parameters.parse({ backend });
    const problems = await stage.preflight!({ params, root: "" });
    assert.ok(problems[0]!.message.includes(`${backend} cannot be used`));
  }
  assert.deepEqual(await stage.preflight!({ params: stage.parameters.parse({}), root: "" }), []);
});

Deno.test("stage train has the backend in its key", async () => {
  const params = stage.parameters.parse({ backend: "wasm" });
  assert.deepEqual(await stage.fingerprint!({ params, root: "" }), { training_backend: "wasm" });
});

Deno.test("stage train names the file whose shape does not fit", async () => {
  const file = `${inputs}/dataset/val.y.npy`;
  const good = await Deno.readFile(file);
  await writeNpy(file, { shape: [7], data: new Int32Array(7) });
  try {
    await assert.rejects(run(), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exitCode, ExitCode.data);
      assert.match(error.message, /val\.x\.npy/);
      return true;
    });
  } finally {
    await Deno.writeFile(file, good);
  }
});

Deno.test("classScores() leaves open what has no samples", () => {
  const scores = classScores(["a", "b", "c"], [[3, 1, 0], [0, 0, 0], [2, 0, 0]]);
  assert.deepEqual(scores, [
    { class: "a", samples: 4, recall: 0.75, precision: 0.6 },
    { class: "b", samples: 0, recall: null, precision: 0 },
    { class: "c", samples: 2, recall: 0, precision: null },
  ]);
});
