/** A network brought as an ONNX file instead of searched for. */
import assert from "node:assert/strict";
import { ExitCode, UserError } from "../../base/errors.ts";
import { readJson, readNpy, writeJson, writeNpy } from "../../base/files.ts";
import { ArchitectureArtifact } from "../../network/artifacts/architecture.ts";
import { AccuracyArtifact, TrainingArtifact } from "../../network/artifacts/training.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { exportOnnx } from "../../network/onnx/export.ts";
import type { StageContext } from "../../pipeline/stage.ts";
import { readImported } from "../../stages/search/imported.ts";
import { stage as search } from "../../stages/search/run.ts";
import { stage as train } from "../../stages/train/run.ts";
import { selectBackend } from "../../training/backend.ts";
import { fit } from "../../training/fit.ts";
import { toConstants } from "../../training/parameters.ts";
import { CLASSES, input, network, options, waves } from "../training/fixture.ts";

const folder = await Deno.makeTempDir();
const root = `${import.meta.dirname}/../..`;
const classes = ["slow", "medium", "fast"];

await selectBackend("wasm");
const trained = await fit({ network, train: waves(200, 1), val: waves(90, 2), options });
const model = `${folder}/waves.onnx`;
await Deno.writeFile(model, exportOnnx(network, toConstants(trained.parameters)));

const sizes = { train: 60, val: 90, test: 90 };
for (const [name, samples] of Object.entries(sizes)) {
  const { x, y } = waves(samples, 2);
  await writeNpy(`${folder}/dataset/${name}.x.npy`, {
    shape: [samples, input.h, input.w, input.channels],
    data: x,
  });
  await writeNpy(`${folder}/dataset/${name}.y.npy`, { shape: [samples], data: y });
}
const split = (samples: number) => ({ samples, per_class: Array(CLASSES).fill(samples / CLASSES) });

async function describe(names: string[]): Promise<void> {
  await writeJson(`${folder}/dataset/dataset.json`, DatasetArtifact, {
    name: "waves",
    title: "Waves under noise",
    input,
    classes: names,
    splits: { train: split(60), val: split(90), test: split(90) },
    split_rule: "generated apart",
    normalisation: { per: "none", mean: [], std: [] },
    provenance: { source: "here", licence: "none", files: [], official: null, cautions: [] },
  });
}

function context(
  stage: typeof search,
  parameters: object,
  output: string,
): StageContext<unknown> & { notes: string[] } {
  const notes: string[] = [];
  return {
    params: stage.parameters.parse({ backend: "wasm", ...parameters }),
    input: (name: string) => `${folder}/${name}`,
    artifactDir: `${folder}/${output}`,
    workDir: `${folder}/work-${output}`,
    root,
    threads: 1,
    progress: { update() {}, note: (text: string) => void notes.push(text), warn() {} },
    signal: new AbortController().signal,
    notes,
  } as unknown as StageContext<unknown> & { notes: string[] };
}

const platforms = [{ profile: "msp430fr5994-fram", capacitance_F: 0.005 }];
const searched = { onnx: model, platforms, space: "har" };

Deno.test("search takes a model instead of searching, and train its weights as they are", async () => {
  await describe(classes);
  await search.run(context(search, searched, "search"));
  const found = await readJson(`${folder}/search/architecture.json`, ArchitectureArtifact);
  assert.equal(found.imported!.file, "waves.onnx");
  assert.match(found.imported!.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(found.network.layers.map(({ type }) => type), [
    "conv",
    "conv",
    "global_avg_pool",
    "fc",
  ]);
  assert.equal(found.val_accuracy, trained.best.val_accuracy);
  assert.ok(found.latency_s > 0);
  const rows = await search.report!(`${folder}/search`);
  assert.match(rows[0]!.join(" "), /waves of waves\.onnx/);

  const kept = context(train, {}, "kept");
  await train.run(kept);
  assert.match(kept.notes.join(), /weights of waves\.onnx are kept/);
  const training = await readJson(`${folder}/kept/training.json`, TrainingArtifact);
  assert.deepEqual([training.epochs.length, training.best_epoch], [0, 0]);
  const accuracy = await readJson(`${folder}/kept/accuracy.json`, AccuracyArtifact);
  assert.equal(accuracy.val.accuracy, trained.best.val_accuracy);
  const first = await readNpy(`${folder}/kept/${training.weights[0]!.file}`, Float32Array);
  assert.deepEqual(first.data, toConstants(trained.parameters).get("conv1")!.weights);

  // What comes out as ONNX is what came in.
  const again = await readImported(root, `${folder}/kept/model.onnx`, input);
  assert.deepEqual(again.constants.get(found.network.layers[0]!.name)!.weights, first.data);
});

Deno.test("train goes on from imported weights where it is asked to, or forgets them", async () => {
  await describe(classes);
  await search.run(context(search, searched, "search"));
  const losses = async (imported: string) => {
    const output = `trained-${imported}`;
    await train.run(context(train, { ...options, epochs: 1, imported }, output));
    return (await readJson(`${folder}/${output}/training.json`, TrainingArtifact)).epochs[0]!.loss;
  };
  const [further, anew] = [await losses("fine-tune"), await losses("retrain")];
  assert.ok(further < anew - 0.2, `${further} after what was learnt, ${anew} without`);
});

Deno.test("train prepares weights for integers, and scores the network before and rounded", async () => {
  await describe(classes);
  await search.run(context(search, searched, "search"));
  const quantisation_aware = { element_bytes: 1, per_channel: true, epochs: 2 };
  await train.run(context(train, { quantisation_aware }, "aware"));
  const { quantisation_aware: how } = await readJson(
    `${folder}/aware/training.json`,
    TrainingArtifact,
  );
  assert.equal(how!.epochs.length, 2);
  assert.equal(how!.activation_bits, 8);
  assert.ok(how!.input_range > 1);
  assert.equal(how!.ranges.length, network.layers.length);
  const { quantisation_aware: scores } = await readJson(
    `${folder}/aware/accuracy.json`,
    AccuracyArtifact,
  );
  assert.equal(scores!.before.val.accuracy, trained.best.val_accuracy);
  const { accuracy } = scores!.rounded.val;
  if (how!.best_epoch > 0) assert.equal(accuracy, how!.epochs[how!.best_epoch - 1]!.val_accuracy);
  // Rounding alone is a candidate, too: no epoch can be better than what is kept.
  for (const { val_accuracy } of how!.epochs) assert.ok(val_accuracy <= accuracy);
  const rows = await train.report!(`${folder}/aware`);
  assert.match(rows.map((row) => row.join(" ")).join("\n"), /prepared for 8 bits test/);
});

Deno.test("search refuses a model that does not fit the data, the board, or is not there", async () => {
  await describe(["one", "two"]);
  const fails = (parameters: object, exitCode: number, message: RegExp) =>
    assert.rejects(
      search.run(context(search, { ...searched, ...parameters }, "refused")),
      (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.exitCode, exitCode);
        assert.match(error.message, message);
        return true;
      },
    );
  await fails({}, ExitCode.data, /tells 3 classes apart, the data set has 2/);
  await describe(classes);
  const tiny = [{ ...platforms[0], capacitance_F: 0.0001 }];
  await fails({ platforms: tiny }, ExitCode.infeasible, /no safe design on msp430fr5994-fram/);

  const refused = async (file: string, message: RegExp, shape = input) => {
    await assert.rejects(readImported(root, file, shape), message);
  };
  await refused(`${folder}/absent.onnx`, /absent\.onnx: cannot be read[\s\S]*search\.onnx/);
  await refused(model, /another shape than the data set has/, { h: 17, w: 1, channels: 2 });
  const params = search.parameters.parse({ ...searched, onnx: `${folder}/absent.onnx` });
  await assert.rejects(async () => await search.preflight!({ params, root }), /cannot be read/);
});

Deno.test("search has the model's content in its key", async () => {
  const key = (onnx: string | null) =>
    search.fingerprint!({ params: search.parameters.parse({ ...searched, onnx }), root });
  const copy = `${folder}/copy.onnx`;
  await Deno.copyFile(model, copy);
  assert.deepEqual(await key(copy), await key(model));
  const bytes = await Deno.readFile(copy);
  bytes[bytes.length >> 1]! ^= 1;
  await Deno.writeFile(copy, bytes);
  assert.notDeepEqual(await key(copy), await key(model));
  assert.equal((await key(null))["onnx"], undefined);
});
