import assert from "node:assert/strict";
import { npyBytes } from "./npy_bytes.ts";
import { kws } from "../../datasets/kws.ts";
import { KWS_MIXING, mixSilence, mixWord } from "../../datasets/kws_mixing.ts";
import { WORDS } from "../../datasets/kws_sources.ts";
import { officialSplit, speakerOf } from "../../datasets/kws_split.ts";
import { KwsSettings } from "../../datasets/settings.ts";
import { Random } from "../../base/random.ts";
import { type Files, inTemporaryFolder } from "./har_layout.ts";
import { load, put, realData, refused, tarGz, tone, unpack, wav, zipFiles } from "./tools.ts";

/** Speakers by the split that the published rule puts them in. */
const SPEAKERS = { train: [] as string[], val: [] as string[], test: [] as string[] };
for (let i = 0; SPEAKERS.val.length < 5 || SPEAKERS.test.length < 5; i++) {
  const id = (i * 2654435761 % 2 ** 32).toString(16).padStart(8, "0");
  SPEAKERS[officialSplit(`${id}_nohash_0.wav`)].push(id);
}
const OTHER_WORDS = ["bed", "cat"];

/** The layout of the training archive: two recordings per word and split, tones of their own. */
function training(): Files {
  const files: Files = new Map();
  [...WORDS, ...OTHER_WORDS].forEach((word, w) => {
    for (const split of ["train", "val", "test"] as const) {
      for (const [s, id] of SPEAKERS[split].slice(0, 2).entries()) {
        // Half a second: what is shorter than a second is padded.
        files.set(`./${word}/${id}_nohash_0.wav`, wav(tone(200 + 100 * w + 10 * s, 8000)));
      }
    }
  });
  files.set("./_background_noise_/hum.wav", wav(tone(50, 40_000)));
  files.set("./_background_noise_/README.md", new Uint8Array(3));
  return files;
}

/** The layout of the test-set archive. */
function testSet(): Files {
  const files: Files = new Map();
  const ids = [...SPEAKERS.train].slice(0, 20);
  WORDS.forEach((word, w) => {
    for (const id of ids) files.set(`./${word}/${id}_nohash_0.wav`, wav(tone(300 + 100 * w)));
  });
  for (const id of ids) files.set(`./_unknown_/bed_${id}_nohash_0.wav.wav`, wav(tone(90)));
  for (let i = 0; i < 20; i++) files.set(`./_silence_/${i}.wav`, wav(tone(40 + i, 16_000)));
  return files;
}

Deno.test("officialSplit() puts a speaker's recordings together, about 10 % held out each", () => {
  const counts = { train: 0, val: 0, test: 0 };
  for (let i = 0; i < 4000; i++) {
    const id = (i * 7919).toString(16).padStart(8, "0");
    const split = officialSplit(`yes/${id}_nohash_0.wav`);
    assert.equal(officialSplit(`no/${id}_nohash_4.wav`), split);
    counts[split]++;
  }
  assert.ok(counts.val > 300 && counts.val < 500 && counts.test > 300 && counts.test < 500);
  // Recordings of the published test list.
  for (const name of ["go/022cd682_nohash_0.wav", "off/03401e93_nohash_0.wav"]) {
    assert.equal(officialSplit(name), "test");
  }
});

Deno.test("speakerOf() reads the id of words and of unknown words", () => {
  assert.equal(speakerOf("yes/0a7c2a8d_nohash_1.wav"), "0a7c2a8d");
  assert.equal(speakerOf("_unknown_/nine_af405b69_nohash_0.wav.wav"), "af405b69");
  assert.equal(speakerOf("_silence_/1024.wav"), undefined);
});

Deno.test("kws.load() follows the published rule on the training archive, folder or tar", () =>
  inTemporaryFolder(async (folder) => {
    await put(`${folder}/a`, training());
    await put(
      `${folder}/b`,
      new Map([["speech_commands_v0.02.tar.gz", await tarGz(training())]]),
    );
    const raw = await load(kws, `${folder}/a`);
    const { splits, classes, input } = raw;
    assert.deepEqual(input, { h: 250, w: 1, channels: 1 });
    assert.deepEqual(classes.slice(0, 3), ["silence", "unknown", "yes"]);
    for (const split of Object.values(splits)) {
      const counts = classes.map((_, label) => split.y.filter((y) => y === label).length);
      // 20 word clips: 10 % of them are 2.
      assert.deepEqual(counts, classes.map(() => 2));
      assert.ok(split.x.every(Number.isFinite));
    }
    assert.deepEqual(await load(kws, `${folder}/a`), raw);
    const tar = await load(kws, `${folder}/b`);
    assert.deepEqual(tar, raw);
    const other = await load(kws, `${folder}/a`, { seed: 2 });
    assert.notDeepEqual(other.splits.train.x, splits.train.x);
    // Validation words are neither shifted nor noisy: no seed changes them.
    assert.deepEqual(other.splits.val.x.subarray(500, 5500), splits.val.x.subarray(500, 5500));
    assert.match(raw.split_rule, /SHA-1/);
    assert.ok(!raw.provenance.cautions.some((caution) => /not KWS/.test(caution)));
  }));

Deno.test("kws.load() makes copies of training clips only, each with its own disturbance", () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, training());
    const [one, three] = [
      await load(kws, folder),
      await load(kws, folder, { settings: { kws: KwsSettings.parse({ copies: 3 }) } }),
    ];
    assert.equal(three.splits.train.y.length, 3 * one.splits.train.y.length);
    assert.deepEqual(three.splits.test, one.splits.test);
    const size = one.splits.train.x.length;
    assert.deepEqual(three.splits.train.x.subarray(0, size), one.splits.train.x);
    assert.notDeepEqual(three.splits.train.x.subarray(size, 2 * size), one.splits.train.x);
    const series = KwsSettings.parse({ features: "49x10", layout: "series" });
    const wide = await load(kws, folder, { settings: { kws: series } });
    assert.deepEqual(wide.input, { h: 49, w: 1, channels: 10 });
  }));

Deno.test("kws.load() splits a test-set archive by speaker, and calls it no KWS", () =>
  inTemporaryFolder(async (folder) => {
    await put(folder, new Map([["set/x.tar.gz", await tarGz(testSet())]]));
    const { splits, split_rule, provenance } = await load(kws, `${folder}/set/x.tar.gz`);
    const counts = Object.values(splits).map(({ y }) => y.length);
    assert.equal(counts.reduce((a, b) => a + b), 240);
    assert.ok(
      counts[1]! >= 12 && counts[1]! <= 36 && counts[2]! >= 12 && counts[2]! <= 36,
      `${counts}`,
    );
    assert.match(split_rule, /by speaker \(20 speakers/);
    assert.match(provenance.cautions[0]!, /not KWS accuracies/);
  }));

Deno.test("kws.load() names recordings that are missing, cut or of another rate", () =>
  inTemporaryFolder(async (folder) => {
    await refused(() => load(kws, `${folder}/nowhere`), /no such file or folder/);
    await refused(() => load(kws, folder), /does not hold this data set/);
    assert.equal((await kws.problems({ dataDir: folder })).length, 1);
    const files = training();
    for (const name of files.keys()) if (name.startsWith("./go/")) files.delete(name);
    await put(`${folder}/a`, files);
    await refused(() => load(kws, `${folder}/a`), /no recordings of some words/, /"go"/);
    await put(`${folder}/b`, training());
    const name = `yes/${SPEAKERS.test[0]}_nohash_0.wav`;
    await put(`${folder}/b`, new Map([[name, wav(tone(100), 8000)]]));
    await refused(() => load(kws, `${folder}/b`), /yes.*_nohash_0\.wav: has another sample rate/);
    await put(`${folder}/b`, new Map([[name, wav(tone(100)).subarray(0, 900)]]));
    await refused(() => load(kws, `${folder}/b`), /yes.*_nohash_0\.wav: was cut/);
  }));

Deno.test("kws.load() reads ready features, and names those that do not fit", () =>
  inTemporaryFolder(async (folder) => {
    const names = [...testSet().keys()].map((name) => name.slice(2));
    const values = Float32Array.from({ length: names.length * 490 }, (_, i) => i);
    const x = npyBytes.floats(values, [names.length, 49, 10]);
    const archive = (files: Uint8Array, x: Uint8Array) =>
      new Map([[
        "kws_mfcc_49x10_f32.npz",
        zipFiles(new Map([["X.npy", x], ["files.npy", files]])),
      ]]);
    await put(folder, archive(npyBytes.texts(names), x));
    const narrow = await load(kws, folder);
    const settings = { kws: KwsSettings.parse({ features: "49x10" }) };
    const wide = await load(kws, folder, { settings });
    assert.deepEqual([narrow.input.h, wide.input.h], [250, 490]);
    assert.deepEqual(
      [...narrow.splits.test.x.subarray(10, 20)],
      [...wide.splits.test.x.subarray(20, 30)],
    );
    const one = names.map((name) => speakerOf(name));
    const speakers = (split: { x: Float32Array }) =>
      new Set(Array.from({ length: split.x.length / 490 }, (_, i) => one[split.x[i * 490]! / 490]));
    for (const id of speakers(wide.splits.test)) {
      if (id !== undefined) assert.ok(!speakers(wide.splits.train).has(id), `${id}`);
    }
    await put(folder, archive(npyBytes.texts(names.slice(1)), x));
    await refused(() => load(kws, folder), /X\.npy: has another shape/);
    await put(folder, archive(npyBytes.texts(names.map(() => "??")), x));
    await refused(() => load(kws, folder), /files\.npy: names no recording/);
    await refused(
      () => load(kws, folder, { settings: { kws: KwsSettings.parse({ from: "recordings" }) } }),
      /holds no recordings/,
    );
  }));

Deno.test("mixWord() shifts by at most 100 ms, adds noise of at most the volume, pads short clips", () => {
  const clip = new Float32Array(8000).fill(0.5);
  const noise = [new Float32Array(40_000).fill(1)];
  let noisy = 0;
  for (let i = 0; i < 200; i++) {
    const mixed = mixWord(clip, 16_000, noise, KWS_MIXING, new Random(1, `${i}`));
    const volume = mixed[15_999]!;
    if (volume > 0) noisy++;
    assert.ok(volume >= 0 && volume <= 0.1);
    const start = mixed.findIndex((value) => Math.abs(value - 0.5 - volume) < 1e-6);
    assert.ok(start >= 0 && start <= 1600);
  }
  assert.ok(noisy > 130 && noisy < 190, `${noisy} of 200 with noise at frequency 0.8`);
  const quiet = mixWord(clip, 16_000, [], { ...KWS_MIXING, shift_samples: 0 }, new Random(1));
  assert.deepEqual(quiet.subarray(0, 8000), clip);
  assert.ok(mixSilence(16_000, noise, new Random(1))[0]! > 0);
});

const real = realData("kws");
Deno.test({
  name: "kws.load() reads the official test-set recordings and their features",
  ignore: real === undefined,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      await unpack(real!, folder, "speech-commands");
      const features = await load(kws, folder);
      assert.deepEqual(
        Object.values(features.splits).map(({ y }) => y.length),
        [3897, 498, 495],
      );
      const settings = { kws: KwsSettings.parse({ from: "recordings" }) };
      const recordings = await load(kws, folder, { settings });
      assert.equal(
        Object.values(recordings.splits).reduce((sum, { y }) => sum + y.length, 0),
        480,
      );
    }),
});
