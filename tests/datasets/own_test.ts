import assert from "node:assert/strict";
import { encode as encodePng } from "fast-png";
import fc from "fast-check";
import { own } from "../../datasets/own.ts";
import { parseCsv } from "../../datasets/own_csv.ts";
import { OwnSettings } from "../../datasets/settings.ts";
import { type Files, inTemporaryFolder } from "./har_layout.ts";
import { npyBytes } from "./npy_bytes.ts";
import { load, parsesOrRefuses, put, refused, text, tone, wav } from "./tools.ts";
import type { RawDataset } from "../../datasets/dataset.ts";

const read = (folder: string, described: Record<string, unknown>, seed = 1): Promise<RawDataset> =>
  load(own, folder, { seed, settings: { own: OwnSettings.parse(described) } });

const counts = ({ splits: { train, val, test } }: RawDataset) => [
  train.y.length,
  val.y.length,
  test.y.length,
];

/** A file per sample: rows of two columns, the first of which names the sample. */
function csvWindows(): Files {
  const files: Files = new Map();
  for (let i = 0; i < 40; i++) {
    const rows = Array.from({ length: 5 }, (_, row) => `${i},${row}`).join("\n");
    files.set(`${i % 2 ? "walk" : "run"}/${i}.csv`, text(`ax,ay\n${rows}\n`));
  }
  return files;
}

Deno.test("own.load() reads a CSV file per window, classes by folder, the same every time", () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, csvWindows());
    const raw = await read(folder, { format: "csv", title: "Steps", licence: "mine" });
    assert.deepEqual(raw.input, { h: 5, w: 1, channels: 2 });
    assert.deepEqual(raw.classes, ["run", "walk"]);
    assert.deepEqual(counts(raw), [28, 6, 6]);
    for (const { x, y } of Object.values(raw.splits)) {
      y.forEach((label, i) => {
        assert.equal(x[i * 10]! % 2, label);
        assert.deepEqual([x[i * 10 + 3], x[i * 10 + 9]], [1, 4]);
      });
    }
    assert.deepEqual([raw.title, raw.provenance.licence], ["Steps", "mine"]);
    assert.equal(raw.provenance.official, null);
    assert.deepEqual(await read(folder, { format: "csv", title: "Steps", licence: "mine" }), raw);
    const other = await read(folder, { format: "csv" }, 2);
    assert.notDeepEqual(other.splits.test.x, raw.splits.test.x);
    const column = await read(folder, { format: "csv", columns: ["ay"] });
    assert.deepEqual(column.input, { h: 5, w: 1, channels: 1 });
    assert.equal(column.axes, undefined);
    const axes = [[0, 1, 1]];
    assert.deepEqual((await read(folder, { format: "csv", axes })).axes, axes);
  }));

Deno.test("own.load() cuts labelled CSV recordings into windows of one label and one group", () =>
  inTemporaryFolder(async (folder) => {
    const rows: string[] = [];
    for (const person of ["ann", "bob", "cy", "di"]) {
      for (const label of ["idle", "busy"]) {
        for (let t = 0; t < 25; t++) rows.push(`${t},${person},${label}`);
      }
    }
    await put(folder, new Map([["log.csv", text(["t,who,what", ...rows].join("\r\n"))]]));
    const described = { format: "csv", label: "what", group: "who", window: 10, stride: 5 };
    const raw = await read(folder, described);
    assert.deepEqual(counts(raw).reduce((a, b) => a + b), 4 * 2 * 4);
    for (const { x, y } of Object.values(raw.splits)) {
      y.forEach((_, i) => assert.equal(x[i * 10 + 9]! - x[i * 10]!, 9));
    }
    assert.match(raw.provenance.cautions[0]!, /windows of one recording lie in training and in/);
    const grouped = await read(folder, { ...described, split: { by: "group" } });
    assert.deepEqual(counts(grouped), [16, 8, 8]);
    assert.match(grouped.split_rule, /test: (ann|bob|cy|di); validation: (ann|bob|cy|di)/);
    assert.deepEqual(grouped.provenance.cautions, []);
    const rowsAlone = await read(folder, {
      format: "csv",
      label: "what",
      columns: ["t"],
      window: 1,
    });
    assert.equal(counts(rowsAlone).reduce((a, b) => a + b), 200);
  }));

Deno.test("own.load() keeps the split that folders hold", () =>
  inTemporaryFolder(async (folder) => {
    const files = csvWindows();
    await put(`${folder}/train`, files);
    await put(`${folder}/test`, new Map([...files].slice(0, 4)));
    const raw = await read(folder, { format: "csv" });
    assert.deepEqual(counts(raw), [34, 6, 4]);
    assert.match(raw.split_rule, /the split that the folders hold; validation: 15 %/);
    await put(`${folder}/val`, new Map([...files].slice(4, 10)));
    assert.deepEqual(counts(await read(folder, { format: "csv" })), [40, 6, 4]);
    await Deno.remove(`${folder}/test`, { recursive: true });
    await refused(() => read(folder, { format: "csv" }), /no samples in test/);
    await put(folder, new Map([["walk/x.csv", files.get("walk/1.csv")!]]));
    await refused(() => read(folder, { format: "csv" }), /walk\/x\.csv: has no split/);
  }));

Deno.test("own.load() names the CSV file and line that is wrong", () =>
  inTemporaryFolder(async (folder) => {
    const wrong = async (content: string | Uint8Array, described = {}, ...wanted: RegExp[]) => {
      const bytes = typeof content === "string" ? text(content) : content;
      await put(folder, new Map([...csvWindows(), ["run/0.csv", bytes]]));
      await refused(() => read(folder, { format: "csv", ...described }), ...wanted);
    };
    const place = /run\/0\.csv/;
    await wrong("ax,ay\n1,2\n3,x\n5,6\n7,8\n9,9\n", {}, place, /:3: ay is not a number/);
    await wrong("ax,ay\n1,2\n3,\n", {}, place, /:3: ay is not a number/);
    await wrong("ax,ay\n1,2\n3,4,5\n", {}, place, /is no CSV file/, /line 3/);
    await wrong("ax,ay\n1,2\n", {}, /run\/10\.csv: has another number of rows/, /1 rows/);
    await wrong("1,2\n1,2\n", {}, place, /has no header/);
    await wrong("ax,ax\n1,2\n", {}, place, /names a column twice/);
    await wrong("ax,az\n1,2\n", { columns: ["ax", "ay"] }, place, /lacks a column/, /"ay"/);
    await wrong("", {}, place, /is empty/);
    await wrong(Uint8Array.of(0xff, 0xfe, 0xfd), {}, place, /is no CSV file/);
    await wrong("ax,ay\n1,1e99\n", {}, place, /ay is not a number/);
    await wrong("ax,ay\n1,2\n", { window: 9 }, /no file is as long as a window/);
  }));

Deno.test("parseCsv() parses or refuses any bytes", () => {
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.stringMatching(/^a,b\n[0-9a,."\n-]{0,60}$/).map(text),
  );
  fc.assert(
    fc.property(any, (bytes) => {
      const found = parsesOrRefuses(() => parseCsv(bytes, "f.csv", { delimiter: "," }));
      assert.ok(!found || found.values.every(Number.isFinite));
    }),
    { numRuns: 500 },
  );
});

Deno.test("own.load() reads WAV folders, and groups files by a pattern", () =>
  inTemporaryFolder(async (folder) => {
    const files: Files = new Map();
    for (let i = 0; i < 24; i++) {
      const name = `${i % 2 ? "high" : "low"}/p${Math.floor(i / 4)}_${i}.wav`;
      files.set(name, wav(tone(i % 2 ? 900 : 200, 4000, 8000), 8000));
    }
    await put(folder, files);
    const described = { format: "wav", rate_Hz: 8000, duration_s: 0.5 };
    const raw = await read(folder, described);
    assert.deepEqual(raw.input, { h: 12, w: 1, channels: 10 });
    assert.deepEqual(raw.provenance.cautions, []);
    assert.deepEqual((await read(folder, { ...described, layout: "flat" })).input.h, 120);
    const grouped = await read(folder, {
      ...described,
      group_pattern: "/(p\\d)_",
      split: { by: "group" },
    });
    assert.match(grouped.split_rule, /test: p\d; validation: p\d/);
    await refused(
      () => read(folder, { ...described, group_pattern: "/(q\\d)_" }),
      /does not match group_pattern/,
    );
    await refused(() => read(folder, { format: "wav" }), /another sample rate/, /own\.rate_Hz/);
    await refused(() => read(folder, { ...described, window_s: 1 }), /no window fits/);
    const longer = await read(folder, { ...described, duration_s: 1 });
    assert.deepEqual(longer.provenance.cautions, ["24 recordings are cut or padded to 1 s"]);
  }));

Deno.test("own.load() reads image folders in one size", () =>
  inTemporaryFolder(async (folder) => {
    const files: Files = new Map();
    for (let i = 0; i < 20; i++) {
      const data = new Uint8Array(64).fill(i % 2 ? 255 : 0);
      const image = { width: 8, height: 8, channels: 1, depth: 8 as const, data };
      files.set(`${i % 2 ? "light" : "dark"}/${i}.png`, encodePng(image));
    }
    await put(folder, files);
    const raw = await read(folder, { format: "images", size: { h: 4, w: 4 }, channels: 1 });
    assert.deepEqual([raw.input, raw.classes], [{ h: 4, w: 4, channels: 1 }, ["dark", "light"]]);
    for (const { x, y } of Object.values(raw.splits)) {
      y.forEach((label, i) => assert.ok(Math.abs(x[i * 16]! - label) < 1e-6));
    }
    const colour = await read(folder, { format: "images", size: { h: 2, w: 4 } });
    assert.equal(colour.input.channels, 3);
    assert.match(colour.provenance.cautions[0]!, /20 images have another aspect/);
    await put(folder, new Map([["dark/0.png", files.get("dark/0.png")!.subarray(0, 40)]]));
    await refused(
      () => read(folder, { format: "images", size: { h: 4, w: 4 } }),
      /dark\/0\.png: image cannot be read/,
    );
  }));

Deno.test("own.load() reads arrays, with and without a split", () =>
  inTemporaryFolder(async (folder) => {
    const x = npyBytes.doubles(Float64Array.from({ length: 240 }, (_, i) => i), [20, 4, 3]);
    const y = npyBytes.longs(BigInt64Array.from({ length: 20 }, (_, i) => BigInt(i % 2)), [20]);
    await put(`${folder}/a`, new Map([["x.npy", x], ["y.npy", y]]));
    const raw = await read(`${folder}/a`, { format: "npy", classes: ["off", "on"] });
    assert.deepEqual([raw.input, counts(raw)], [{ h: 4, w: 1, channels: 3 }, [14, 2, 4]]);
    assert.deepEqual(raw.classes, ["off", "on"]);
    const pairs: Files = new Map();
    for (const split of ["train", "val", "test"]) {
      pairs.set(`${split}.x.npy`, x).set(`${split}.y.npy`, y);
    }
    await put(`${folder}/b`, pairs);
    assert.deepEqual(counts(await read(`${folder}/b`, { format: "npy" })), [20, 20, 20]);
    const shape = { h: 2, w: 2, channels: 3 };
    assert.deepEqual((await read(`${folder}/b`, { format: "npy", shape })).input, shape);
    await refused(
      () => read(`${folder}/b`, { format: "npy", shape: { h: 2, w: 2, channels: 4 } }),
      /train\.x\.npy: has samples of another size/,
    );
    const groups = npyBytes.bytes(Uint8Array.from({ length: 20 }, (_, i) => i >> 2), [20]);
    await put(`${folder}/a`, new Map([["groups.npy", groups]]));
    const grouped = await read(`${folder}/a`, { format: "npy", split: { by: "group" } });
    assert.deepEqual(counts(grouped), [12, 4, 4]);
    await put(`${folder}/a`, new Map([["y.npy", npyBytes.bytes(new Uint8Array(19), [19])]]));
    await refused(() => read(`${folder}/a`, { format: "npy" }), /y\.npy: has another shape/, /20/);
    const fractions = npyBytes.floats(new Float32Array(20).fill(0.5), [20]);
    await put(`${folder}/a`, new Map([["y.npy", fractions]]));
    await refused(() => read(`${folder}/a`, { format: "npy" }), /label 0 is no class number/);
    await Deno.remove(`${folder}/b/test.y.npy`);
    await refused(() => read(`${folder}/b`, { format: "npy" }), /test\.y\.npy: is missing/);
  }));

Deno.test("own.problems() says what is not described or not there", () =>
  inTemporaryFolder(async (folder) => {
    const bare = await own.problems({ dataDir: undefined });
    assert.deepEqual(bare.map(({ field }) => field), ["dataset.own", "dataset.data_dir"]);
    const settings = { own: OwnSettings.parse({ format: "csv" }) };
    const [nowhere] = await own.problems({ dataDir: `${folder}/nowhere`, settings });
    assert.match(nowhere!.message, /no such folder/);
    const [empty] = await own.problems({ dataDir: folder, settings });
    assert.match(empty!.message, /holds no csv files/);
    await put(folder, csvWindows());
    assert.deepEqual(await own.problems({ dataDir: folder, settings }), []);
    await assert.rejects(
      read(folder, { format: "csv", split: { by: "group" } }),
      /samples have no group to be split by/,
    );
    await Deno.remove(`${folder}/walk`, { recursive: true });
    await refused(() => read(folder, { format: "csv" }), /fewer than two classes/);
  }));

Deno.test("OwnSettings refuses a pattern without a group and shares that leave nothing", () => {
  assert.throws(() => OwnSettings.parse({ format: "csv", group_pattern: "abc" }));
  assert.throws(() => OwnSettings.parse({ format: "csv", group_pattern: "(" }));
  assert.throws(() => OwnSettings.parse({ format: "csv", split: { val: 0.5, test: 0.5 } }));
  assert.throws(() => OwnSettings.parse({ format: "images" }));
});
