/**
 * What every search method must keep to; run it on your own as well:
 *
 * ```ts
 * for (const { name, check } of conformance(make)) Deno.test(`mine ${name}`, check);
 * ```
 */
import assert from "node:assert/strict";
import { indicesOf } from "../../../stages/search/sampler.ts";
import type { Searcher, SearcherSetting, Told } from "../../../stages/search/searchers/searcher.ts";

export type Make = (setting: SearcherSetting) => Searcher;

const RADICES = [4, 3, 4, 2];
const SIZE = 4 * 3 * 4 * 2;

export function setting(overrides: Partial<SearcherSetting> = {}): SearcherSetting {
  return {
    radices: RADICES,
    seed: 7,
    trials: 30,
    requirement_s: 12,
    ranked: Array.from({ length: SIZE }, (_, number) => indicesOf((7 * number) % SIZE, RADICES)),
    exists: () => true,
    ...overrides,
  };
}

/** A world in which latency grows with every index, and accuracy with most. */
export function outcome(indices: readonly number[], requirement_s = 12): Told {
  const [a, b, c, d] = indices as [number, number, number, number];
  const latency_s = 1 + 2 * a + 3 * b + c;
  const cannot = a === 3 && d === 1;
  const late = latency_s > requirement_s;
  return {
    indices,
    rejected: cannot
      ? { binding: "energy", violation: 1e-6 }
      : late
      ? { binding: "latency", violation: latency_s - requirement_s }
      : null,
    latency_s: cannot ? null : latency_s,
    energy_J: cannot ? null : latency_s * 1e-3,
    accuracy: cannot || late ? null : 0.5 + 0.08 * a + 0.05 * b + 0.04 * c - 0.02 * d,
  };
}

/** Asks until the method has no more or `most` networks were asked for. */
export function play(
  searcher: Searcher,
  most = 60,
  tell: (indices: readonly number[]) => Told = outcome,
): readonly (readonly number[])[] {
  const asked: (readonly number[])[] = [];
  while (asked.length < most) {
    const batch = searcher.ask();
    if (batch.length === 0) break;
    asked.push(...batch);
    searcher.tell(batch.map((indices) => tell(indices)));
  }
  return asked;
}

export function conformance(make: Make): { name: string; check(): void }[] {
  return [{
    name: "asks only for what exists, inside every decision",
    check() {
      const exists = (indices: readonly number[]) => indices[0] !== 2;
      for (const indices of play(make(setting({ exists })))) {
        assert.equal(indices.length, RADICES.length);
        indices.forEach((index, i) => {
          assert.ok(Number.isInteger(index) && index >= 0 && index < RADICES[i]!, `${indices}`);
        });
        assert.ok(exists(indices), `${indices} cannot be built`);
      }
    },
  }, {
    name: "asks for the same again with the same seed and tellings",
    check() {
      assert.deepEqual(play(make(setting())), play(make(setting())));
    },
  }, {
    name: "does not ask twice for one network, unless it says so",
    check() {
      const searcher = make(setting());
      const names = play(searcher, 200).map((indices) => indices.join());
      if (!searcher.repeats) assert.equal(new Set(names).size, names.length);
    },
  }, {
    name: "comes to an end",
    check() {
      const searcher = make(setting());
      const asked = play(searcher, 10 * SIZE);
      assert.ok(asked.length > 0);
      assert.ok(asked.length <= (searcher.counts === "asked" ? 30 : SIZE));
      assert.deepEqual(searcher.ask(), []);
    },
  }, {
    name: "asks ahead for what it would ask for anyway, if it says so",
    check() {
      const ahead = make(setting());
      if (!ahead.ahead) return;
      const asked: (readonly number[])[] = [];
      for (let batch = ahead.ask(); batch.length > 0; batch = ahead.ask()) asked.push(...batch);
      assert.deepEqual(asked, play(make(setting()), Infinity));
    },
  }, {
    name: "goes on where nothing fits",
    check() {
      const nothing = (indices: readonly number[]): Told => ({
        indices,
        rejected: { binding: "energy", violation: 1 },
        latency_s: null,
        energy_J: null,
        accuracy: null,
      });
      assert.ok(play(make(setting()), 25, nothing).length >= 15);
    },
  }];
}
