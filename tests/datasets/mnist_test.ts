import fc from "fast-check";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { fashionMnist } from "../../datasets/fashion_mnist.ts";
import { gunzip, parseIdx } from "../../datasets/idx.ts";
import { mnist } from "../../datasets/mnist.ts";
import { type Files, inTemporaryFolder } from "./har_layout.ts";
import { load, parsesOrRefuses, put, realData, refused, unpack } from "./tools.ts";

function idx(shape: number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((length, i) => new DataView(bytes.buffer).setUint32(4 + 4 * i, length));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

const images = (count: number, seed: number) =>
  idx([count, 28, 28], new Uint8Array(count * 784).map((_, i) => (i * 7 + seed) % 256));
const labels = (count: number) => idx([count], new Uint8Array(count).map((_, i) => i % 10));

function files(gz: boolean): Files {
  const suffix = gz ? ".gz" : "";
  const pack = (bytes: Uint8Array) => gz ? new Uint8Array(gzipSync(bytes)) : bytes;
  return new Map([
    [`train-images-idx3-ubyte${suffix}`, pack(images(200, 1))],
    [`train-labels-idx1-ubyte${suffix}`, pack(labels(200))],
    [`t10k-images-idx3-ubyte${suffix}`, pack(images(30, 5))],
    [`t10k-labels-idx1-ubyte${suffix}`, pack(labels(30))],
  ]);
}

Deno.test("mnist.load() reads gzipped and plain files alike, and says they are not official", () =>
  inTemporaryFolder(async (folder) => {
    await put(`${folder}/a/MNIST/raw`, files(true));
    await put(`${folder}/b`, files(false));
    const [a, b] = [await load(mnist, `${folder}/a`), await load(mnist, `${folder}/b`)];
    assert.deepEqual(a.splits, b.splits);
    assert.deepEqual([a.splits.train.y.length, a.splits.val.y.length], [180, 20]);
    assert.equal(a.splits.test.x[3], Math.fround((3 * 7 + 5) / 255));
    assert.deepEqual([...a.splits.test.y.subarray(0, 11)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    assert.equal(a.provenance.official, false);
    assert.match(a.provenance.cautions[0]!, /not the official files/);
  }));

Deno.test("mnist.load() names what is missing, cut, damaged or of another set", () =>
  inTemporaryFolder(async (folder) => {
    const change = async (name: string, bytes: Uint8Array | undefined) => {
      await Deno.remove(`${folder}/set`, { recursive: true }).catch(() => {});
      const all = files(true);
      if (bytes === undefined) all.delete(name);
      else all.set(name, bytes);
      await put(`${folder}/set`, all);
      return () => load(mnist, `${folder}/set`);
    };
    const [image, label] = ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"];
    await refused(await change(label, undefined), /t10k-labels-idx1-ubyte\.gz: is missing/);
    assert.equal((await mnist.problems({ dataDir: `${folder}/set` })).length, 1);
    const whole = files(true).get(image)!;
    await refused(await change(image, whole.subarray(0, 50)), /train-images.*cannot be unpacked/);
    const flipped = whole.slice();
    flipped[whole.length - 6]! ^= 1;
    await refused(await change(image, flipped), /train-images.*cannot be unpacked/);
    const gz = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
    await refused(await change(label, gz(labels(29))), /t10k-labels.*another number/, /30/);
    await refused(await change(label, gz(images(30, 1))), /t10k-labels.*no IDX file of this kind/);
    await refused(
      await change(label, gz(idx([30], new Uint8Array(30).fill(11)))),
      /t10k-labels.*label 1 is no class/,
    );
    const small = idx([200, 27, 28], new Uint8Array(200 * 27 * 28));
    await refused(await change(image, gz(small)), /another size/, /28 x 28/);
  }));

Deno.test("parseIdx() tells a cut file from one that is too long", async () => {
  const bytes = labels(5);
  assert.deepEqual([...parseIdx(bytes, "l", 1).data], [0, 1, 2, 3, 4]);
  await refused(() => parseIdx(bytes.subarray(0, 12), "l", 1), /was cut/, /13 bytes/);
  await refused(() => parseIdx(new Uint8Array([...bytes, 0]), "l", 1), /longer than/);
  await refused(() => parseIdx(idx([0], new Uint8Array(0)), "l", 1), /is empty/);
});

Deno.test("parseIdx() and gunzip() parse or refuse any bytes", () => {
  const header = fc.tuple(fc.constantFrom(8, 9), fc.nat(3), fc.uint8Array({ maxLength: 40 }))
    .map(([type, dimensions, rest]) => new Uint8Array([0, 0, type, dimensions, ...rest]));
  const any = fc.oneof(fc.uint8Array({ maxLength: 60 }), header);
  fc.assert(
    fc.property(any, fc.constantFrom(1, 3), (bytes, dimensions) => {
      const found = parsesOrRefuses(() => parseIdx(bytes, "f", dimensions));
      assert.ok(!found || found.data.length === found.shape.reduce((a, b) => a * b, 1));
      parsesOrRefuses(() => gunzip(bytes, "f"));
    }),
    { numRuns: 500 },
  );
});

const real = realData("fashion-mnist");
Deno.test({
  name: "fashionMnist.load() reads the official files and knows them",
  ignore: real === undefined,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      await unpack(real!, folder, "fashion-mnist");
      const { splits, provenance } = await load(fashionMnist, folder);
      assert.equal(provenance.official, true);
      assert.deepEqual(provenance.cautions, []);
      assert.deepEqual(
        [splits.train.y.length, splits.val.y.length, splits.test.y.length],
        [54_000, 6000, 10_000],
      );
      assert.deepEqual([...splits.test.y.subarray(0, 5)], [9, 2, 1, 1, 6]);
    }),
});
