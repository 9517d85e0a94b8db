/** iNAS's search (TECS 2021): {@link Controller} and {@link Reward}, one network after the other. */
import { Random } from "../../../base/random.ts";
import { Controller } from "./controller.ts";
import { Reward } from "./reward.ts";
import type { Searcher, SearcherSetting, Step, Told } from "./searcher.ts";

/** Share of trials in which every decision is drawn at random. */
const EXPLORATION = 0.1;

interface Action {
  readonly indices: readonly number[];
  readonly kind: "policy" | "random" | "repeated";
  /** What a learning step reads first. */
  readonly first: readonly number[];
}

export class Reinforce implements Searcher {
  readonly ahead = false;
  readonly counts = "asked";
  readonly repeats = true;
  readonly #setting: SearcherSetting;
  readonly #controller: Controller;
  readonly #reward: Reward;
  readonly #random: Random;
  readonly #steps: Step[] = [];
  /** What the controller's first step reads: the action before, a random one at the start. */
  #first: readonly number[];
  #pending: Action | undefined;
  #last: readonly number[] | undefined;
  #repeated = false;
  #trials = 0;

  constructor(setting: SearcherSetting) {
    this.#setting = setting;
    this.#controller = new Controller(setting, setting.seed);
    this.#reward = new Reward(setting.requirement_s);
    this.#random = new Random(setting.seed, "search/reinforce");
    this.#first = this.#controller.chosen(this.#draw());
  }

  /**
   * One network. An action that repeats the last one raises the bar and is judged once more; the next time
   * one is drawn instead. One that cannot be built uses up a trial without being asked for.
   */
  ask(): readonly (readonly number[])[] {
    if (this.#pending !== undefined) return [];
    while (this.#trials < this.#setting.trials) {
      const action = this.#act();
      this.#last = action.indices;
      this.#first = action.first;
      if (!this.#setting.exists(action.indices)) {
        this.#take(action, this.#reward.of(UNBUILDABLE));
        continue;
      }
      this.#pending = action;
      return [action.indices];
    }
    return [];
  }

  #act(): Action {
    const drawn = (): Action => {
      const indices = this.#draw();
      return { indices, kind: "random", first: this.#controller.chosen(indices) };
    };
    const action: Action = this.#random.uniform() < EXPLORATION
      ? drawn()
      : { ...this.#controller.act(this.#first), kind: "policy" };
    const repeats = this.#last !== undefined && equal(action.indices, this.#last);
    if (repeats) this.#reward.repeated();
    const again = repeats && this.#repeated;
    this.#repeated = repeats && !again;
    return again ? drawn() : repeats ? { ...action, kind: "repeated" } : action;
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

  #take({ indices, kind, first }: Action, reward: number): void {
    this.#trials++;
    this.#steps.push({ indices, action: kind, reward });
    this.#controller.learn(indices, reward, first);
  }

  #draw(): number[] {
    return this.#setting.radices.map((choices) => this.#random.int(choices));
  }
}

const UNBUILDABLE = { latency_s: null, accuracy: null, rejected: null };

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value === b[i]);
}
