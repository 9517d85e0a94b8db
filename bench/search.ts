/** How well cheap figures rank networks, and how well search methods learn; from recorded accuracies. */
import { writeWhole } from "../base/files.ts";
import { Random } from "../base/random.ts";
import { explore } from "../native/mod.ts";
import { macs, type Network, resolveLayers, weightShape } from "../network/network.ts";
import { buildNetwork, type Choice, decisionKinds, decisions } from "../network/space.ts";
import { Ladder } from "../stages/search/ladder.ts";
import { choicesOf } from "../stages/search/sampler.ts";
import { searchers } from "../stages/search/searchers/registry.ts";
import { Reward } from "../stages/search/searchers/reward.ts";
import type { Told } from "../stages/search/searchers/searcher.ts";
import { foldLines } from "./har_folds.ts";
import { settingLines } from "./har_settings.ts";
import { replaceSection } from "./results.ts";
import { extrapolate } from "./search/extrapolate.ts";
import type { Proxies } from "./search/proxies.ts";
import { campaignLines } from "./search/campaigns.ts";
import { kendall, mean } from "./search/statistics.ts";
import { HAR_SPACE, type Recorded } from "./search/record.ts";
import { Surrogate } from "./search/surrogate.ts";

const INPUT = { h: 128, w: 1, channels: 9 };
const CLASSES = 6;
/** As iNAS published it for HAR. */
const PLATFORM = {
  profile: "msp430fr5994-inas2021",
  capacitance_F: 0.005,
  harvester_ohm: 41,
};
const METHODS = ["random", "reinforce", "evolution"] as const;
type Method = (typeof METHODS)[number];
const TRIALS = 60;
const SEEDS = 10;
/** TS1 to TS3 of the published comparison at 5 mF. */
const REQUIREMENTS_s = [18.7, 28.9, 39.56];

interface Table {
  readonly networks: readonly Recorded[];
}

function build(chosen: Record<string, Choice>): Network {
  const indices = decisions(HAR_SPACE).map(({ name, choices }) => choices.indexOf(chosen[name]!));
  return buildNetwork(HAR_SPACE, indices, INPUT, CLASSES);
}

/** Rank correlation of what can be had early with the accuracy after the last epoch. */
function fidelities(
  networks: readonly Recorded[],
  proxies: ReadonlyMap<string, Proxies>,
): [string, number, string][] {
  const last = networks.map(({ epochs }) => Math.max(...epochs));
  const length = networks[0]!.epochs.length;
  const tau = (values: readonly number[]) => kendall(values, last);
  const built = networks.map(({ decisions }) => resolveLayers(build(decisions)));
  const parameters = built.map((layers) =>
    layers.reduce(
      (sum, layer) => sum + weightShape(layer).reduce((product, n) => product * n, 1),
      0,
    )
  );
  const work = built.map((layers) => layers.reduce((sum, layer) => sum + macs(layer), 0));
  const upTo = (values: readonly number[], epochs: number) => Math.max(...values.slice(0, epochs));
  const cost = (epochs: number) => `1/${Number((length / epochs).toPrecision(3))}`;
  return [
    ...[1, 2, 3, 4, 6].map((epochs): [string, number, string] => [
      `best of ${epochs} of ${length} epochs`,
      tau(networks.map((one) => upTo(one.epochs, epochs))),
      cost(epochs),
    ]),
    ...[2, 4, 8].map((epochs): [string, number, string] => [
      `a quarter of the samples, best of ${epochs} epochs`,
      tau(networks.map((one) => upTo(one.quarter, epochs))),
      cost(epochs / 4),
    ]),
    ...[1, 2, 3].map((patience): [string, number, string] => {
      const stops = networks.map(({ epochs }) => stopAfter(epochs, patience));
      return [
        `stopped after ${patience} epochs without a better one`,
        tau(networks.map((one, i) => upTo(one.epochs, stops[i]!))),
        cost(mean(stops)),
      ];
    }),
    ...[3, 4].map((epochs): [string, number, string] => [
      `extrapolated from ${epochs} of ${length} epochs`,
      tau(networks.map((one) => extrapolate(one.epochs.slice(0, epochs), length))),
      cost(epochs),
    ]),
    ["zero-cost: number of parameters", tau(parameters), "0"],
    ["zero-cost: multiply-accumulates", tau(work), "0"],
    ...([["gradient_norm", "gradient norm"], ["snip", "SNIP"], ["naswot", "NASWOT"]] as const)
      .map(([key, name]): [string, number, string] => [
        `zero-cost, of one batch: ${name}`,
        tau(networks.map(({ network }) => proxies.get(network)![key])),
        "0",
      ]),
  ];
}

function stopAfter(accuracies: readonly number[], patience: number): number {
  let best = 0;
  for (let i = 1; i < accuracies.length; i++) {
    if (accuracies[i]! > accuracies[best]!) best = i;
    if (i - best >= patience) return i + 1;
  }
  return accuracies.length;
}

/** What is lost, on average, by choosing among 32 recorded networks by halving instead of in full. */
function halving(
  networks: readonly Recorded[],
  { rungs, keep, against }: { rungs: readonly number[]; keep: number; against: "all" | "earlier" },
) {
  const length = networks[0]!.epochs.length;
  const losses: number[] = [];
  const costs: number[] = [];
  const best = (one: Recorded, epochs: number) => Math.max(...one.epochs.slice(0, epochs));
  for (let seed = 0; seed < 500; seed++) {
    const drawn = new Random(seed, "bench/halving").shuffle([...networks]).slice(0, 32);
    let active: readonly Recorded[] = drawn;
    let epochs = 0;
    let before = 0;
    for (const rung of [...rungs, length]) {
      epochs += active.length * (rung - before);
      before = rung;
      if (rung === length) break;
      if (against === "all") {
        active = [...active].sort((a, b) => best(b, rung) - best(a, rung))
          .slice(0, Math.ceil(keep * active.length));
      } else {
        const ladder = new Ladder<Recorded>([rung, length], keep);
        for (const one of active) ladder.enter(one);
        active = ladder.decide((one, until) =>
          until === rung ? { value: best(one, rung), ended: false } : undefined
        ).flatMap(({ trial, next }) => next === undefined ? [] : trial);
      }
    }
    const found = Math.max(...active.map((one) => best(one, length)));
    losses.push(Math.max(...drawn.map((one) => best(one, length))) - found);
    costs.push(epochs / (32 * length));
  }
  return { loss: mean(losses), cost: mean(costs) };
}

/** Every network of the space: its latency at 5 mF (published model) and its surrogate accuracy. */
async function world(
  surrogate: Surrogate,
): Promise<(indices: readonly number[], requirement_s: number) => Told> {
  const radices = decisions(HAR_SPACE).map(({ choices }) => choices.length);
  const size = radices.reduce((product, n) => product * n, 1);
  const all = Array.from({ length: size }, (_, number) => {
    const indices = radices.map((n, i) =>
      Math.floor(number / radices.slice(i + 1).reduce((product, m) => product * m, 1)) % n
    );
    return { indices, network: buildNetwork(HAR_SPACE, indices, INPUT, CLASSES) };
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
  const known = new Map(
    all.map(({ indices, network }, i) => [indices.join(), { network, answer: answers[i]! }]),
  );
  return (indices, requirement_s) => {
    const { network, answer: { latency_s, energy_J } } = known.get(indices.join())!;
    const late = latency_s !== null && latency_s > requirement_s;
    return {
      indices,
      latency_s,
      energy_J: energy_J ?? null,
      rejected: latency_s === null
        ? { binding: "energy", violation: 0 }
        : late
        ? { binding: "latency", violation: latency_s - requirement_s }
        : null,
      accuracy: latency_s === null || late
        ? null
        : surrogate.accuracy(network.name, choicesOf(HAR_SPACE, indices)),
    };
  };
}

interface Learning {
  /** Best accuracy + L / (10 T) so far: the reward without its clip and moving average. */
  readonly best: number;
  /** Mean published reward of all trials, and of their last third. */
  readonly mean_reward: number;
  readonly late_reward: number;
  /** Best published reward, and best mean of ten in a row. */
  readonly best_reward: number;
  readonly best_of_ten: number;
  readonly accuracy: number;
  readonly in_time: number;
}

function learn(
  method: Method,
  seed: number,
  requirement_s: number,
  tell: (indices: readonly number[], requirement_s: number) => Told,
): Learning {
  const radices = decisions(HAR_SPACE).map(({ choices }) => choices.length);
  const setting = {
    radices,
    kinds: decisionKinds(HAR_SPACE),
    seed,
    trials: TRIALS,
    requirement_s,
    exists: () => true,
  };
  const searcher = searchers[method](setting);
  const told: Told[] = [];
  while (told.length < TRIALS) {
    const asked = searcher.ask();
    if (asked.length === 0) break;
    const results = asked.map((indices) => tell(indices, requirement_s));
    told.push(...results);
    searcher.tell(results);
  }
  const trials = told.slice(0, TRIALS);
  const reward = new Reward(requirement_s);
  const rewards = trials.map((one) => reward.of(one));
  const values = trials.map(({ accuracy, latency_s }) =>
    accuracy === null ? -0.1 : accuracy + latency_s! / (10 * requirement_s)
  );
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
    in_time: trials.filter(({ rejected }) => rejected === null).length / trials.length,
  };
}

/** Measures and writes the section "Search" of bench/RESULTS.md. */
export async function run(): Promise<void> {
  const file = `${import.meta.dirname}/RESULTS.md`;
  const section = await measured();
  console.log(section);
  await writeWhole(file, replaceSection(await Deno.readTextFile(file), section));
}

/** The section "Search" of RESULTS.md. */
async function measured(): Promise<string> {
  const table = JSON.parse(
    await Deno.readTextFile(`${import.meta.dirname}/search/har_accuracies.json`),
  ) as Table;
  const { networks } = table;
  const scored = JSON.parse(
    await Deno.readTextFile(`${import.meta.dirname}/search/har_proxies.json`),
  ) as Proxies[];
  const proxies = new Map(scored.map((one) => [one.network, one]));
  const length = networks[0]!.epochs.length;
  const lines: string[] = [
    "## Search",
    "",
    `From ${networks.length} networks of the published HAR space, drawn at random and trained for ` +
    `${length} epochs (bench/search/har_accuracies.json; HAR windows rebuilt from HAPT).`,
    "",
    "### Cheap figures against the full training",
    "",
    "| figure | Kendall tau | share of the cost |",
    "| --- | --- | --- |",
    ...fidelities(networks, proxies).map(([name, tau, cost]) =>
      `| ${name} | ${tau.toFixed(3)} | ${cost} |`
    ),
    "",
    "Choosing among 32 of them by successive halving (mean of 500 draws), each held against all that " +
    "reached a rung or against earlier ones:",
    "",
    "| rungs | keeps | against | share of the cost | accuracy lost, points |",
    "| --- | --- | --- | --- | --- |",
  ];
  const ways = [[[], 1], [[4], 0.5], [[2, 4], 0.5], [[1, 2, 4], 0.5], [[1, 3], 0.33], [
    [1],
    0.25,
  ]] as const;
  for (const [rungs, keep] of ways) {
    for (const against of ["all", "earlier"] as const) {
      if (rungs.length === 0 && against === "earlier") continue;
      const { loss, cost } = halving(networks, { rungs, keep, against });
      lines.push(
        `| ${rungs.length === 0 ? "none" : rungs.join(", ")} | ${100 * keep} % | ` +
          `${rungs.length === 0 ? "" : against} | ${(100 * cost).toFixed(0)} % | ` +
          `${(100 * loss).toFixed(2)} |`,
      );
    }
  }
  const left = networks.map((one, i) => {
    const rest = networks.filter((_, j) => j !== i);
    return new Surrogate(rest, 0).predict(one.decisions);
  });
  const surrogate = new Surrogate(networks);
  const tell = await world(surrogate);
  lines.push(
    "",
    "### Do the methods learn?",
    "",
    `${TRIALS} trials each on the whole HAR space at 5 mF (published ` +
      `model), ${SEEDS} seeds. Accuracies are recorded ones or those of a surrogate fitted to them ` +
      `(leave-one-out Kendall tau ${
        kendall(left, networks.map(({ epochs }) => epochs.at(-1)!)).toFixed(3)
      }, residual deviation in logits ${surrogate.noise.toFixed(2)}, added as noise). ` +
      "`random` draws from the space and spends trials on what cannot run, as the others do.",
    "",
    "The published reward is cut at 0.1 and held against an average that starts at 0: whatever is trained " +
      "first earns 0.1, so that the best reward says nothing. Beside it stand the best mean of ten rewards in " +
      "a row, the mean of all and of the last third, and what the reward is made of, uncut. In brackets: of " +
      `the ${SEEDS} seeds, those in which a method is ahead of \`random\`.`,
    "",
    "| required s | method | mean best reward | mean best of ten in a row | mean reward | mean reward, last third | mean best of accuracy + L / 10T | mean best accuracy | in time |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  );
  for (const requirement_s of REQUIREMENTS_s) {
    const runsOf = (method: Method) =>
      Array.from({ length: SEEDS }, (_, seed) => learn(method, seed + 1, requirement_s, tell));
    const random = runsOf("random");
    for (const method of METHODS) {
      const runs = method === "random" ? random : runsOf(method);
      const figure = (pick: (run: Learning) => number, digits = 4) => {
        const values = runs.map(pick);
        const middle = mean(values);
        const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
        const ahead = values.filter((value, seed) => value > pick(random[seed]!)).length;
        return `${middle.toFixed(digits)} ± ${deviation.toFixed(digits)}` +
          (method === "random" ? "" : ` (${ahead})`);
      };
      lines.push(
        `| ${requirement_s} | ${method} | ${figure(({ best_reward }) => best_reward)} | ` +
          `${figure(({ best_of_ten }) => best_of_ten)} | ` +
          `${figure(({ mean_reward }) => mean_reward)} | ` +
          `${figure(({ late_reward }) => late_reward)} | ${figure(({ best }) => best)} | ` +
          `${figure(({ accuracy }) => accuracy)} | ` +
          `${figure(({ in_time }) => in_time, 2)} |`,
      );
    }
  }
  lines.push(...await settingLines(), ...await foldLines(), ...await campaignLines());
  return lines.join("\n") + "\n";
}

if (import.meta.main) await run();
