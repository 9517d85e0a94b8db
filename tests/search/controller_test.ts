import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { Controller } from "../../stages/search/searchers/controller.ts";
import { Reinforce } from "../../stages/search/searchers/reinforce.ts";
import { Reward } from "../../stages/search/searchers/reward.ts";
import { setting } from "./conformance/suite.ts";

const RADICES = [4, 4, 3];
const KINDS = [0, 0, 1];
const ACTIONS = [2, 0, 1];
const FIRST = [0, 0, 3, 0];

Deno.test("Controller.gradient() equals finite differences of its loss", () => {
  const controller = new Controller({ radices: RADICES, kinds: KINDS }, 5);
  const gradient = controller.gradient(ACTIONS, 0.7, FIRST);
  const random = new Random(1, "places");
  const places = Array.from({ length: 400 }, () => random.int(controller.weights.length));
  const step = 1e-5;
  for (const place of places) {
    const weight = controller.weights[place]!;
    const at = (value: number) => {
      controller.weights[place] = value;
      return controller.loss(ACTIONS, 0.7, FIRST);
    };
    const difference = (at(weight + step) - at(weight - step)) / (2 * step);
    controller.weights[place] = weight;
    assert.ok(
      Math.abs(difference - gradient[place]!) < 1e-7 + 1e-5 * Math.abs(difference),
      `weight ${place}: ${gradient[place]} instead of ${difference}`,
    );
  }
});

Deno.test("Controller.gradient() is not that of another action", () => {
  const controller = new Controller({ radices: RADICES, kinds: KINDS }, 5);
  assert.notDeepEqual(controller.gradient([1, 0, 1], 0.7), controller.gradient(ACTIONS, 0.7));
});

Deno.test("Controller.learn() makes rewarded actions likelier and punished ones less so", () => {
  for (const reward of [0.1, -0.1]) {
    const controller = new Controller({ radices: RADICES, kinds: KINDS }, 5);
    const chance = () =>
      controller.probabilities().reduce((product, p, i) => product * p[ACTIONS[i]!]!, 1);
    const before = chance();
    controller.learn(ACTIONS, reward);
    assert.ok((chance() - before) * reward > 0);
  }
});

Deno.test("Controller decides by its likeliest choices, the same for the same seed", () => {
  const controller = new Controller({ radices: RADICES, kinds: KINDS }, 6);
  const decided = controller.decide();
  controller.probabilities().forEach((p, i) => assert.equal(p[decided[i]!], Math.max(...p)));
  assert.deepEqual(
    new Controller({ radices: RADICES, kinds: KINDS }, 6).weights,
    controller.weights,
  );
});

const trained = (accuracy: number, latency_s: number) => ({ accuracy, latency_s, rejected: null });
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} instead of ${expected}`);

Deno.test("Reward.of() is -0.1 for what cannot run and for what is late, however little", () => {
  const reward = new Reward(10);
  const energy = { binding: "energy" as const, violation: 1 };
  near(reward.of({ accuracy: null, latency_s: null, rejected: energy }), -0.1);
  near(reward.of({ accuracy: null, latency_s: null, rejected: null }), -0.1);
  const late = { binding: "latency" as const, violation: 1 };
  // clip((10 - 10.001) / 100 - 1) and clip((10 - 1000) / 100 - 1)
  near(reward.of({ accuracy: null, latency_s: 10.001, rejected: late }), -0.1);
  near(reward.of({ accuracy: null, latency_s: 1000, rejected: late }), -0.1);
  near(reward.movingAccuracy, 0);
});

Deno.test("Reward.of() holds accuracy against its moving average, latency added", () => {
  const reward = new Reward(10);
  // First: 0.8 - 0 + 4 / 100 = 0.84, cut at 0.1; the average becomes 0.8 by the correction.
  near(reward.of(trained(0.8, 4)), 0.1);
  near(reward.movingAccuracy, 0.8);
  // 0.83 - 0.8 + 5 / 100 = 0.08; then 0.8 x 0.8 + 0.2 x 0.83 = 0.806.
  near(reward.of(trained(0.83, 5)), 0.08);
  near(reward.movingAccuracy, 0.806);
  // 0.7 - 0.806 + 2 / 100 = -0.086; then 0.8 x 0.806 + 0.2 x 0.7 = 0.7848.
  near(reward.of(trained(0.7, 2)), -0.086);
  near(reward.movingAccuracy, 0.7848);
  // 0.6 - 0.7848 + 0 is cut at -0.1.
  near(reward.of(trained(0.6, 0)), -0.1);
});

Deno.test("Reward.repeated() raises the bar by a fifth", () => {
  const reward = new Reward(10);
  reward.of(trained(0.8, 4));
  reward.repeated();
  near(reward.movingAccuracy, 0.96);
  // 0.95 - 0.96 + 3 / 100 = 0.02
  near(reward.of(trained(0.95, 3)), 0.02);
});

Deno.test("Reward.of() without a requirement is accuracy alone", () => {
  const reward = new Reward(Infinity);
  reward.of(trained(0.5, 1000));
  near(reward.of(trained(0.55, 2000)), 0.05);
});

Deno.test("Controller pushes choice k of a softmax by k + 1, and shrinks weights by the reward", () => {
  const controller = new Controller({ radices: [3] }, 4);
  const [p] = controller.probabilities();
  const biases = controller.weights.length - 3;
  const at = (action: number, reward: number) =>
    controller.gradient([action], reward).slice(biases);
  // Biases are 0 at the start: nothing of L2.
  at(2, 0.1).forEach((g, k) => near(g, 0.1 * (p![k]! - (k === 2 ? 3 : 0))));
  at(0, -0.1).forEach((g, k) => near(g, -0.1 * (p![k]! - (k === 0 ? 1 : 0))));
  // Embedding rows that no step has read: 2 x 1e-3 x reward x weight.
  const unread = 53 * 128 + 20;
  near(controller.gradient([2], 0.1)[unread]!, 2e-4 * controller.weights[unread]!);
});

Deno.test("Controller reads behind a random action what was chosen, behind its own nothing", () => {
  const controller = new Controller({ radices: [4, 4], kinds: [0, 0] }, 4);
  assert.deepEqual(controller.chosen([2, 0]), [0, 0, 3, 0]);
  assert.deepEqual(controller.act([0, 0, 3, 0]).first, [0, 0, 0, 0]);
  assert.notDeepEqual(controller.probabilities([0, 0, 3, 0]), controller.probabilities());
});

Deno.test("Reinforce judges an action that repeats once more, and draws where it comes a third time", () => {
  // One decision with one choice: every action repeats, and drawing changes nothing.
  const searcher = new Reinforce(setting({ radices: [1], trials: 5 }));
  for (let batch = searcher.ask(); batch.length > 0; batch = searcher.ask()) {
    searcher.tell([{ ...trained(0.5, 1), indices: batch[0]!, energy_J: null }]);
  }
  const steps = searcher.history();
  assert.deepEqual(
    steps.map(({ action }) => action).slice(1),
    ["repeated", "random", "repeated", "random"],
  );
  // The average was 0.5, the bar is 0.6: 0.5 - 0.6 + 1 / 120.
  near(steps[1]!.reward!, 0.5 - 0.6 + 1 / 120);
});

Deno.test("Reinforce uses up a trial with a network that cannot be built", () => {
  const searcher = new Reinforce(setting({ trials: 4, exists: () => false }));
  assert.deepEqual(searcher.ask(), []);
  const rewards = searcher.history().flatMap(({ reward }) => reward ?? []);
  assert.equal(searcher.history().length, 4);
  assert.ok(rewards.length > 0 && rewards.every((reward) => reward === -0.1));
});

Deno.test("Reinforce draws every decision of about a tenth of its trials", () => {
  const searcher = new Reinforce(setting({ trials: 400, radices: [8, 8, 8, 8] }));
  let accuracy = 0;
  for (let batch = searcher.ask(); batch.length > 0; batch = searcher.ask()) {
    // Ever changing rewards keep the policy moving, so that few actions repeat.
    accuracy = accuracy === 0 ? 1 : 0;
    searcher.tell([{ ...trained(accuracy, 1), indices: batch[0]!, energy_J: null }]);
  }
  const steps = searcher.history();
  const repeated = steps.filter(({ action }) => action === "repeated").length;
  const random = steps.filter(({ action }) => action === "random").length;
  // Every second repeat leads to one draw more.
  assert.ok(random >= 20 && random <= 70 + repeated, `${random} of ${steps.length}`);
});
