/** How well cheap figures rank networks, and how well search methods learn; from recorded accuracies. */
import { writeWhole } from "../base/files.ts";
import { Random } from "../base/random.ts";
import { macs, type Network, resolveLayers, weightShape } from "../network/network.ts";
import { type Choice, decisions } from "../network/space.ts";
import { Ladder } from "../stages/search/ladder.ts";
import { foldLines } from "./har_folds.ts";
import { settingLines } from "./har_settings.ts";
import { replaceSection } from "./results.ts";
import { extrapolate } from "./search/extrapolate.ts";
import type { Proxies } from "./search/proxies.ts";
import { campaignLines } from "./search/campaigns.ts";
import { readTrueAccuracies } from "./search/har_space.ts";
import {
  buildHar,
  CLOSELY_s,
  Learner,
  type Learning,
  LONGEST_s,
  MANY_SEEDS,
  type Method,
  METHODS,
  REQUIREMENTS_s,
  SEEDS,
  TRIALS,
  World,
} from "./search/learning.ts";
import { HAR_SPACE, type Recorded } from "./search/record.ts";
import { kendall, mean } from "./search/statistics.ts";

interface Table {
  readonly networks: readonly Recorded[];
}

function build(chosen: Record<string, Choice>): Network {
  const indices = decisions(HAR_SPACE).map(({ name, choices }) => choices.indexOf(chosen[name]!));
  return buildHar(indices);
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
  const ranked = [
    parameters,
    networks.map(({ network }) => proxies.get(network)!.snip),
    networks.map(({ network }) => proxies.get(network)!.naswot),
  ].map(ranks);
  const ensemble = networks.map((_, i) => ranked.reduce((sum, places) => sum + places[i]!, 0));
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
    ["zero-cost, of one batch: ranks by parameters, SNIP and NASWOT, summed", tau(ensemble), "0"],
  ];
}

/** Place of every value among all, from 0, the smallest first. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const places = new Array<number>(values.length);
  order.forEach((i, place) => places[i] = place);
  return places;
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
  lines.push(...await learningLines());
  lines.push(...await settingLines(), ...await foldLines(), ...await campaignLines());
  return lines.join("\n") + "\n";
}

/** Whether the methods learn, by networks that were really trained. */
async function learningLines(): Promise<string[]> {
  const accuracies = await readTrueAccuracies();
  const world = await World.explored();
  const accuracyOf = (network: Network) => {
    const accuracy = accuracies.of(network.name);
    if (accuracy !== undefined) return accuracy;
    throw new Error(`${network.name} was not trained: bench/search/har_space.ts does`);
  };
  const few: string[] = [];
  const many: string[] = [];
  for (const requirement_s of REQUIREMENTS_s) {
    const runs = new Map<Method, Learning[]>();
    for (const method of METHODS) {
      const seeds = Array.from({ length: MANY_SEEDS }, (_, i) => i + 1);
      const learners = seeds.map((seed) => new Learner(method, seed, requirement_s));
      runs.set(method, learners.map((learner) => learner.run(world, accuracyOf)));
    }
    const random = runs.get("random")!;
    const cells: string[] = [];
    for (const [method, all] of runs) {
      const against = method === "random" ? undefined : random;
      cells.push(manySeeds(all, against));
      if (!CLOSELY_s.includes(requirement_s)) continue;
      few.push(
        `| ${requirement_s} | ${method} | ${fewSeeds(all.slice(0, SEEDS), against).join(" | ")} |`,
      );
    }
    const share = (100 * world.within(requirement_s).length / world.costs.size).toPrecision(2);
    many.push(`| ${requirement_s} | ${share} % | ${cells.join(" | ")} |`);
  }
  const trained = world.within(LONGEST_s).length;
  return [
    "",
    "### Do the methods learn?",
    "",
    `${TRIALS} trials each on the whole HAR space at 5 mF (published model). Every network that runs within ` +
    `${LONGEST_s} s, ${trained} of the space's 4,096, was trained as those above, ` +
    `${accuracies.epochs} epochs, once for all (bench/search/har_space.json). \`random\` draws from the ` +
    "space and spends trials on what cannot run, as the others do.",
    "",
    "The published reward is cut at 0.1 and held against an average that starts at 0: whatever is trained " +
    "first earns 0.1, so that the best reward only says whether anything was. Beside it stand the best mean " +
    "of ten rewards in a row, the mean of all and of the last third, and what the reward is made of, uncut " +
    "(-0.1 where nothing was trained). " +
    `${SEEDS} seeds; in brackets: those in which a method is ahead of \`random\`. 18.7, 28.9 and 39.56 s ` +
    "are the published TS1 to TS3; 10 s was added after these had been seen.",
    "",
    "| required s | method | mean best reward | mean best of ten in a row | mean reward | mean reward, last third | mean best of accuracy + L / 10T | mean best accuracy | in time | networks trained |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...few,
    "",
    `The same by requirement, ${MANY_SEEDS} seeds: mean best reward as published / uncut, and by how much the ` +
    "uncut one is ahead of `random`'s, with its standard error.",
    "",
    `| required s | of the space in time | ${METHODS.join(" | ")} |`,
    `| --- | --- | ${METHODS.map(() => "---").join(" | ")} |`,
    ...many,
    "",
    "`reinforce` learns what runs in time. Where little of the space does, that decides: at 9 to 12 s its " +
    "mean best reward beats `random`'s, uncut up to 14 s. Where a quarter of the space and more runs in time, as " +
    "at the published requirements, the uncut best of `random` is ahead by 0.007 to 0.013, though " +
    "`reinforce`'s mean reward is ahead in ten seeds of ten: the published reward pays for more than the average so " +
    "far and is cut at 0.1, which tells the best from the good no more. Held against what is published line " +
    "by line, our controller and reward deviate nowhere. `evolution` is ahead of `random` at every " +
    "requirement.",
  ];
}

/** Means and deviations; how often each is ahead of `random`, if given, with the same seed. */
function fewSeeds(runs: readonly Learning[], random?: readonly Learning[]): string[] {
  const figure = (pick: (run: Learning) => number, digits = 4) => {
    const values = runs.map(pick);
    const middle = mean(values);
    const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
    const both = `${middle.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
    if (random === undefined) return both;
    return `${both} (${values.filter((value, seed) => value > pick(random[seed]!)).length})`;
  };
  return [
    figure(({ best_reward }) => best_reward),
    figure(({ best_of_ten }) => best_of_ten),
    figure(({ mean_reward }) => mean_reward),
    figure(({ late_reward }) => late_reward),
    figure(({ best }) => best),
    figure(({ accuracy }) => accuracy),
    figure(({ in_time }) => in_time, 2),
    mean(runs.map(({ trained }) => trained)).toFixed(0),
  ];
}

/** Mean best rewards, as published and uncut, and how far the latter is ahead of `random`'s, if given. */
function manySeeds(runs: readonly Learning[], random?: readonly Learning[]): string {
  const reward = mean(runs.map(({ best_reward }) => best_reward));
  const best = mean(runs.map((run) => run.best));
  const both = `${reward.toFixed(3)} / ${best.toFixed(3)}`;
  if (random === undefined) return both;
  const differences = runs.map((run, seed) => run.best - random[seed]!.best);
  const ahead = mean(differences);
  const variance = mean(differences.map((one) => (one - ahead) ** 2));
  const error = Math.sqrt(variance / (runs.length - 1));
  return `${both}, ${ahead < 0 ? "" : "+"}${ahead.toFixed(3)} ± ${error.toFixed(3)}`;
}

if (import.meta.main) await run();
