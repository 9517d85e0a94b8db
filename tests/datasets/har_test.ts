import assert from "node:assert/strict";
import fc from "fast-check";
import { ExitCode, UserError } from "../../base/errors.ts";
import type { RawDataset } from "../../datasets/dataset.ts";
import { har } from "../../datasets/har.ts";
import { filesWithOfficialId, gitBlobId, isOfficialFile } from "../../datasets/har_official.ts";
import {
  type Files,
  inTemporaryFolder,
  layout,
  PERSONS,
  SIGNALS,
  valueAt,
  writeFiles,
  zip,
} from "./har_layout.ts";

const quiet = { update() {}, note() {}, warn() {} };

async function load(dataDir: string, seed = 1): Promise<RawDataset> {
  return await har.load({
    seed,
    dataDir,
    downloadDir: `${dataDir}/downloads`,
    progress: quiet,
    signal: new AbortController().signal,
  });
}

async function refused(dataDir: string, ...wanted: RegExp[]): Promise<UserError> {
  let caught: unknown;
  await load(dataDir).catch((error) => caught = error);
  assert.ok(caught instanceof UserError, `${caught}`);
  assert.equal(caught.exitCode, ExitCode.data);
  for (const pattern of wanted) assert.match(caught.message, pattern);
  return caught;
}

function edit(files: Files, name: string, change: (text: string) => string): void {
  files.set(
    name,
    new TextEncoder().encode(change(new TextDecoder().decode(files.get(name)))),
  );
}

Deno.test("har.load() puts every value where its file name, line and column say", () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles(`${folder}/UCI HAR Dataset`, layout());
    const { splits, provenance, split_rule } = await load(folder);
    assert.deepEqual([...splits.test.y], Array.from({ length: 12 }, (_, i) => i % 6));
    let at = 0;
    for (let window = 0; window < 12; window++) {
      for (let step = 0; step < 128; step++) {
        for (let channel = 0; channel < 9; channel++) {
          assert.equal(splits.test.x[at++], Math.fround(valueAt("test", window, step, channel)));
        }
      }
    }
    assert.equal(at, splits.test.x.length);
    assert.equal(provenance.official, false);
    assert.deepEqual(provenance.cautions, ["windows are not the official UCI HAR v1.0 files"]);
    assert.equal(provenance.files.length, 22);
    assert.match(split_rule, /validation: training persons \d, whole/);
  }));

Deno.test("har.load() holds whole persons out for validation, by the seed", () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles(folder, layout());
    const held = new Set<number>();
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const { splits: { train, val } } = await load(folder, seed);
      // Values tell the window, and windows the person.
      const persons = ({ x, y }: typeof train) =>
        new Set(Array.from(y, (_, i) => PERSONS.train[Math.floor(x[i * 128 * 9]! / 4.096 / 6)]!));
      assert.equal(persons(val).size, 1);
      assert.equal(persons(train).size, 4);
      assert.equal(train.y.length + val.y.length, 30);
      for (const person of persons(val)) {
        assert.ok(!persons(train).has(person));
        held.add(person);
      }
      assert.deepEqual(await load(folder, seed), await load(folder, seed));
    }
    assert.ok(held.size > 1, "the seed decides who is held out");
  }));

Deno.test("har.load() reads folder, zip and nested zip alike", () =>
  inTemporaryFolder(async (folder) => {
    const files = layout();
    await writeFiles(`${folder}/a/UCI HAR Dataset`, files);
    const inner = await zip(files);
    await Deno.mkdir(`${folder}/b`);
    await Deno.writeFile(`${folder}/b/UCI HAR Dataset.zip`, inner);
    await Deno.mkdir(`${folder}/c`);
    const outer = await zip(new Map([["UCI HAR Dataset.zip", inner]]), "");
    await Deno.writeFile(
      `${folder}/c/human+activity+recognition+using+smartphones.zip`,
      outer,
    );
    const expected = await load(`${folder}/a`);
    const places = [
      `${folder}/a/UCI HAR Dataset`,
      `${folder}/b`,
      `${folder}/b/UCI HAR Dataset.zip`,
      `${folder}/c`,
    ];
    for (const place of places) assert.deepEqual(await load(place), expected);
  }));

Deno.test("har.load() names what is missing; har.problems() says it beforehand", () =>
  inTemporaryFolder(async (folder) => {
    await refused(`${folder}/nowhere`, /no such file or folder/, /--data-dir/);
    await refused(folder, /holds no data set/, /UCI HAR Dataset\.zip/);
    const files = layout();
    files.delete("train/Inertial Signals/body_gyro_y_train.txt");
    files.delete("test/subject_test.txt");
    await writeFiles(`${folder}/a/UCI HAR Dataset`, files);
    await refused(`${folder}/a`, /body_gyro_y_train\.txt: is missing/, /subject_test\.txt: is/);
    assert.equal((await har.problems({ dataDir: `${folder}/a` })).length, 2);
    assert.equal((await har.problems({ dataDir: `${folder}/nowhere` })).length, 1);
    await Deno.writeFile(`${folder}/b.zip`, await zip(files));
    assert.equal((await har.problems({ dataDir: `${folder}/b.zip` })).length, 2);
    await writeFiles(`${folder}/a/UCI HAR Dataset`, layout());
    assert.deepEqual(await har.problems({ dataDir: `${folder}/a` }), []);
    assert.deepEqual(await har.problems({ dataDir: undefined }), []);
  }));

const signal = `train/Inertial Signals/${SIGNALS[4]}_train.txt`;
const damages: [string, string, (text: string) => string, RegExp[]][] = [
  ["a row that was cut", signal, (t) => t.replace(/^(.*\n.{1600}).*\n/, "$1\n"), [
    /body_gyro_y_train\.txt:2: has 100 values/,
    /128 values/,
  ]],
  ["a file that was cut", signal, (t) => t.slice(0, 20_000), [/cut/]],
  ["a file that lacks rows", signal, (t) => t.split("\n").slice(0, 29).join("\n") + "\n", [
    /has 29 lines/,
    /30 lines, as train\/y_train\.txt says/,
  ]],
  ["a foreign file", signal, () => "<!doctype html>\n".repeat(30), [
    /body_gyro_y_train\.txt:1: value 1 is not a number/,
    /<!doctype/,
  ]],
  ["an empty file", signal, () => "", [/is empty/]],
  ["labels out of range", "train/y_train.txt", (t) => t.replace("6", "7"), [
    /y_train\.txt:6: .*\n.*7\n.*from 1 to 6/,
  ]],
  ["labels without persons", "test/subject_test.txt", (t) => t.slice(2), [
    /has 11 lines/,
    /test\/y_test\.txt/,
  ]],
  ["one person only", "train/subject_train.txt", (t) => t.replaceAll(/\d/g, "1"), [
    /one person only/,
  ]],
];
for (const [what, name, change, wanted] of damages) {
  Deno.test(`har.load() refuses ${what} by file and line`, () =>
    inTemporaryFolder(async (folder) => {
      const files = layout();
      edit(files, name, change);
      await writeFiles(folder, files);
      await refused(folder, ...wanted);
      await writeFiles(folder, layout());
      await load(folder);
    }));
}

Deno.test("har.load() warns of persons that are in training and in test", () =>
  inTemporaryFolder(async (folder) => {
    const files = layout();
    edit(files, "test/subject_test.txt", (text) => text.replaceAll("4", "8"));
    await writeFiles(folder, files);
    const { provenance } = await load(folder);
    assert.ok(provenance.cautions.includes("persons 8 are in training and in test"));
  }));

Deno.test("har.load() says that windows were rebuilt where the folder says so", () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles(folder, layout());
    await Deno.writeTextFile(`${folder}/REBUILT_FROM_HAPT.txt`, "");
    assert.equal((await load(folder)).provenance.cautions[0], "HAR windows rebuilt from HAPT");
  }));

Deno.test("har.load() refuses a damaged archive, whichever byte is wrong", () =>
  inTemporaryFolder(async (folder) => {
    const good = await zip(layout());
    const expected = await load(await put(folder, good));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (position, flip) => {
          const bad = good.slice();
          bad[position]! ^= flip;
          try {
            // Bytes of times and attributes may be wrong without harm.
            assert.deepEqual(await load(await put(folder, bad)), expected);
          } catch (error) {
            assert.ok(error instanceof UserError, `${position}: ${(error as Error).stack}`);
          }
        },
      ),
      { numRuns: 60, seed: 1 },
    );
    for (const length of [0, 1, 100, good.length >> 1, good.length - 1]) {
      await refused(await put(folder, good.subarray(0, length)), /archive cannot be read/);
    }
  }));

async function put(folder: string, bytes: Uint8Array): Promise<string> {
  const path = `${folder}/UCI HAR Dataset.zip`;
  await Deno.writeFile(path, bytes);
  return path;
}

Deno.test("har.load() refuses an archive whose names point outside of it", () =>
  inTemporaryFolder(async (folder) => {
    // Zip writers refuse such names, so that an innocent one of the same length is overwritten.
    const names = ["../../slip.txt", "/absolute.txt!", "..\\..\\slip.txt", "C:/windows.txt"];
    for (const name of names) {
      const files = layout();
      files.set("inner/innocent", new Uint8Array([1]));
      const bytes = await zip(files, "");
      const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
      const [from, to] = [
        new TextEncoder().encode("inner/innocent"),
        new TextEncoder().encode(name),
      ];
      assert.equal(from.length, to.length);
      let hits = 0;
      for (let at = text.indexOf("inner/innocent"); at >= 0; hits++) {
        bytes.set(to, at);
        at = text.indexOf("inner/innocent", at + 1);
      }
      assert.equal(hits, 2);
      await Deno.mkdir(`${folder}/in/side`, { recursive: true });
      await refused(await put(`${folder}/in/side`, bytes), /archive cannot be read/);
      const left = [...Deno.readDirSync(folder), ...Deno.readDirSync(`${folder}/in`)];
      assert.deepEqual(left.map((entry) => entry.name), ["in", "side"]);
    }
  }));

Deno.test("gitBlobId() is what git says", () => {
  assert.equal(gitBlobId(new Uint8Array()), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  assert.equal(
    gitBlobId(new TextEncoder().encode("hello\n")),
    "ce013625030ba8dba906f756967f9e9ca394464a",
  );
});

Deno.test("isOfficialFile() knows the published ids and no other bytes", () => {
  assert.equal(filesWithOfficialId.length, 20);
  const lines = new TextEncoder().encode("1\n".repeat(7352));
  for (const name of filesWithOfficialId) assert.ok(!isOfficialFile(name, lines));
});

/** Folders in which `uci-har` may have been unpacked. */
async function recordedData(): Promise<string | undefined> {
  const shared = Deno.env.get("BROWNOUT_SHARED") ??
    new URL("../../../shared", import.meta.url).pathname;
  const unpack = `${shared}/datasets/unpack`;
  return await Deno.stat(unpack).then(() => unpack, () => undefined);
}

Deno.test("har.load() reads recorded windows, all of them", async (t) => {
  const unpack = await recordedData();
  if (unpack === undefined) {
    console.warn("  SKIPPED: no recorded data; set BROWNOUT_SHARED to the folder that holds it");
    return;
  }
  await inTemporaryFolder(async (folder) => {
    const { success } = await new Deno.Command(unpack, {
      args: [folder, "uci-har"],
      stdout: "null",
    })
      .output();
    assert.ok(success);
    const { splits, provenance } = await load(folder);
    await t.step("counts are those of the rebuilt windows", () => {
      assert.equal(splits.train.y.length + splits.val.y.length, 7415);
      assert.equal(splits.test.y.length, 2996);
      const walking = [0, 1, 2].map((label) => splits.test.y.filter((y) => y === label).length);
      assert.deepEqual(walking, [496, 471, 420]);
    });
    await t.step("cautions say that they are rebuilt and not official", () => {
      assert.equal(provenance.official, false);
      assert.deepEqual(provenance.cautions, [
        "HAR windows rebuilt from HAPT",
        "windows are not the official UCI HAR v1.0 files",
      ]);
    });
    await t.step("total acceleration of one window is about 1 g", () => {
      const { x } = splits.test;
      let sum = 0;
      for (let step = 0; step < 128; step++) {
        sum += Math.hypot(x[step * 9 + 6]!, x[step * 9 + 7]!, x[step * 9 + 8]!) / 128;
      }
      assert.ok(sum > 0.9 && sum < 1.15, `${sum} g`);
    });
  });
});
