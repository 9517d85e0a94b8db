import assert from "node:assert/strict";
import { searchers } from "../../../stages/search/searchers/registry.ts";
import type { Searcher } from "../../../stages/search/searchers/searcher.ts";
import { conformance, outcome, play, setting } from "./suite.ts";

for (const [name, make] of Object.entries(searchers)) {
  for (const { name: rule, check } of conformance(make)) Deno.test(`${name} ${rule}`, check);
}

/** Breaks the rules that its name says. */
const broken: Record<string, (searcher: Searcher) => Partial<Searcher>> = {
  "asks only for what exists, inside every decision": () => ({ ask: () => [[9, 0, 0, 0]] }),
  "asks for the same again with the same seed and tellings": () => ({
    ask: () => [[Math.floor(4 * Math.random()), Math.floor(3 * Math.random()), 0, 0]],
  }),
  "does not ask twice for one network, unless it says so": () => ({ ask: () => [[0, 0, 0, 0]] }),
  "comes to an end": () => ({ ask: () => [[0, 0, 0, 0]] }),
  "goes on where nothing fits": (searcher) => {
    let told = false;
    return {
      ask: () => told ? [] : searcher.ask(),
      tell: (results) => {
        told = results.some(({ rejected }) => rejected !== null);
      },
    };
  },
};

for (const [rule, breaks] of Object.entries(broken)) {
  Deno.test(`conformance() notices a method that breaks: ${rule}`, () => {
    const make = () => {
      const inner = searchers.random(setting());
      const { ask, tell } = { ask: () => inner.ask(), tell: () => {}, ...breaks(inner) };
      return { ahead: false, counts: "trained" as const, repeats: false, ask, tell };
    };
    const { check } = conformance(make).find(({ name }) => name === rule)!;
    assert.throws(check);
  });
}

Deno.test("Evolution beats random search on average, and asks for less that cannot run", () => {
  const requirement_s = 20;
  const results = (name: "evolution" | "random") =>
    Array.from({ length: 10 }, (_, seed) => {
      const searcher = searchers[name](setting({ seed, radices: [6, 6, 6, 2] }));
      return play(searcher, 64, (indices) => outcome(indices, requirement_s)).slice(0, 64)
        .map((indices) => outcome(indices, requirement_s));
    });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const best = (told: ReturnType<typeof results>) =>
    mean(told.map((some) => Math.max(...some.map(({ accuracy }) => accuracy ?? 0))));
  const fit = (told: ReturnType<typeof results>) =>
    mean(told.map((some) => some.filter(({ rejected }) => rejected === null).length));
  const [evolution, random] = [results("evolution"), results("random")];
  assert.ok(best(evolution) > best(random), `${best(evolution)} against ${best(random)}`);
  assert.ok(fit(evolution) > fit(random), `${fit(evolution)} against ${fit(random)}`);
});

Deno.test("Exhaustive asks for every network once", () => {
  const asked = play(searchers.exhaustive(setting()), Infinity);
  assert.equal(new Set(asked.map(String)).size, 96);
});
