import assert from "node:assert/strict";
import { explorerSignature, FIXTURES } from "../../bench/explorer_signature.ts";

/** A commit that changes what the explorer answers changes this line, and says so. */
const CHECKSUM = "3e83ca9934cbafee";

/** Exact numbers of designs: published, and full. */
const COUNTS: Record<string, [number, number]> = {
  "cifar conv 3x3 on 32x32x3, 24": [4736, 29370816],
  "cifar conv 5x5 on 24x24x24, 24": [22968, 100915200],
  "conv 3x3 padded, stride 2, 17x11x6, 10": [816, 911016],
  "har conv 5x1 on 128x1x9, 16": [195, 5022360],
  "kws fc 250, 96": [453, 6181164],
  "pool of 15x13x7": [1, 153846],
  "depthwise 3x3 padded on 20x18x12": [1944, 519600],
  "max pool 2x2, stride 2, of 25x14x10": [288, 77672],
  "avg pool 3x3 padded, stride 2, of 15x15x8": [480, 43008],
  "add of 16x9x6": [465, 85776],
  "concat of 12x12x5, twice": [1116, 143752],
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
      // One row and one column of outputs: N steps over input tiles, R and C make one turn.
      assert.equal(6 * n * trips(h) * trips(w) + h * w * (6 * trips(n) + 12 * n), full);
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
    const joins = layer["inputs"] !== undefined;
    const R = joins ? h : Math.floor((h + pad - kh) / sh) + 1;
    const C = joins ? w : Math.floor((w + pad - kw) / sw) + 1;
    // Channelwise layers: the N loop makes one turn, and no MAC span is to choose.
    const summing = layer["type"] === "conv" || layer["type"] === "fc";
    const M = layer["channels"] as number ?? (layer["type"] === "concat" ? 2 * n : n);
    const N = summing ? n : 1;
    const tiles = R * C * M * N;
    const orders = 6 * trips(N) / N + 6 * trips(M) / M + 4 * trips(R) / R +
      4 * trips(C) / C +
      4 * trips(R) * trips(C) / (R * C);
    assert.equal(Math.round((summing ? 3 : 1) * tiles * orders), full, name);
  }
});
