/** iNAS's search (TECS 2021): {@link Controller} and {@link Reward}, one network after the other. */
import { Random } from "../../../base/random.ts";
import { Controller } from "./controller.ts";
import { Reward } from "./reward.ts";
import type { Searcher, SearcherSetting, Step, Told } from "./searcher.ts";

/** Share of trials in which every decision is drawn at random. */
const EXPLORATION = 0.1;

export class Reinforce implements Searcher {
  readonly ahead = false;
  readonly counts = "asked";
  readonly repeats = true;
  readonly #setting: SearcherSetting;
  readonly #controller: Controller;
  readonly #reward: Reward;
  readonly #random: Random;
  readonly #steps: Step[] = [];
  #pending: { indices: readonly number[]; action: string } | undefined;
  #last: readonly number[] | undefined;
  #inARow = 1;
  #trials = 0;

  constructor(setting: SearcherSetting) {
    this.#setting = setting;
    this.#controller = new Controller(setting.radices, setting.seed);
    this.#reward = new Reward(setting.requirement_s);
    this.#random = new Random(setting.seed, "search/reinforce");
  }

  /**
   * One network. An action that repeats the last one moves on without a trial; one that cannot be built
   * uses up a trial without being asked for.
   */
  ask(): readonly (readonly number[])[] {
    if (this.#pending !== undefined) return [];
    while (this.#trials < this.#setting.trials) {
      const explores = this.#random.uniform() < EXPLORATION;
      let indices = explores ? this.#draw() : this.#controller.decide();
      let action = explores ? "random" : "policy";
      if (this.#last !== undefined && equal(indices, this.#last)) {
        this.#reward.repeated();
        this.#inARow++;
        if (this.#inARow === 2) {
          this.#steps.push({ indices, action: "repeated", reward: null });
          continue;
        }
        indices = this.#draw();
        action = "random";
      }
      this.#last = indices;
      this.#inARow = 1;
      if (!this.#setting.exists(indices)) {
        this.#take({ indices, action }, this.#reward.of(UNBUILDABLE));
        continue;
      }
      this.#pending = { indices, action };
      return [indices];
    }
    return [];
  }

  tell(results: readonly Told[]): void {
    for (const result of results) {
      this.#take(this.#pending!, this.#reward.of(result));
      this.#pending = undefined;
    }
  }

  history(): readonly Step[] {
    return this.#steps;
  }

  #take(step: { indices: readonly number[]; action: string }, reward: number): void {
    this.#trials++;
    this.#steps.push({ ...step, reward });
    this.#controller.learn(step.indices, reward);
  }

  #draw(): number[] {
    return this.#setting.radices.map((choices) => this.#random.int(choices));
  }
}

const UNBUILDABLE = { latency_s: null, accuracy: null, rejected: null };

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value === b[i]);
}
