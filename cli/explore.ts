/** `deno task explore FILE`: the explorer alone, on one request or a list. */
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import { availableParallelism } from "node:os";
import { ExitCode, UserError } from "../base/errors.ts";
import {
  DesignSpace,
  type ExploreAnswer,
  type FrontPoint,
  type LayerAnswer,
  Objective,
  Power,
} from "../network/explore.ts";
import type { Scheme } from "../network/design.ts";
import { Protocol } from "../network/platform.ts";
import { advise } from "../native/advice.ts";
import { explorePrepared, type PreparedRequest } from "../native/mod.ts";
import { writeWhole } from "../base/files.ts";
import { calibrate } from "./explore_calibrate.ts";
import { readRequests } from "./explore_request.ts";
import { sweep, sweepCsv, sweepSvg } from "./explore_sweep.ts";
import { fromUser, ROOT } from "./root.ts";

interface Options {
  json?: boolean;
  threads: number;
  space?: DesignSpace;
  protocol?: Protocol;
  power?: Power;
  objective?: Objective;
  timeLimit?: number;
  sweep?: string;
  calibrate?: boolean;
}

export const exploreCommand = new Command("explore")
  .description("Find the best design of every layer of a network on a platform")
  .argument(
    "<file>",
    "one request or a list, nested or flat, YAML or JSON (DESIGN.md section 3)",
  )
  .option(
    "--json",
    "standard output is only JSON: one answer, or a list in the order asked",
  )
  .option(
    "--threads <number>",
    "threads to use; the answer does not depend on it",
    threads,
  )
  .addOption(
    new Option("--space <name>", "for every request").choices(
      DesignSpace.options,
    ),
  )
  .addOption(
    new Option("--protocol <name>", "for every request").choices(
      Protocol.options,
    ),
  )
  .addOption(
    new Option("--power <kind>", "for every request").choices(Power.options),
  )
  .addOption(
    new Option(
      "--objective <name>",
      "what is to be least, or pareto for all that nothing beats; for every request",
    )
      .choices(Objective.options),
  )
  .option(
    "--time-limit <seconds>",
    "of the full space: the best found by then, and a bound",
    seconds,
  )
  .option(
    "--sweep <prefix>",
    "0.2 to 30 mF by 128 B to 16 KB of VM: <prefix>.csv and <prefix>.svg",
  )
  .option(
    "--calibrate",
    "the file is a search space: the exact quartiles of its latencies",
  )
  .action(execute);

function threads(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1024) {
    throw new InvalidArgumentError("expected a number from 1 to 1024");
  }
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError("expected seconds");
  return value;
}

async function execute(file: string, options: Options): Promise<void> {
  const text = await readText(file);
  const stop = new AbortController();
  const interrupt = () =>
    stop.abort(
      new UserError(
        "stopped before the exploration ended",
        ExitCode.interrupted,
      ),
    );
  Deno.addSignalListener("SIGINT", interrupt);
  const threads = options.threads ?? availableParallelism();
  try {
    if (options.calibrate) {
      await printCalibration(text, file, options, threads, stop.signal);
    } else await exploreFile(text, file, options, threads, stop.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

async function exploreFile(
  text: string,
  file: string,
  options: Options,
  threads: number,
  signal: AbortSignal,
): Promise<void> {
  const { space, protocol, power, objective } = options;
  const { requests, single, notes } = await readRequests(text, file, ROOT, {
    space,
    protocol,
    power,
    objective,
  });
  for (const note of notes) console.error(`note: ${note}`);
  if (options.sweep !== undefined) {
    return await writeSweep(requests, options.sweep, threads, signal);
  }
  const answers = await explorePrepared(requests, {
    threads,
    signal,
    root: ROOT,
    time_limit_s: options.timeLimit,
  });
  if (options.json) {
    console.log(JSON.stringify(single ? answers[0] : answers, null, 2));
  } else {
    answers.forEach((answer, i) => printAnswer(answer, requests[i]!));
  }
}

async function writeSweep(
  requests: readonly PreparedRequest[],
  prefix: string,
  threads: number,
  signal: AbortSignal,
): Promise<void> {
  const [request] = requests;
  if (request === undefined || requests.length > 1) {
    throw new UserError({
      message: "a sweep is of one network",
      field: "--sweep",
      value: requests.length,
      expected: "a file with one request",
    });
  }
  const points = await sweep(request, threads, signal);
  await writeWhole(fromUser(`${prefix}.csv`), sweepCsv(points));
  await writeWhole(fromUser(`${prefix}.svg`), sweepSvg(request.name, points));
  const safe = points.filter(({ latency_s }) => latency_s !== null).length;
  console.log(
    `${request.name}: ${safe} of ${points.length} points have a safe design`,
  );
  console.log(`written to ${prefix}.csv and ${prefix}.svg`);
}

async function printCalibration(
  text: string,
  file: string,
  { json, space }: Options,
  threads: number,
  signal: AbortSignal,
): Promise<void> {
  const found = await calibrate(text, file, { threads, signal, space });
  if (json) return console.log(JSON.stringify(found, null, 2));
  console.log(
    `${found.networks} networks, ${found.feasible} feasible; ${found.layers} distinct layers, ` +
      `${found.designs} designs`,
  );
  const { TS1_s, TS2_s, TS3_s } = found;
  if (TS1_s === null || TS2_s === null || TS3_s === null) {
    return console.log("infeasible");
  }
  console.log(`TS1 ${TS1_s} s, TS2 ${TS2_s} s, TS3 ${TS3_s} s`);
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(fromUser(file));
  } catch (error) {
    throw new UserError({
      message: `cannot be read: ${(error as Error).message}`,
      location: { file },
    }, ExitCode.data);
  }
}

function printAnswer(answer: ExploreAnswer, request: PreparedRequest): void {
  const { platform, protocol, power } = request;
  const intermittent = power === "intermittent";
  console.log(
    `${answer.name} on ${platform.profile}, protocol ${protocol}, ${power} power`,
  );
  const table = new Table({
    head: [
      "layer",
      "Tr Tc Tm Tn",
      "order",
      "span",
      "S",
      "latency s",
      intermittent ? "worst cycle mJ" : "energy mJ",
      ...(intermittent ? ["power cycles"] : []),
      "VM bytes",
      "feasible designs",
    ],
    style: { head: [], border: [] },
  });
  for (const layer of answer.layers) table.push(row(layer, intermittent));
  console.log(table.toString());
  for (const line of advise(answer, platform, request.scheme)) console.log(line);
  console.log(answer.feasible ? totals(answer, request.scheme) : "infeasible");
  if (answer.front !== undefined && answer.feasible) printFront(answer.front);
  console.log("");
}

/** Rows of a front that are shown; it may have hundreds. */
const FRONT_ROWS = 20;

/** Evenly spread over a long front, its ends included. */
function printFront(front: readonly FrontPoint[]): void {
  const shown = Math.min(FRONT_ROWS, front.length);
  console.log(
    `Pareto front: ${front.length} points` +
      (shown < front.length ? `, ${shown} of them here, all with --json` : ""),
  );
  const head = ["latency s", "energy mJ", "NVM bytes written", "design of each layer's front"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (let row = 0; row < shown; row++) {
    const at = shown === 1 ? 0 : Math.round(row * (front.length - 1) / (shown - 1));
    const { latency_s, energy_J, written_bytes, choices } = front[at]!;
    table.push([
      latency_s.toPrecision(6),
      (1e3 * energy_J).toPrecision(5),
      written_bytes,
      choices.join(" "),
    ]);
  }
  console.log(table.toString());
}

function row(layer: LayerAnswer, intermittent: boolean): (string | number)[] {
  if (!layer.feasible) {
    const none = [
      "-",
      "-",
      "-",
      "-",
      "-",
      "-",
      ...(intermittent ? ["-"] : []),
      "-",
    ];
    return [layer.name, ...none, `0 of ${layer.designs_total}`];
  }
  const energy_J = intermittent ? layer.energy_max_J : layer.energy_J;
  return [
    layer.name,
    `${layer.Tr} ${layer.Tc} ${layer.Tm} ${layer.Tn}`,
    layer.loop_order,
    layer.mac_span,
    layer.B === undefined ? layer.S : `${layer.S}, B ${layer.B}`,
    layer.latency_s.toPrecision(6),
    (1e3 * (energy_J ?? 0)).toPrecision(5),
    ...(intermittent ? [cycles(layer.power_cycles ?? 0)] : []),
    layer.vm_bytes,
    layer.coverage === undefined
      ? `${layer.designs_feasible} of ${layer.designs_total}`
      : `${layer.coverage.visited} visited, ${layer.designs_total} covered` +
        (layer.proven_optimal ? "" : `, gap ${gap(layer)}`),
  ];
}

/** By how much the optimum may still be better, where the time was up before it was proven. */
function gap(
  { latency_s, lower_bound }: {
    latency_s: number;
    lower_bound?: number | undefined;
  },
) {
  return lower_bound === undefined
    ? "unknown"
    : `${(100 * (1 - lower_bound / latency_s)).toPrecision(3)} %`;
}

/** Power cycles that layers or inferences share are fractions. */
function cycles(count: number): string {
  return Number.isInteger(count) ? String(count) : count.toPrecision(3);
}

function totals(answer: ExploreAnswer, scheme: Scheme = "tile"): string {
  const mJ = (energy_J: number) => `${(1e3 * energy_J).toPrecision(4)} mJ`;
  const { delivery, energy_J, energy_max_J, energy_mean_J, power_cycles, run_on } = answer;
  const stored = delivery === undefined
    ? ""
    : ` (${delivery.latency_s.toPrecision(4)} s of it to store the input and deliver the result)`;
  return [
    `latency ${answer.latency_s!.toPrecision(6)} s${stored}`,
    ...(power_cycles == null ? [] : [`${cycles(power_cycles)} power cycles`]),
    ...(run_on === undefined ? [] : [
      `running on ${run_on.latency_s.toPrecision(6)} s in ${
        cycles(run_on.power_cycles)
      } power cycles`,
    ]),
    ...(energy_J == null ? [] : [mJ(energy_J)]),
    ...(energy_max_J == null || energy_mean_J == null
      ? []
      : scheme === "tile"
      ? [`a power cycle ${mJ(energy_mean_J)} on average, ${mJ(energy_max_J)} at worst`]
      : [`a boot must get ${mJ(energy_max_J)} done`]),
    `VM ${answer.vm_bytes} bytes`,
    `NVM ${answer.nvm_bytes} bytes, ${answer.written_bytes} bytes written to it`,
  ].join(", ");
}
