import fc from "fast-check";
import assert from "node:assert/strict";
import { decodeImage, resizeImage } from "../../datasets/image.ts";
import { parseNpy, parseNpyStrings } from "../../datasets/npz.ts";
import { parseWav } from "../../datasets/wav.ts";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { npyBytes } from "./npy_bytes.ts";
import { parsesOrRefuses, refused, tone, wav } from "./tools.ts";

/** Any bytes, and a whole file with a few bytes changed or its end missing. */
const damagedFrom = (whole: Uint8Array) =>
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.nat(whole.length).map((end) => whole.slice(0, end)),
    fc.array(fc.tuple(fc.nat(Math.min(whole.length - 1, 200)), fc.nat(255)), { maxLength: 6 }).map(
      (edits) => {
        const bytes = whole.slice();
        for (const [at, value] of edits) bytes[at] = value;
        return bytes;
      },
    ),
  );

Deno.test("parseWav() reads 16-bit samples, skips other chunks, takes the first channel", () => {
  const plain = wav([0, 16384, -32768, 32767]);
  assert.deepEqual([...parseWav(plain, "a.wav").samples], [0, 0.5, -1, 32767 / 32768]);
  const list = new Uint8Array([...new TextEncoder().encode("LIST"), 3, 0, 0, 0, 1, 2, 3, 0]);
  const longer = new Uint8Array([...plain.subarray(0, 12), ...list, ...plain.subarray(12)]);
  assert.deepEqual(parseWav(longer, "a.wav"), parseWav(plain, "a.wav"));
  const stereo = wav([1000, -1, 2000, -1]);
  stereo[22] = 2;
  assert.deepEqual([...parseWav(stereo, "a.wav").samples], [1000 / 32768, 2000 / 32768]);
});

Deno.test("parseWav() names what a file is not", async () => {
  const whole = wav(tone(100, 50));
  await refused(() => parseWav(new Uint8Array(40), "a.wav"), /a\.wav: is no WAV file/);
  await refused(() => parseWav(whole.subarray(0, 100), "a.wav"), /was cut/);
  await refused(() => parseWav(whole.subarray(0, 36), "a.wav"), /no data: it was cut/);
  const other = whole.slice();
  other[34] = 8;
  await refused(() => parseWav(other, "a.wav"), /another encoding/, /16-bit PCM/);
  await refused(() => parseWav(wav([]), "a.wav"), /no samples/);
});

Deno.test("parseNpy() reads the types that NumPy writes", () => {
  const values = [1, 2, 3, 4, 5, 6];
  const arrays = [
    npyBytes.floats(Float32Array.from(values), [2, 3]),
    npyBytes.doubles(Float64Array.from(values), [2, 3]),
    npyBytes.bytes(Uint8Array.from(values), [2, 3]),
    npyBytes.longs(BigInt64Array.from(values, BigInt), [2, 3]),
  ];
  for (const bytes of arrays) {
    const { shape, data } = parseNpy(bytes, "a.npy");
    assert.deepEqual([shape, [...data]], [[2, 3], values]);
  }
  assert.deepEqual(parseNpyStrings(npyBytes.texts(["yes", "", "no"]), "s.npy"), ["yes", "", "no"]);
});

Deno.test("parseNpy() names what an array is not", async () => {
  const floats = npyBytes.floats(new Float32Array(6), [2, 3]);
  await refused(() => parseNpy(floats.subarray(0, floats.length - 4), "a"), /a: was cut/);
  await refused(() => parseNpy(npyBytes.floats(new Float32Array(7), [2, 3]), "a"), /longer/);
  await refused(() => parseNpy(npyBytes.texts(["x"]), "a"), /no real numbers/);
  await refused(() => parseNpy(new Uint8Array(50), "a"), /cannot be read/);
  const big = npyBytes.longs(BigInt64Array.from([2n ** 60n + 1n]), [1]);
  await refused(() => parseNpy(big, "a"), /element 0 is too large/);
  await refused(() => parseNpyStrings(floats, "a"), /no list of texts/);
});

Deno.test("decodeImage() reads grey, colour, palette and packed PNG", () => {
  const grey = encodePng({
    width: 2,
    height: 1,
    channels: 1,
    depth: 8,
    data: Uint8Array.of(0, 255),
  });
  assert.deepEqual({ ...decodeImage(grey, "a.png") }, {
    h: 1,
    w: 2,
    channels: 1,
    data: Float32Array.of(0, 1),
  });
  const rgba = encodePng({
    width: 1,
    height: 1,
    channels: 4,
    depth: 8,
    data: Uint8Array.of(255, 51, 0, 9),
  });
  const { channels, data } = decodeImage(rgba, "a.png");
  assert.deepEqual([channels, ...data], [3, 1, Math.fround(0.2), 0]);
  const deep = encodePng({
    width: 1,
    height: 1,
    channels: 1,
    depth: 16,
    data: Uint16Array.of(13107),
  });
  assert.equal(decodeImage(deep, "a.png").data[0], Math.fround(0.2));
});

Deno.test("decodeImage() reads JPEG, and says what is neither", async () => {
  const data = new Uint8Array(4 * 16 * 16).fill(200);
  const { data: bytes } = jpeg.encode({ width: 16, height: 16, data }, 90);
  const image = decodeImage(new Uint8Array(bytes), "a.jpg");
  assert.deepEqual([image.h, image.w, image.channels], [16, 16, 3]);
  assert.ok(image.data.every((value) => Math.abs(value - 200 / 255) < 0.03));
  await refused(() => decodeImage(new Uint8Array(50), "a.gif"), /a\.gif: is neither/);
  await refused(() => decodeImage(new Uint8Array(bytes).slice(0, 200), "a.jpg"), /cannot be read/);
});

Deno.test("resizeImage() keeps the mean, and what is not resized", () => {
  const image = {
    h: 6,
    w: 9,
    channels: 1 as const,
    data: Float32Array.from({ length: 54 }, (_, i) => i % 7),
  };
  const mean = (data: Float32Array) => data.reduce((a, b) => a + b) / data.length;
  for (const [h, w] of [[3, 3], [4, 5], [12, 18], [1, 1]] as const) {
    const resized = resizeImage(image, h, w);
    assert.equal(resized.data.length, h * w);
    assert.ok(Math.abs(mean(resized.data) - mean(image.data)) < 1e-5);
  }
  assert.equal(resizeImage(image, 6, 9), image);
});

Deno.test("parsers of files read or refuse any bytes", () => {
  const sound = wav(tone(100, 40));
  const array = npyBytes.floats(new Float32Array(6), [2, 3]);
  const texts = npyBytes.texts(["yes", "no"]);
  const png = encodePng({ width: 3, height: 3, channels: 1, depth: 8, data: new Uint8Array(9) });
  const pixels = { width: 8, height: 8, data: new Uint8Array(256).fill(90) };
  const jpg = new Uint8Array(jpeg.encode(pixels, 50).data);
  const cases: [Uint8Array, (bytes: Uint8Array) => unknown, number][] = [
    [sound, (bytes) => parseWav(bytes, "f"), 800],
    [array, (bytes) => parseNpy(bytes, "f"), 800],
    [texts, (bytes) => parseNpyStrings(bytes, "f"), 800],
    [png, (bytes) => decodeImage(bytes, "f"), 300],
    [jpg, (bytes) => decodeImage(bytes, "f"), 300],
  ];
  for (const [whole, parse, numRuns] of cases) {
    assert.notEqual(parsesOrRefuses(() => parse(whole)), undefined);
    fc.assert(
      fc.property(damagedFrom(whole), (bytes) => {
        parsesOrRefuses(() => parse(bytes));
      }),
      { numRuns },
    );
  }
});
