import assert from "node:assert/strict";
import { zipSource } from "../../datasets/file_source.ts";
import { frameCount, KWS_MFCC, KWS_MFCC_49, mfcc, type MfccSettings } from "../../datasets/mfcc.ts";
import { parseNpy, parseNpyStrings } from "../../datasets/npz.ts";
import { tarSource } from "../../datasets/tar.ts";
import { parseWav } from "../../datasets/wav.ts";
import { realData, tone } from "./tools.ts";

/** The same by its definition: a plain discrete Fourier transform, triangles by their corners. */
function slowFrame(samples: Float32Array, frame: number, settings: MfccSettings): number[] {
  const { window_samples: n, stride_samples, rate_Hz, mel_bands, low_Hz, high_Hz } = settings;
  const points = 2 ** Math.ceil(Math.log2(n));
  const windowed = Array.from(
    { length: n },
    (_, i) => (samples[frame * stride_samples + i] ?? 0) * Math.sin(Math.PI * i / n) ** 2,
  );
  const magnitude = Array.from({ length: points / 2 + 1 }, (_, k) => {
    let [re, im] = [0, 0];
    windowed.forEach((value, i) => {
      re += value * Math.cos(2 * Math.PI * k * i / points);
      im -= value * Math.sin(2 * Math.PI * k * i / points);
    });
    return Math.hypot(re, im);
  });
  const mel = (f: number) => 1127 * Math.log(1 + f / 700);
  const step = (mel(high_Hz) - mel(low_Hz)) / (mel_bands + 1);
  const logs = Array.from({ length: mel_bands }, (_, band) => {
    const centre = mel(low_Hz) + step * (band + 1);
    let energy = 0;
    for (let k = 1; k <= points / 2; k++) {
      energy += magnitude[k]! *
        Math.max(0, 1 - Math.abs(mel(k * rate_Hz / points) - centre) / step);
    }
    return Math.log(energy + 1e-6);
  });
  return Array.from(
    { length: settings.coefficients },
    (_, k) =>
      logs.reduce(
        (sum, value, i) => sum + value * Math.cos(Math.PI * k * (i + 0.5) / mel_bands),
        0,
      ) * Math.sqrt(2 / mel_bands),
  );
}

Deno.test("mfcc() equals the definition", () => {
  for (const settings of [KWS_MFCC, KWS_MFCC_49]) {
    const samples = Float32Array.from(tone(440), (value, i) => value / 32768 + (i % 17) / 500);
    const features = mfcc(settings)(samples);
    assert.equal(features.length, frameCount(settings) * 10);
    for (const frame of [0, 7]) {
      slowFrame(samples, frame, settings).forEach((expected, k) =>
        assert.ok(Math.abs(features[frame * 10 + k]! - expected) < 1e-4, `${frame} ${k}`)
      );
    }
  }
  assert.deepEqual([frameCount(KWS_MFCC), frameCount(KWS_MFCC_49)], [25, 49]);
});

Deno.test("mfcc() pads short clips with silence and ignores what is beyond a long one", () => {
  const features = mfcc(KWS_MFCC);
  const samples = Float32Array.from(tone(300), (value) => value / 32768);
  const padded = new Float32Array(16_000);
  padded.set(samples.subarray(0, 5000));
  assert.deepEqual(features(samples.subarray(0, 5000)), features(padded));
  const long = new Float32Array(20_000).fill(0.3);
  long.set(samples);
  assert.deepEqual(features(long), features(samples));
});

Deno.test("mfcc() refuses settings that make no sense", () => {
  assert.throws(() => mfcc({ ...KWS_MFCC, window_samples: 17_000 }), RangeError);
  assert.throws(() => mfcc({ ...KWS_MFCC, coefficients: 41 }), RangeError);
});

const real = realData("mfcc");
Deno.test({
  name: "mfcc() gives the features that others computed for the official recordings",
  ignore: real === undefined,
  async fn() {
    const folder = `${real}/speech-commands`;
    const npz = await zipSource(await Deno.readFile(`${folder}/kws_mfcc_49x10_f32.npz`), "npz");
    const x = parseNpy(await npz.read("X.npy"), "X");
    const files = parseNpyStrings(await npz.read("files.npy"), "files");
    const recordings = await tarSource(
      `${folder}/speech_commands_test_set_v0.02_subset480.tar.gz`,
      (name) => name.endsWith(".wav"),
    );
    const names = await recordings.list();
    assert.equal(names.length, 480);
    const features = mfcc(KWS_MFCC_49);
    for (const name of names) {
      const found = features(parseWav(await recordings.read(name), name).samples);
      const at = files.indexOf(name) * 490;
      assert.ok(at >= 0, name);
      found.forEach((value, i) =>
        assert.ok(Math.abs(value - x.data[at + i]!) < 2e-3, `${name} ${i}: ${value}`)
      );
    }
  },
});
