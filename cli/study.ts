/** `deno task study`: what searches tried, and helping hands for one that runs. */
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import { ExitCode, UserError } from "../base/errors.ts";
import { writeWhole } from "../base/files.ts";
import { joinStudy } from "../stages/search/join.ts";
import { ledgerCsv, type LedgerRow, readLedger, readStudies } from "../stages/search/ledger.ts";
import { forUser, fromUser, ROOT } from "./root.ts";
import { runCommand } from "./shell.ts";

interface ListOptions {
  all?: boolean;
  state?: string;
  binding?: string;
  minAccuracy?: number;
  maxLatency?: number;
  sort: "sample" | "accuracy" | "latency";
  limit?: number;
  csv?: string;
  json?: boolean;
}

const STATES = ["waiting", "running", "trained", "given up", "rejected"];
const BINDINGS = ["vm", "energy", "nvm", "alignment", "latency"];

export function studyCommand(): Command {
  const command = new Command("study").description("What searches tried, and why");
  command.command("list", { isDefault: true })
    .description("List trials; without a file those of all searches in out/")
    .argument("[files...]", "study.db of a search, in its work folder")
    .option("--all", "every study of a file, not only its newest")
    .addOption(new Option("--state <state>", "only these").choices(STATES))
    .addOption(new Option("--binding <limit>", "only what this limit rejects").choices(BINDINGS))
    .option("--min-accuracy <share>", "only what validates at least so well, 0 to 1", number)
    .option("--max-latency <seconds>", "only what is at least so fast", number)
    .addOption(
      new Option("--sort <by>", "order of the lines").choices(["sample", "accuracy", "latency"])
        .default("sample"),
    )
    .option("--limit <lines>", "no more than these", number)
    .option("--csv <file>", "write everything as CSV; - is standard output")
    .option("--json", "standard output is only JSON")
    .action(list);
  command.command("work")
    .description("Train for a search that runs in another process, until nothing is left")
    .argument("<file>", "study.db of the search")
    .option("--threads <number>", "threads that train", number, 1)
    .option("--idle <seconds>", "how long to wait for more work", number, 20)
    .action(work);
  return command;
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError("expected a number");
  return value;
}

async function list(files: string[], options: ListOptions): Promise<void> {
  const paths = files.length > 0 ? files.map(fromUser) : await findStudies(`${ROOT}/out`);
  if (paths.length === 0) {
    throw new UserError({
      message: "there is no search in out/ yet",
      help: "Run deno task pipeline, or name a study.db.",
    }, ExitCode.data);
  }
  const rows: LedgerRow[] = [];
  for (const path of paths) {
    await mustExist(path);
    const studies = readStudies(path);
    for (const { study, method } of options.all ? studies : studies.slice(0, 1)) {
      const found = filter(readLedger(path, study), options);
      rows.push(...found);
      if (options.json || options.csv === "-") continue;
      console.log(`${forUser(path)}: study ${study} by ${method}`);
      console.log(table(found, options));
      console.log(summary(found));
    }
  }
  if (options.json) console.log(JSON.stringify(rows, null, 2));
  if (options.csv === "-") await Deno.stdout.write(new TextEncoder().encode(ledgerCsv(rows)));
  else if (options.csv !== undefined) await writeWhole(fromUser(options.csv), ledgerCsv(rows));
}

async function mustExist(path: string): Promise<void> {
  const found = await Deno.stat(path).catch(() => undefined);
  if (found?.isFile) return;
  throw new UserError({
    message: "there is no such study",
    location: { file: forUser(path) },
    expected: "the study.db of a search",
  }, ExitCode.data);
}

async function findStudies(folder: string, depth = 5): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
      if (isFile && name === "study.db") found.push(`${folder}/${name}`);
      if (isDirectory && depth > 0) {
        found.push(...await findStudies(`${folder}/${name}`, depth - 1));
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}

function latency(row: LedgerRow): number {
  return row.costs[0]?.latency_s ?? Infinity;
}

function filter(rows: readonly LedgerRow[], options: ListOptions): LedgerRow[] {
  const { state, binding, minAccuracy, maxLatency, sort, limit } = options;
  const kept = rows.filter((row) =>
    (state === undefined || row.state === state) &&
    (binding === undefined || row.rejection?.binding === binding) &&
    (minAccuracy === undefined || (row.val_accuracy ?? -1) >= minAccuracy) &&
    (maxLatency === undefined || latency(row) <= maxLatency)
  );
  if (sort === "accuracy") kept.sort((a, b) => (b.val_accuracy ?? -1) - (a.val_accuracy ?? -1));
  if (sort === "latency") kept.sort((a, b) => latency(a) - latency(b));
  return kept.slice(0, limit);
}

function table(rows: readonly LedgerRow[], { csv: file }: ListOptions): string {
  if (file !== undefined) return `${rows.length} trials written to ${file}`;
  const result = new Table({
    head: ["", "network", "state", "epochs", "val %", "latency s", "energy mJ", "why not", "s"],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const { rejection } = row;
    result.push([
      row.sample,
      row.network,
      row.state,
      row.epochs,
      row.val_accuracy === null ? "" : (100 * row.val_accuracy).toFixed(2),
      row.costs.map(({ latency_s }) => latency_s?.toPrecision(4) ?? "-").join(" / "),
      row.costs.map(({ energy_J }) => energy_J === null ? "-" : (1e3 * energy_J).toPrecision(3))
        .join(" / "),
      rejection === null
        ? ""
        : `${rejection.binding} by ${Number(rejection.violation.toPrecision(3))} ${rejection.unit}`,
      row.seconds === null ? "" : row.seconds.toFixed(1),
    ]);
  }
  return result.toString();
}

function summary(rows: readonly LedgerRow[]): string {
  const counts = STATES.map((state) => [rows.filter((row) => row.state === state).length, state])
    .filter(([count]) => count !== 0).map(([count, state]) => `${count} ${state}`);
  return counts.join(", ") + "\n";
}

async function work(file: string, options: { threads: number; idle: number }): Promise<void> {
  const path = fromUser(file);
  await mustExist(path);
  const stop = new AbortController();
  const interrupt = () =>
    stop.abort(new UserError("stopped; what was begun returns to the study", ExitCode.interrupted));
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.addSignalListener("SIGTERM", interrupt);
  try {
    const done = await joinStudy({
      path,
      threads: Math.max(1, Math.round(options.threads)),
      idle_s: options.idle,
      signal: stop.signal,
      onTrial: (network) => console.log(`trained ${network}`),
    });
    console.log(`${done} trials trained here`);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.removeSignalListener("SIGTERM", interrupt);
  }
}

if (import.meta.main) Deno.exit(await runCommand(studyCommand(), Deno.args));
