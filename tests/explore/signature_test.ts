import assert from "node:assert/strict";
import { explorerSignature, FIXTURES } from "../../bench/explorer_signature.ts";

/** A commit that changes what the explorer answers changes this line, and says so. */
const CHECKSUM = "007c062c18069946";

/** Exact numbers of designs: published, and full. */
const COUNTS: Record<string, [number, number]> = {
  "cifar conv 3x3 on 32x32x3, 24": [4736, 29370816],
  "cifar conv 5x5 on 24x24x24, 24": [22968, 100915200],
  "conv 3x3 padded, stride 2, 17x11x6, 10": [816, 911016],
  "har conv 5x1 on 128x1x9, 16": [195, 5022360],
  "kws fc 250, 96": [453, 6181164],
  "pool of 15x13x7": [1, 112896],
};

Deno.test("explorerSignature() is what it was, for 1, 2 and 8 threads", async () => {
  for (const threads of [1, 2, 8]) {
    const { checksum, counts } = await explorerSignature(threads);
    for (const [name, { published, full }] of Object.entries(counts)) {
      assert.deepEqual([published, full], COUNTS[name], name);
    }
    assert.equal(checksum, CHECKSUM);
  }
});

Deno.test("the full space has the designs that its axes multiply to", () => {
  const sum = (size: number, of: (trips: number) => number) => {
    let total = 0;
    for (let tile = 1; tile <= size; tile++) {
      total += of(Math.ceil(size / tile));
    }
    return total;
  };
  const trips = (size: number) => sum(size, (count) => count);
  for (const [name, [, full]] of Object.entries(COUNTS)) {
    const { input: { h, w, channels: n }, layer } = FIXTURES[name]!;
    if (layer["type"] === "global_avg_pool") {
      assert.equal(6 * n * trips(h) * trips(w), full);
      continue;
    }
    const { h: kh, w: kw } = (layer["kernel"] ?? { h, w }) as {
      h: number;
      w: number;
    };
    const { h: sh, w: sw } = (layer["stride"] ?? { h: 1, w: 1 }) as {
      h: number;
      w: number;
    };
    const pad = layer["padding"] === undefined ? 0 : 2;
    const R = Math.floor((h + pad - kh) / sh) + 1,
      C = Math.floor((w + pad - kw) / sw) + 1;
    const M = layer["channels"] as number;
    const N = n;
    const tiles = R * C * M * N;
    const orders = 6 * trips(N) / N + 6 * trips(M) / M + 4 * trips(R) / R +
      4 * trips(C) / C +
      4 * trips(R) * trips(C) / (R * C);
    assert.equal(Math.round(3 * tiles * orders), full, name);
  }
});
