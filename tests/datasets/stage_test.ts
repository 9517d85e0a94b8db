import assert from "node:assert/strict";
import { ExitCode, UserError } from "../../base/errors.ts";
import { readJson, readNpy } from "../../base/files.ts";
import { datasetLoader, datasetNames } from "../../datasets/registry.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { loadConfiguration } from "../../pipeline/config.ts";
import { digestFolder } from "../../pipeline/digest.ts";
import { contentHash } from "../../stages/dataset/content_hash.ts";
import { stage } from "../../stages/dataset/run.ts";
import { readSplit } from "../../training/data.ts";
import { inTemporaryFolder, layout, writeFiles, zip } from "./har_layout.ts";

async function run(params: Record<string, unknown>, folder: string, threads = 1) {
  const artifactDir = `${folder}/artifact`;
  await Deno.mkdir(artifactDir, { recursive: true });
  await stage.run({
    params: stage.parameters.parse(params),
    input: () => assert.fail("the dataset stage reads no other stage"),
    artifactDir,
    workDir: `${folder}/work`,
    root: folder,
    threads,
    progress: { update() {}, note() {}, warn() {} },
    signal: new AbortController().signal,
  });
  return artifactDir;
}

Deno.test("dataset stage writes what later stages read, the same bytes every time", () =>
  inTemporaryFolder(async (folder) => {
    const first = await run({ name: "motion", seed: 3 }, `${folder}/1`);
    const second = await run({ name: "motion", seed: 3 }, `${folder}/2`, 8);
    assert.deepEqual(await digestFolder(first), await digestFolder(second));
    const other = await run({ name: "motion", seed: 4 }, `${folder}/3`);
    assert.notDeepEqual(await digestFolder(first), await digestFolder(other));

    const artifact = await readJson(`${first}/dataset.json`, DatasetArtifact);
    for (const split of ["train", "val", "test"] as const) {
      const { samples, y } = await readSplit(first, split, artifact.input);
      assert.equal(samples, artifact.splits[split].samples);
      const counts = artifact.classes.map((_, label) => y.filter((v) => v === label).length);
      assert.deepEqual(counts, artifact.splits[split].per_class);
    }
    const { data } = await readNpy(`${first}/train.x.npy`, Float32Array);
    for (let channel = 0; channel < 6; channel++) {
      const values = data.filter((_, i) => i % 6 === channel);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
      assert.ok(Math.abs(mean) < 1e-3 && Math.abs(variance - 1) < 1e-3, `${mean} ${variance}`);
    }
  }));

Deno.test("dataset stage normalises har without looking at the test windows", () =>
  inTemporaryFolder(async (folder) => {
    const files = layout();
    await writeFiles(`${folder}/a`, files);
    for (const [name, bytes] of files) {
      if (!name.startsWith("test/Inertial")) continue;
      const text = new TextDecoder().decode(bytes).replaceAll("e-001", "e+003");
      files.set(name, new TextEncoder().encode(text));
    }
    await writeFiles(`${folder}/b`, files);
    const read = async (name: string) => {
      const dir = await run(
        { name: "har", data_dir: `${folder}/${name}` },
        `${folder}/out-${name}`,
      );
      return {
        json: await readJson(`${dir}/dataset.json`, DatasetArtifact),
        digests: await digestFolder(dir),
      };
    };
    const [a, b] = [await read("a"), await read("b")];
    assert.deepEqual(a.json.normalisation, b.json.normalisation);
    assert.equal(a.digests["train.x.npy"], b.digests["train.x.npy"]);
    assert.equal(a.digests["val.x.npy"], b.digests["val.x.npy"]);
    assert.notEqual(a.digests["test.x.npy"], b.digests["test.x.npy"]);
  }));

Deno.test("dataset stage makes the same artifact of folder and zip, and names no place in it", () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles(`${folder}/a`, layout());
    await Deno.writeFile(`${folder}/b.zip`, await zip(layout()));
    const a = await run({ name: "har", data_dir: "../a" }, `${folder}/1`);
    const b = await run({ name: "har", data_dir: "../b.zip" }, `${folder}/2`);
    assert.deepEqual(await digestFolder(a), await digestFolder(b));
    assert.ok(!(await Deno.readTextFile(`${a}/dataset.json`)).includes(folder));
  }));

Deno.test("dataset stage refuses data that is missing before anything runs", () =>
  inTemporaryFolder(async (folder) => {
    const params = stage.parameters.parse({ name: "har", data_dir: "nowhere" });
    await assert.rejects(async () => await stage.preflight!({ params, root: folder }), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exitCode, ExitCode.data);
      assert.match(error.message, /nowhere: there is no such file or folder/);
      return true;
    });
    assert.deepEqual(await stage.fingerprint!({ params, root: folder }), { data: "absent" });
    await writeFiles(`${folder}/nowhere`, layout());
    assert.deepEqual(await stage.preflight!({ params, root: folder }), []);
  }));

Deno.test("dataset stage's fingerprint follows the bytes of the data, not their place", () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles(`${folder}/a`, layout());
    await writeFiles(`${folder}/b`, layout());
    const of = async (data_dir: string) =>
      (await stage.fingerprint!({
        params: stage.parameters.parse({ name: "har", data_dir }),
        root: folder,
      }))["data"];
    const before = await of("a");
    assert.equal(await of("b"), before);
    assert.equal(await of("a"), before);
    const file = `${folder}/a/test/Inertial Signals/total_acc_z_test.txt`;
    const bytes = await Deno.readFile(file);
    bytes[5] = bytes[5] === 0x31 ? 0x32 : 0x31;
    await Deno.writeFile(file, bytes);
    assert.notEqual(await of("a"), before);
  }));

Deno.test("contentHash() remembers settled files only, and survives a damaged memory", () =>
  inTemporaryFolder(async (folder) => {
    const [file, memory] = [`${folder}/data`, `${folder}/memory/hashes.json`];
    await Deno.writeTextFile(file, "a");
    const hash = await contentHash([file], memory);
    // Written a moment ago: it could change again within the resolution of its times.
    await assert.rejects(Deno.stat(memory), Deno.errors.NotFound);
    await Deno.writeTextFile(file, "b");
    assert.notEqual(await contentHash([file], memory), hash);
    await Deno.mkdir(`${folder}/memory`);
    await Deno.writeTextFile(memory, "{ damaged");
    await Deno.writeTextFile(file, "a");
    assert.equal(await contentHash([file], memory), hash);
    assert.notEqual(await contentHash([`${folder}/absent`], memory), hash);
  }));

Deno.test("datasetLoader() names the nearest data set", () => {
  for (const name of datasetNames) assert.equal(datasetLoader(name).descriptor.name, name);
  assert.throws(() => datasetLoader("motoin"), /one of motion, har[\s\S]*did you mean: motion/);
});

Deno.test("dataset stage keeps a generated set cached wherever a data folder lies", () => {
  assert.deepEqual(
    stage.parameters.parse({ name: "motion", seed: 2, data_dir: "/data" }),
    { name: "motion", seed: 2 },
  );
  assert.deepEqual(stage.parameters.parse({ name: "har", data_dir: null }), {
    name: "har",
    seed: 1,
  });
});

Deno.test("dataset stage's parameters are refused by line and nearest name", () => {
  const registry = { stages: [stage], sections: {} };
  const load = (text: string) =>
    loadConfiguration(
      `version: 1\nparams: { dataset: motion }\nstages:\n  dataset:\n    with:\n${text}`,
      "pipeline.yaml",
      registry,
    );
  load("      name: ${params.dataset}\n      seed: 5\n");
  assert.throws(() => load("      name: hra\n"), /pipeline\.yaml:6:13[\s\S]*did you mean: har/);
  assert.throws(
    () => load("      name: har\n      datadir: x\n"),
    /pipeline\.yaml:7:7[\s\S]*did you mean: data_dir/,
  );
  assert.throws(() => load("      name: har\n      seed: -1\n"), /pipeline\.yaml:7:13/);
});
