import assert from "node:assert/strict";
import { Ladder } from "../../stages/search/ladder.ts";

interface Trial {
  readonly name: string;
  /** Accuracy at rung 1, at rung 2 and at the end. */
  readonly accuracies: readonly number[];
}

const trials: Trial[] = [
  { name: "a", accuracies: [0.5, 0.6, 0.7] },
  { name: "b", accuracies: [0.4, 0.9, 0.9] },
  { name: "c", accuracies: [0.6, 0.5, 0.5] },
  { name: "d", accuracies: [0.7, 0.7, 0.8] },
];
const UNTILS = [1, 2, 4];
const of = ({ accuracies }: Trial, until: number) => ({
  value: accuracies[UNTILS.indexOf(until)]!,
  ended: until === 4,
});

Deno.test("Ladder holds a trial against those before it", () => {
  const ladder = new Ladder<Trial>(UNTILS, 0.5);
  for (const trial of trials) ladder.enter(trial);
  const told = ladder.decide(of).map(({ trial, until, next }) => [trial.name, until, next]);
  // a is alone; b is behind a; c is the best so far; d too. At 2: a alone, c behind a, d above both.
  assert.deepEqual(told, [
    ["a", 1, 2],
    ["b", 1, undefined],
    ["c", 1, 2],
    ["d", 1, 2],
    ["a", 2, 4],
    ["c", 2, undefined],
    ["d", 2, 4],
    ["a", 4, undefined],
    ["d", 4, undefined],
  ]);
  assert.equal(ladder.open, 0);
});

Deno.test("Ladder decides the same whoever is trained first, and never waits for later ones", () => {
  const whole = (order: readonly number[]) => {
    const ladder = new Ladder<Trial>(UNTILS, 0.5);
    for (const trial of trials) ladder.enter(trial);
    const known = new Set<Trial>();
    const decided = new Map<string, number[]>();
    for (const n of order) {
      known.add(trials[n]!);
      const decisions = ladder.decide((trial, until) =>
        known.has(trial) ? of(trial, until) : undefined
      );
      for (const { trial, until } of decisions) {
        decided.set(trial.name, [...decided.get(trial.name) ?? [], until]);
      }
      // The first of the order goes through to its end alone.
      if (order[0] === 0) assert.deepEqual(decided.get("a"), UNTILS);
    }
    assert.equal(ladder.open, 0);
    return Object.fromEntries([...decided].sort());
  };
  const inOrder = whole([0, 1, 2, 3]);
  for (const order of [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]]) {
    assert.deepEqual(whole(order), inOrder);
  }
});

Deno.test("Ladder lets nothing go on that ended by itself", () => {
  const ladder = new Ladder<Trial>(UNTILS, 0.5);
  ladder.enter(trials[0]!);
  const [decision] = ladder.decide(() => ({ value: 1, ended: true }));
  assert.equal(decision!.next, undefined);
});
