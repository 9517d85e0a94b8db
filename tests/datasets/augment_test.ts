import fc from "fast-check";
import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { augmentSamples } from "../../datasets/augment.ts";
import { holdOutByClass, holdOutByGroup } from "../../datasets/hold_out.ts";

const IMAGE = { kind: "image", crop_pixels: 2, flip: true } as const;
const SERIES = { kind: "series", step_elements: 3, shift_steps: 2, noise: 0 } as const;

Deno.test("augmentSamples() gives equal bytes for equal seeds, and others for others", () => {
  const make = () => Float32Array.from({ length: 4 * 6 * 6 * 3 }, (_, i) => i + 1);
  const shape = { h: 6, w: 6, channels: 3 };
  const disturbed = (seed: number) => {
    const x = make();
    augmentSamples(x, shape, IMAGE, new Random(seed));
    return x;
  };
  assert.deepEqual(disturbed(1), disturbed(1));
  assert.notDeepEqual(disturbed(1), disturbed(2));
  assert.notDeepEqual(disturbed(1), make());
});

Deno.test("augmentSamples() only moves pixels as a whole, and fills with the mean", () => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    const [h, w] = [5, 7];
    const x = Float32Array.from({ length: h * w * 2 }, (_, i) => i + 1);
    augmentSamples(x, { h, w, channels: 2 }, IMAGE, new Random(seed));
    const seen = new Set<string>();
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        const at = 2 * (row * w + column);
        if (x[at] === 0) {
          assert.equal(x[at + 1], 0);
          continue;
        }
        const from = (x[at]! - 1) / 2;
        assert.equal(x[at + 1], x[at]! + 1);
        const [fromRow, fromColumn] = [Math.floor(from / w), from % w];
        seen.add(`${row - fromRow}:${column - fromColumn}:${column + fromColumn}`);
        assert.ok(Math.abs(row - fromRow) <= 2);
      }
    }
    // One shift for the whole image, straight or mirrored.
    const parts = [...seen].map((part) => part.split(":"));
    assert.equal(new Set(parts.map(([down]) => down)).size, 1);
    const [straight, mirrored] = [1, 2].map((k) => new Set(parts.map((part) => part[k])).size);
    assert.ok(straight === 1 || mirrored === 1);
  }));
});

Deno.test("augmentSamples() shifts series by whole steps, adds noise of the deviation asked for", () => {
  const shifts = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const x = Float32Array.from({ length: 8 * 3 }, (_, i) => i + 1);
    augmentSamples(x, { h: 24, w: 1, channels: 1 }, SERIES, new Random(seed));
    const at = x.findIndex((value) => value !== 0);
    const shift = (at - (x[at]! - 1)) / 3;
    shifts.add(shift);
    for (let i = 0; i < 24; i++) {
      const from = i - 3 * shift;
      assert.equal(x[i], from >= 0 && from < 24 ? from + 1 : 0);
    }
  }
  assert.deepEqual([...shifts].sort((a, b) => a - b), [-2, -1, 0, 1, 2]);
  const x = new Float32Array(30_000);
  const noisy = { ...SERIES, shift_steps: 0, noise: 0.5 };
  augmentSamples(x, { h: 100, w: 1, channels: 3 }, noisy, new Random(1));
  const deviation = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  assert.ok(Math.abs(deviation - 0.5) < 0.01, `${deviation}`);
});

Deno.test("augmentSamples() refuses what is no whole sample or step", () => {
  const shape = { h: 4, w: 1, channels: 1 };
  assert.throws(
    () => augmentSamples(new Float32Array(7), shape, SERIES, new Random(1)),
    RangeError,
  );
  assert.throws(
    () => augmentSamples(new Float32Array(8), shape, SERIES, new Random(1)),
    RangeError,
  );
});

const labels = fc.array(fc.nat(3), { minLength: 4, maxLength: 60 }).map((y) => Int32Array.from(y));

Deno.test("holdOutByClass() divides without loss and keeps something of every class", () => {
  fc.assert(fc.property(labels, fc.double({ min: 0.01, max: 0.9, noNaN: true }), (y, share) => {
    const all = [...y.keys()];
    const { kept, held } = holdOutByClass(y, all, share, new Random(1));
    assert.deepEqual([...kept, ...held].sort((a, b) => a - b), all);
    for (const label of new Set(y)) {
      const [k, h] = [kept, held].map((part) => part.filter((i) => y[i] === label).length);
      assert.ok(k! >= 1 && (h! >= 1 || k! + h! < 2), `${label}: ${k} kept, ${h} held`);
    }
  }));
});

Deno.test("holdOutByGroup() never divides a group", () => {
  const groups = labels.map((y) => Array.from(y, String));
  fc.assert(fc.property(groups, fc.double({ min: 0.05, max: 0.6, noNaN: true }), (names, share) => {
    const all = [...names.keys()];
    const { kept, held, names: drawn } = holdOutByGroup(names, all, share, new Random(1));
    assert.deepEqual([...kept, ...held].sort((a, b) => a - b), all);
    const inside = new Set(held.map((i) => names[i]!));
    assert.deepEqual([...inside].sort(), drawn);
    assert.ok(kept.every((i) => !inside.has(names[i]!)));
    assert.ok(kept.length > 0);
    if (new Set(names).size > 1) assert.ok(held.length > 0);
  }));
});
