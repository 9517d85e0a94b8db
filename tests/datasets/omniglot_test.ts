import { encode as encodePng } from "fast-png";
import assert from "node:assert/strict";
import { zipSource } from "../../datasets/file_source.ts";
import { decodeImage, resizeImage } from "../../datasets/image.ts";
import { omniglot } from "../../datasets/omniglot.ts";
import { OmniglotSettings } from "../../datasets/settings.ts";
import { type Files, inTemporaryFolder } from "./har_layout.ts";
import { load, put, realData, refused, zipFiles } from "./tools.ts";

/** Two alphabets of two characters; drawing d has d dark pixels. */
function drawings(): Files {
  const files: Files = new Map();
  for (const character of ["Greek/character01", "Greek/character02", "Latin/character01"]) {
    for (let d = 1; d <= 20; d++) {
      const data = new Uint8Array(16 * 16).fill(255);
      data.fill(0, 0, d);
      const name = `images_background/${character}/0001_${String(d).padStart(2, "0")}.png`;
      files.set(name, encodePng({ width: 16, height: 16, channels: 1, depth: 8, data }));
    }
  }
  return files;
}

const settings = { omniglot: OmniglotSettings.parse({ side_pixels: 8 }) };

Deno.test("omniglot.load() reads folder and zip alike, split by drawing, ink as 1", () =>
  inTemporaryFolder(async (folder) => {
    await put(`${folder}/a`, drawings());
    const archive = zipFiles(drawings());
    await put(`${folder}/b`, new Map([["images_background.zip", archive]]));
    const [a, b] = [
      await load(omniglot, `${folder}/a`, { settings }),
      await load(omniglot, `${folder}/b`, { settings }),
    ];
    assert.deepEqual(a.splits, b.splits);
    assert.deepEqual(a.classes, ["Greek/character01", "Greek/character02", "Latin/character01"]);
    assert.deepEqual(Object.values(a.splits).map(({ y }) => y.length), [42, 9, 9]);
    const ink = a.splits.train.x.subarray(0, 64).reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(ink - 1 / 4) < 1e-6, "one dark pixel of 256, in 64 areas of 4");
    assert.match(a.split_rule, /2 background alphabets: Greek, Latin/);
    assert.match(b.provenance.cautions.join(), /not the published one-shot task.*not the official/);
  }));

Deno.test("omniglot.load() names what is missing, damaged or foreign", () =>
  inTemporaryFolder(async (folder) => {
    await refused(() => load(omniglot, folder, { settings }), /images_background\.zip/);
    assert.equal((await omniglot.problems({ dataDir: folder, settings })).length, 1);
    const name = "images_background/Greek/character01/0001_01.png";
    await put(folder, drawings());
    await put(folder, new Map([[name, drawings().get(name)!.subarray(0, 40)]]));
    await refused(() => load(omniglot, folder, { settings }), /0001_01\.png: image cannot be read/);
    const other = name.replace("_01.png", "_21.png");
    await put(folder, new Map([...drawings(), [other, drawings().get(name)!]]));
    await refused(() => load(omniglot, folder, { settings }), /0001_21\.png: is no drawing/);
    await put(`${folder}/z`, new Map([["images_background.zip", zipFiles(new Map())]]));
    await refused(() => load(omniglot, `${folder}/z`, { settings }), /images_background\.zip/);
  }));

const real = realData("omniglot");
Deno.test({
  name: "omniglot's official drawings are 964 characters, 20 drawings each, and decode",
  ignore: real === undefined,
  async fn() {
    const path = `${real}/omniglot/images_background.zip`;
    const source = await zipSource(await Deno.readFile(path), path);
    const names = (await source.list()).filter((name) => name.endsWith(".png"));
    assert.equal(names.length, 964 * 20);
    for (const name of names.filter((_, i) => i % 400 === 0)) {
      const image = decodeImage(await source.read(name), name);
      assert.deepEqual([image.h, image.w, image.channels], [105, 105, 1]);
      assert.ok(image.data.every((value) => value === 0 || value === 1));
      assert.equal(resizeImage(image, 28, 28).data.length, 784);
    }
  },
});
