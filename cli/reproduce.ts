/** `deno task reproduce inas`: the comparison of iNAS (ACM TECS 2021) on this machine. */
import { Command, InvalidArgumentError, Option } from "commander";
import { availableParallelism } from "node:os";
import { ExitCode, UserError } from "../base/errors.ts";
import { canonicalJson, readJson, writeWhole } from "../base/files.ts";
import { hash32 } from "../base/random.ts";
import { PUBLISHED_ORDERS } from "../network/design.ts";
import { DatasetArtifact } from "../network/artifacts/dataset.ts";
import { FitParameters } from "../network/artifacts/training.ts";
import { elements, type Network } from "../network/network.ts";
import { energyBudget_J } from "../network/platform.ts";
import { NamedSpace, PUBLISHED_SPACES } from "../network/space.ts";
import { loadExplorer } from "../native/addon.ts";
import { explorePrepared, type PreparedRequest, prepareRequest } from "../native/mod.ts";
import type { Progress } from "../pipeline/stage.ts";
import { stage as datasetStage } from "../stages/dataset/run.ts";
import { Crew, trainAll } from "../stages/search/pool.ts";
import { type Board, compare, type ComparisonRow } from "../stages/search/reproduce/compare.ts";
import { PUBLISHED, type PublishedSet } from "../stages/search/reproduce/published.ts";
import {
  comparisonChart,
  comparisonCsv,
  comparisonTable,
  findings,
  totals,
} from "../stages/search/reproduce/report.ts";
import { chooseBackend } from "../training/backend_choice.ts";
import { forUser, fromUser, ROOT } from "./root.ts";
import { runCommand } from "./shell.ts";

interface Options {
  dataset: PublishedSet;
  dataDir?: string;
  capacitors: readonly number[];
  trials: number;
  epochs: number;
  subset: number;
  seed: number;
  threads: number;
  out?: string;
}

const FULL = { trials: 100, epochs: 25, subset: 1 };

export function reproduceCommand(): Command {
  const command = new Command("reproduce").description("Published comparisons, on this machine");
  command.command("inas")
    .description("iNAS against HW-NAS, per capacitor and latency requirement")
    .addOption(
      new Option("--dataset <name>", "which of the published ones")
        .choices(Object.keys(PUBLISHED_SPACES)).default("har"),
    )
    .option("--data-dir <folder>", "where its files lie (default: BROWNOUT_DATA_DIR)")
    .option("--capacitors <F,...>", "of the published ones", capacitors, [0.001, 0.005, 0.01])
    .option("--trials <number>", "networks that each search asks for", count, FULL.trials)
    .option("--epochs <number>", "that each is trained for", count, FULL.epochs)
    .option("--subset <share>", "of the training samples", share, FULL.subset)
    .option("--seed <number>", "of searches and trainings", Number, 1)
    .option("--threads <number>", "that train", count, availableParallelism())
    .option("--out <folder>", "default: out/reproduce/inas-<dataset>")
    .action(inas);
  return command;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected 1 or more");
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("expected above 0, up to 1");
  return value;
}

function capacitors(text: string): number[] {
  const values = text.split(",").map(Number);
  const known = [...PUBLISHED.har.intermittent.keys()];
  if (values.some((value) => !known.includes(value))) {
    throw new InvalidArgumentError(`expected some of ${known.join(",")}, in F`);
  }
  return values;
}

async function inas(options: Options): Promise<void> {
  const stop = new AbortController();
  const interrupt = () =>
    stop.abort(new UserError("stopped; the same command goes on from here", ExitCode.interrupted));
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.addSignalListener("SIGTERM", interrupt);
  try {
    await reproduce(options, stop.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.removeSignalListener("SIGTERM", interrupt);
  }
}

async function reproduce(options: Options, signal: AbortSignal): Promise<void> {
  const out = options.out === undefined
    ? `${ROOT}/out/reproduce/inas-${options.dataset}`
    : fromUser(options.out);
  const published = PUBLISHED[options.dataset];
  const progress = terminal();
  const folder = await prepareDataset(options, out, progress, signal);
  const dataset = await readJson(`${folder}/dataset.json`, DatasetArtifact);
  if (elements(dataset.input) !== elements(published.input)) {
    throw new UserError({
      message: `the published requirements are those of another input`,
      field: "dataset",
      value: dataset.input,
      expected: JSON.stringify(published.input),
    });
  }
  const space = NamedSpace.parse(options.dataset);
  const boards = options.capacitors.map((capacitance_F) => ({
    capacitance_F,
    ...published.intermittent.get(capacitance_F)!,
  }));
  const fit = FitParameters.parse({
    epochs: options.epochs,
    batch_size: 128,
    learning_rate: 0.003,
    weight_average: 0.99,
    augment: options.dataset === "har" ? { gain: 0.1, offset: 0.2 } : { gain: 0, offset: 0 },
  });
  const setting = {
    datasetFolder: folder,
    input: dataset.input,
    subset: options.subset,
    subsetSeed: options.seed,
    backend: "auto",
  };
  const { name: backend } = await chooseBackend("auto");
  const identity = { dataset, fit, subset: options.subset, seed: options.seed, backend, space };
  using crew = new Crew();
  const rows = await compare({
    space,
    input: dataset.input,
    classes: dataset.classes.length,
    boards,
    continuous_s: published.continuous_s,
    trials: options.trials,
    seed: options.seed,
    options: fit,
    workDir: `${out}/work`,
    identity: canonicalJson(identity),
    judge,
    asItIs,
    train: (source, onProgress) =>
      trainAll({ crew, setting, source, threads: options.threads, signal, onProgress }),
    progress,
  });
  await report(rows, options, dataset, out, backend);
}

/** The dataset stage's artifact for this comparison, made once. */
async function prepareDataset(
  { dataset, dataDir }: Options,
  out: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  const place = dataDir ?? Deno.env.get("BROWNOUT_DATA_DIR");
  const params = datasetStage.parameters.parse({
    name: dataset,
    ...(place === undefined ? {} : { data_dir: fromUser(place) }),
  });
  const folder = `${out}/data-${(hash32(canonicalJson(params)) >>> 0).toString(16)}`;
  if (await Deno.stat(`${folder}/dataset.json`).then(() => true, () => false)) return folder;
  await datasetStage.preflight?.({ params, root: ROOT });
  const temporary = `${folder}.tmp-${Deno.pid}`;
  await Deno.mkdir(temporary, { recursive: true });
  await datasetStage.run({
    params,
    input: () => "",
    artifactDir: temporary,
    workDir: `${out}/downloads`,
    root: ROOT,
    threads: 1,
    progress,
    signal,
  });
  await Deno.rename(temporary, folder);
  return folder;
}

function ask(network: Network, board: Board | "continuous"): Promise<PreparedRequest> {
  return prepareRequest({
    name: network.name,
    power: board === "continuous" ? "continuous" : "intermittent",
    space: "published",
    protocol: "inas2021",
    platform: {
      profile: "msp430fr5994-inas2021",
      ...(board === "continuous" ? {} : {
        capacitance_F: board.capacitance_F,
        harvester_ohm: board.harvester_ohm,
        safe_margin: board.safe_margin,
      }),
    },
    network,
  }, ROOT);
}

async function judge(network: Network, board: Board | "continuous") {
  const started = performance.now();
  const [answer] = await explorePrepared([await ask(network, board)], { root: ROOT });
  return { latency_s: answer!.latency_s, explorer_s: (performance.now() - started) / 1000 };
}

/** The design that continuous power likes best, run under intermittent power with S = 1. */
async function asItIs(network: Network, board: Board): Promise<number | null> {
  const [steady] = await explorePrepared([await ask(network, "continuous")], { root: ROOT });
  const { native, platform } = await ask(network, board);
  const budget = energyBudget_J(platform).safe_J;
  let latency_s = 0;
  for (const [i, layer] of steady!.layers.entries()) {
    if (!layer.feasible) return null;
    const { Tr, Tc, Tm, Tn, loop_order, mac_span } = layer;
    const cost = loadExplorer(ROOT).cost(native, i, {
      Tr,
      Tc,
      Tm,
      Tn,
      loop_order: loop_order in PUBLISHED_ORDERS
        ? PUBLISHED_ORDERS[loop_order as keyof typeof PUBLISHED_ORDERS]
        : loop_order,
      mac_span,
      S: 1,
    });
    if (cost.energy_max_J > budget || cost.vm_bytes > platform.vm_bytes) return null;
    latency_s += cost.latency_s;
  }
  return latency_s;
}

async function report(
  rows: readonly ComparisonRow[],
  options: Options,
  dataset: DatasetArtifact,
  out: string,
  backend: string,
): Promise<void> {
  const { trials, epochs, subset } = options;
  const reduced = (Object.keys(FULL) as (keyof typeof FULL)[])
    .filter((key) => options[key] !== FULL[key])
    .map((key) => `${key} ${options[key]} instead of ${FULL[key]}`);
  const cautions = [
    ...(reduced.length === 0 ? [] : [`reduced: ${reduced.join(", ")}`]),
    "training is ours (Adam, batch 128, cosine from 0.003), not the published one",
    "accuracy is that of the best validation epoch of one training",
    ...dataset.provenance.cautions,
  ];
  const title = `iNAS against HW-NAS on ${PUBLISHED[options.dataset].title}: ${trials} trials, ` +
    `${epochs} epochs${subset < 1 ? `, ${100 * subset} % of the samples` : ""}`;
  const lines = findings(totals(rows));
  const text = [
    `# ${title}`,
    "",
    comparisonTable(rows),
    "",
    ...lines.map((line) => `- ${line}`),
    "",
    ...cautions.map((line) => `- caution: ${line}`),
    "",
    `Backend ${backend}; profile msp430fr5994-inas2021, protocol inas2021, published design space.`,
    "",
  ].join("\n");
  await writeWhole(`${out}/comparison.md`, text);
  await writeWhole(`${out}/comparison.csv`, comparisonCsv(rows));
  await writeWhole(`${out}/comparison.svg`, comparisonChart(rows, title));
  console.log(text);
  console.log(`written: ${forUser(out)}/comparison.{md,csv,svg}`);
}

/** Progress on one line of a terminal, or a line now and then where there is none. */
function terminal(): Progress {
  const screen = Deno.stderr.isTerminal();
  const encoder = new TextEncoder();
  const say = (text: string) => Deno.stderr.writeSync(encoder.encode(text));
  let told = -Infinity;
  return {
    update(text) {
      if (performance.now() - told < (screen ? 200 : 10_000)) return;
      told = performance.now();
      say(screen ? `\r\x1b[2K${text}` : `${text}\n`);
    },
    note: (text) => void say(screen ? `\r\x1b[2K${text}\n` : `${text}\n`),
    warn: (text) => void say(screen ? `\r\x1b[2K${text}\n` : `${text}\n`),
  };
}

if (import.meta.main) Deno.exit(await runCommand(reproduceCommand(), Deno.args));
