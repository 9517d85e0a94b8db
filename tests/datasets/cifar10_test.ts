import fc from "fast-check";
import assert from "node:assert/strict";
import { cifar10, parseCifarBatch } from "../../datasets/cifar10.ts";
import { inTemporaryFolder } from "./har_layout.ts";
import { load, parsesOrRefuses, put, realData, refused, tarGz, unpack } from "./tools.ts";

const RECORD = 3073;
const RECORDS = 10_000;

/** 10,000 records whose pixels tell plane, place and record. */
function batch(number: number): Uint8Array {
  const bytes = new Uint8Array(RECORDS * RECORD);
  for (let record = 0; record < RECORDS; record++) {
    const start = record * RECORD;
    bytes[start] = (record + number) % 10;
    bytes[start + 1] = number;
    bytes[start + 2] = record % 251;
    bytes[start + 1 + 1024] = 100;
    bytes[start + 1 + 2048] = 200;
    bytes[start + 3072] = 255;
  }
  return bytes;
}
const [FIRST, TEST] = [batch(1), batch(7)];

Deno.test("cifar10.load() interleaves planes, holds classes out evenly, says what is missing", () =>
  inTemporaryFolder(async (folder) => {
    await put(
      `${folder}/cifar-10-batches-bin`,
      new Map([
        ["data_batch_1.bin", FIRST],
        ["data_batch_3.bin", batch(3)],
        ["test_batch.bin", TEST],
      ]),
    );
    assert.deepEqual(await cifar10.problems({ dataDir: folder }), []);
    const raw = await load(cifar10, folder);
    const { splits: { train, val, test }, provenance } = raw;
    assert.deepEqual([train.y.length, val.y.length, test.y.length], [18_000, 2000, 10_000]);
    assert.equal(test.x[0], Math.fround(7 / 255));
    assert.equal(test.x[1], Math.fround(100 / 255));
    assert.equal(test.x[2], Math.fround(200 / 255));
    assert.equal(test.x[3], 0);
    assert.equal(test.x[3072 + 3], Math.fround(1 / 255));
    assert.equal(test.x[3071], 1);
    for (let label = 0; label < 10; label++) {
      assert.equal(val.y.filter((y) => y === label).length, 200);
    }
    assert.deepEqual(
      [...new Set(train.x.filter((_, i) => i % 3072 === 0))],
      [Math.fround(1 / 255), Math.fround(3 / 255)],
    );
    assert.equal(provenance.official, false);
    assert.match(provenance.cautions[0]!, /^20,000 of 50,000 training images \(data_batch_1/);
    assert.match(provenance.cautions[1]!, /not the official files.*data_batch_3.*test_batch/);
    assert.match(raw.split_rule, /10 % of every class .*seed 1/);
    const other = await load(cifar10, folder, { seed: 2 });
    assert.notDeepEqual(other.splits.val.x, val.x);
  }));

Deno.test("cifar10.load() reads the archive like the folder", () =>
  inTemporaryFolder(async (folder) => {
    const files = new Map([["data_batch_1.bin", FIRST], ["test_batch.bin", TEST]]);
    await put(`${folder}/a`, files);
    const archive = await tarGz(
      new Map([...files].map(([name, bytes]) => [`cifar-10-batches-bin/${name}`, bytes])),
    );
    await put(`${folder}/b`, new Map([["cifar-10-binary.tar.gz", archive]]));
    assert.deepEqual(await load(cifar10, `${folder}/b`), await load(cifar10, `${folder}/a`));
    assert.equal((await cifar10.sources({ dataDir: `${folder}/b` })).length, 1);
    await Deno.writeFile(`${folder}/b/cifar-10-binary.tar.gz`, archive.subarray(0, 100_000));
    await refused(() => load(cifar10, `${folder}/b`), /cifar-10-binary\.tar\.gz/);
  }));

Deno.test("cifar10.load() names what is missing, cut or foreign", () =>
  inTemporaryFolder(async (folder) => {
    await refused(() => load(cifar10, `${folder}/nowhere`), /nowhere: there is no such/);
    await refused(() => load(cifar10, folder), /does not hold this data set/, /--data-dir/);
    await put(folder, new Map([["data_batch_1.bin", FIRST]]));
    await refused(() => load(cifar10, folder), /test_batch\.bin: is missing/);
    assert.equal((await cifar10.problems({ dataDir: folder })).length, 1);
    await put(folder, new Map([["test_batch.bin", TEST.subarray(0, 5 * RECORD)]]));
    await refused(() => load(cifar10, folder), /test_batch\.bin: was cut/, /30730000 bytes/);
  }));

Deno.test("parseCifarBatch() names the record without a class", async () => {
  const bytes = new Uint8Array(3 * RECORD);
  assert.deepEqual([...parseCifarBatch(bytes, "b.bin", 3).labels], [0, 0, 0]);
  bytes[RECORD] = 10;
  await refused(() => parseCifarBatch(bytes, "b.bin", 3), /b\.bin: record 2 has no class/);
});

Deno.test("parseCifarBatch() parses or refuses any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2 * RECORD + 5, size: "max" }), (bytes) => {
      const found = parsesOrRefuses(() => parseCifarBatch(bytes, "b.bin", 2));
      assert.ok(found === undefined || found.labels.every((label) => label < 10));
    }),
    { numRuns: 60 },
  );
});

const real = realData("cifar10");
Deno.test({
  name: "cifar10.load() reads the official files and knows them",
  ignore: real === undefined,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      await unpack(real!, folder, "cifar-10");
      const { splits, provenance } = await load(cifar10, folder);
      assert.deepEqual(provenance.cautions, [
        "20,000 of 50,000 training images (data_batch_1.bin, data_batch_2.bin)",
      ]);
      for (let label = 0; label < 10; label++) {
        assert.equal(splits.test.y.filter((y) => y === label).length, 1000);
      }
      // The first test image is a cat, whose first pixel is (158, 112, 49).
      assert.equal(splits.test.y[0], 3);
      assert.deepEqual(
        [...splits.test.x.subarray(0, 3)],
        [158, 112, 49].map((value) => Math.fround(value / 255)),
      );
    }),
});
