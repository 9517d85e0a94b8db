/** Search methods on the whole published HAR space, each told the costs of the published model. */
import { explore } from "../../native/mod.ts";
import type { Network } from "../../network/network.ts";
import { buildNetwork, decisionKinds, decisions } from "../../network/space.ts";
import { searchers } from "../../stages/search/searchers/registry.ts";
import { Reward } from "../../stages/search/searchers/reward.ts";
import type { Told } from "../../stages/search/searchers/searcher.ts";
import { HAR_SPACE } from "./record.ts";
import { mean } from "./statistics.ts";

const INPUT = { h: 128, w: 1, channels: 9 };
const CLASSES = 6;
/** As iNAS published it for HAR. */
const PLATFORM = {
  profile: "msp430fr5994-inas2021",
  capacitance_F: 0.005,
  harvester_ohm: 41,
};
export const METHODS = ["random", "reinforce", "evolution"] as const;
export type Method = (typeof METHODS)[number];
export const TRIALS = 60;
export const SEEDS = 10;
/** So many that the means of what is best stand apart, or do not. */
export const MANY_SEEDS = 200;
/** TS1, TS2 and TS3 of the published comparison at 5 mF. */
export const PUBLISHED_s = [18.7, 28.9, 39.56];
/** From where hardly a network of the space runs in time to where three of four do. */
export const REQUIREMENTS_s = [9, 10, 11, 12, 13, 14, 16, ...PUBLISHED_s];
export const LONGEST_s = Math.max(...REQUIREMENTS_s);
/** Those of which every figure of {@link SEEDS} seeds is told. */
export const CLOSELY_s = [10, ...PUBLISHED_s];

/** A network of the HAR space by the choices of its decisions. */
export function buildHar(indices: readonly number[]): Network {
  return buildNetwork(HAR_SPACE, indices, INPUT, CLASSES);
}

/** What a network costs; null where no design is safe. */
export interface HarCosts {
  readonly network: Network;
  readonly latency_s: number | null;
  readonly energy_J: number | null;
}

/** Every network of the space with its costs at 5 mF. */
export class World {
  readonly costs: ReadonlyMap<string, HarCosts>;

  private constructor(costs: ReadonlyMap<string, HarCosts>) {
    this.costs = costs;
  }

  static async explored(): Promise<World> {
    const radices = decisions(HAR_SPACE).map(({ choices }) => choices.length);
    const size = radices.reduce((product, n) => product * n, 1);
    const all = Array.from({ length: size }, (_, number) => {
      const indices = radices.map((n, i) =>
        Math.floor(number / radices.slice(i + 1).reduce((product, m) => product * m, 1)) % n
      );
      return { indices, network: buildHar(indices) };
    });
    const answers = await explore(
      all.map(({ network }) => ({
        name: network.name,
        power: "intermittent",
        space: "published",
        protocol: "inas2021",
        platform: PLATFORM,
        network,
      })),
    );
    return new World(
      new Map(all.map(({ indices, network }, i) => {
        const { latency_s, energy_J } = answers[i]!;
        return [indices.join(), { network, latency_s, energy_J: energy_J ?? null }];
      })),
    );
  }

  /** The networks that take at most so long, the fastest first. */
  within(requirement_s: number): Network[] {
    return [...this.costs.values()]
      .filter(({ latency_s }) => latency_s !== null && latency_s <= requirement_s)
      .sort((a, b) => a.latency_s! - b.latency_s!)
      .map(({ network }) => network);
  }

  /** @param accuracyOf is asked about what can run in time alone */
  tell(
    indices: readonly number[],
    requirement_s: number,
    accuracyOf: (network: Network) => number,
  ): Told {
    const { network, latency_s, energy_J } = this.costs.get(indices.join())!;
    const late = latency_s !== null && latency_s > requirement_s;
    return {
      indices,
      latency_s,
      energy_J,
      rejected: latency_s === null
        ? { binding: "energy", violation: 0 }
        : late
        ? { binding: "latency", violation: latency_s - requirement_s }
        : null,
      accuracy: latency_s === null || late ? null : accuracyOf(network),
    };
  }
}

export interface Learning {
  /** Best accuracy + L / (10 T) so far: the reward without its clip and moving average. */
  readonly best: number;
  /** Mean published reward of all trials, and of their last third. */
  readonly mean_reward: number;
  readonly late_reward: number;
  /** Best published reward, and best mean of ten in a row. */
  readonly best_reward: number;
  readonly best_of_ten: number;
  readonly accuracy: number;
  /** Share of the trials that could be trained, and different networks among those. */
  readonly in_time: number;
  readonly trained: number;
}

/** One search of {@link TRIALS} trials. */
export class Learner {
  constructor(
    readonly method: Method,
    readonly seed: number,
    readonly requirement_s: number,
  ) {}

  run(
    world: World,
    accuracyOf: (network: Network) => number,
  ): Learning {
    const { requirement_s } = this;
    const searcher = searchers[this.method]({
      radices: decisions(HAR_SPACE).map(({ choices }) => choices.length),
      kinds: decisionKinds(HAR_SPACE),
      seed: this.seed,
      trials: TRIALS,
      requirement_s,
      exists: () => true,
    });
    const told: Told[] = [];
    while (told.length < TRIALS) {
      // What is asked beyond the last trial is not judged.
      const asked = searcher.ask().slice(0, TRIALS - told.length);
      if (asked.length === 0) break;
      const results = asked.map((indices) => world.tell(indices, requirement_s, accuracyOf));
      told.push(...results);
      if (told.length < TRIALS) searcher.tell(results);
    }
    return learning(told, requirement_s);
  }
}

function learning(trials: readonly Told[], requirement_s: number): Learning {
  const reward = new Reward(requirement_s);
  const rewards = trials.map((one) => reward.of(one));
  const values = trials.map(({ accuracy, latency_s }) =>
    accuracy === null ? -0.1 : accuracy + latency_s! / (10 * requirement_s)
  );
  const inTime = trials.filter(({ rejected }) => rejected === null);
  return {
    best: Math.max(...values),
    mean_reward: mean(rewards),
    late_reward: mean(rewards.slice(-Math.ceil(TRIALS / 3))),
    best_reward: Math.max(...rewards),
    best_of_ten: Math.max(
      ...rewards.map((_, i) => mean(rewards.slice(i, i + 10)))
        .slice(0, Math.max(1, rewards.length - 9)),
    ),
    accuracy: Math.max(...trials.map(({ accuracy }) => accuracy ?? 0)),
    in_time: inTime.length / trials.length,
    trained: new Set(inTime.map(({ indices }) => indices.join())).size,
  };
}
