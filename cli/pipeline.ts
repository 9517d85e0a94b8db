/** `deno task pipeline`: runs, plans and explains what `pipeline.yaml` describes. */
import { Command, InvalidArgumentError, Option } from "commander";
import { ExitCode, nearestName, UserError } from "../base/errors.ts";
import { canonicalJson } from "../base/files.ts";
import { type Configuration, loadConfiguration } from "../pipeline/config.ts";
import type { Observer, RunEvent } from "../pipeline/events.ts";
import { optionOverride, type Override, parseSet } from "../pipeline/overrides.ts";
import type { Request, Workplace } from "../pipeline/plan.ts";
import type { Registry } from "../pipeline/registry.ts";
import { planPipeline, runPipeline } from "../pipeline/run.ts";
import { openEventFile } from "./event_file.ts";
import { forUser, fromUser } from "./root.ts";
import { Screen } from "./screen.ts";
import {
  formatGraph,
  formatPlan,
  formatStatus,
  formatSummary,
  formatWhy,
  readReports,
  summaryJson,
} from "./summary.ts";
import { Watchdog } from "./watchdog.ts";

export interface PipelineHost {
  readonly registry: Registry;
  /** Root of the checkout. */
  readonly root: string;
  /** Brings what the machine lacks; called only where a stage will run. */
  readonly prepare?: () => Promise<void>;
}

interface Options {
  file?: string;
  out?: string;
  dataset?: string;
  dataDir?: string;
  matrix?: string[];
  set: string[];
  only?: string;
  from?: string;
  until?: string;
  force?: boolean;
  plan?: boolean;
  status?: boolean;
  why?: string;
  graph?: "mermaid" | "dot";
  json?: boolean;
  events?: string;
  threads: number;
}

export function pipelineCommand(host: PipelineHost): Command {
  return new Command("pipeline")
    .description("Run pipeline.yaml: from a data set to verified firmware")
    .option("--dataset <name>", "the data set (params.dataset)")
    .option("--data-dir <folder>", "where its files lie (default: BROWNOUT_DATA_DIR)")
    .option(
      "--set <name=value>",
      "override, e.g. search.trials=50 or platforms.msp430fr5994-fram.capacitance_F=0.001",
      (text: string, before: string[]) => [...before, text],
      [],
    )
    .option("--matrix <dataset=a,b>", "the same graph per data set, each in out/<value>/", matrix)
    .option("--only <stage>", "this stage alone, on inputs as they are")
    .option("--from <stage>", "this stage and what follows from it")
    .option("--until <stage>", "this stage and what it needs")
    .option("--force", "run even what is up to date")
    .option("--plan", "say what would run and why; run nothing")
    .option("--status", "say what is there")
    .option("--why <stage>", "say what decides whether a stage runs")
    .addOption(new Option("--graph <language>", "draw the graph").choices(["mermaid", "dot"]))
    .option("--out <folder>", "where results go (default: out)")
    .option("--file <file>", "another pipeline.yaml")
    .option("--json", "standard output is only JSON")
    .option("--events <file>", "write events as JSON lines")
    .option("--threads <number>", "threads that stages may use", threads, cores())
    .action((options: Options) => execute(host, options));
}

/** Data sets alone: another parameter's values would fight over one folder. */
function matrix(text: string): string[] {
  const [name, list = ""] = text.split("=");
  const values = list.split(",").filter((value) => value !== "");
  if (name !== "dataset" || values.length === 0 || new Set(values).size < values.length) {
    throw new InvalidArgumentError("expected dataset=NAME,NAME,... with every name once");
  }
  return values;
}

function cores(): number {
  return navigator.hardwareConcurrency;
}

function threads(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("expected a number from 1 up");
  return Number(text);
}

async function execute(host: PipelineHost, options: Options): Promise<void> {
  if (options.matrix !== undefined && options.dataset !== undefined) {
    throw new UserError("--matrix cannot be combined with --dataset");
  }
  const variants = options.matrix === undefined
    ? [options]
    : options.matrix.map((dataset) => ({ ...options, dataset }));
  const workplaces: Workplace[] = [];
  // All are checked before the first one runs.
  for (const variant of variants) workplaces.push(await prepareWorkplace(host, variant));
  const answers: unknown[] = [];
  using events = options.events === undefined ? undefined : openEventFile(fromUser(options.events));
  for (const workplace of workplaces) {
    if (workplaces.length > 1 && !options.json) console.log(`${workplace.configuration.dataset}:`);
    answers.push(await answer(host, workplace, options, events));
  }
  if (options.json) printJson(options.matrix === undefined ? answers[0] : answers);
}

async function prepareWorkplace(host: PipelineHost, options: Options): Promise<Workplace> {
  const configuration = await configure(host, options);
  const { only, from, until } = options;
  if (only !== undefined && (from ?? until) !== undefined) {
    throw new UserError({ message: "--only cannot be combined with --from or --until" });
  }
  for (const [option, name] of Object.entries({ only, from, until, why: options.why })) {
    if (name !== undefined) requireStage(configuration, `--${option}`, name);
  }
  const out = options.out === undefined ? `${host.root}/out` : fromUser(options.out);
  return {
    configuration,
    root: host.root,
    runDir: `${out}/${configuration.dataset}`,
    cacheDir: `${out}/.cache`,
  };
}

/** Does what the options ask for in one workplace. @returns the answer as JSON */
async function answer(
  host: PipelineHost,
  workplace: Workplace,
  options: Options,
  events: Observer | undefined,
): Promise<unknown> {
  const { only, from, until } = options;
  const request: Request = { selection: { only, from, until }, force: options.force ?? false };
  if (options.graph) {
    const graph = formatGraph(workplace.configuration, options.graph);
    if (!options.json) console.log(graph);
    return { ok: true, graph };
  }
  if (options.plan || options.status || options.why !== undefined) {
    return await explain(workplace, request, options);
  }
  return await run(host, workplace, request, options, events);
}

async function configure(host: PipelineHost, options: Options): Promise<Configuration> {
  const path = options.file === undefined ? `${host.root}/pipeline.yaml` : fromUser(options.file);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new UserError({
      message: `cannot be read: ${(error as Error).message}`,
      location: { file: forUser(path) },
    });
  }
  const overrides: Override[] = options.set.map(parseSet);
  if (options.dataset !== undefined) {
    overrides.push(
      optionOverride(`--dataset ${options.dataset}`, ["params", "dataset"], options.dataset),
    );
  }
  if (options.dataDir !== undefined) {
    const option = `--data-dir ${options.dataDir}`;
    overrides.push(optionOverride(option, ["params", "data_dir"], fromUser(options.dataDir)));
  } else {
    const folder = Deno.env.get("BROWNOUT_DATA_DIR");
    if (folder) {
      const option = `BROWNOUT_DATA_DIR=${folder}`;
      const override = optionOverride(option, ["params", "data_dir"], fromUser(folder));
      overrides.push({ ...override, optional: true });
    }
  }
  return loadConfiguration(text, forUser(path), host.registry, overrides);
}

function requireStage(configuration: Configuration, option: string, name: string): void {
  const names = configuration.stages.map((node) => node.name);
  if (names.includes(name)) return;
  throw new UserError({
    message: `there is no stage "${name}"`,
    location: { file: `${option} ${name}` },
    expected: `one of ${names.join(", ")}`,
    nearest: nearestName(name, names),
  });
}

async function explain(
  workplace: Workplace,
  request: Request,
  options: Options,
): Promise<unknown> {
  const { plan, statuses } = await planPipeline(workplace, request);
  const { configuration } = workplace;
  if (options.why !== undefined) {
    const planned = plan.stages.find(({ stage }) => stage === options.why)!;
    const status = statuses.get(options.why)!;
    const { state, own, unknown } = status;
    const record = state.kind === "none" ? null : state.record ?? null;
    if (!options.json) console.log(formatWhy(planned, status));
    return { ok: true, ...planned, fingerprint: own, unknown, record };
  }
  const stale = [...plan.stale].flatMap(([stage, inputs]) =>
    inputs.map((input) => ({ ...input, stage, input: input.stage }))
  );
  if (options.json) {
    const stages = plan.stages.map((planned) => {
      const { state } = statuses.get(planned.stage)!;
      const record = state.kind === "none" ? null : state.record ?? null;
      return options.status ? { ...planned, state: state.kind, record } : planned;
    });
    const { dataset, overridden } = configuration;
    return { ok: true, dataset, overridden, stages, stale_inputs: stale };
  }
  console.log(options.status ? formatStatus(statuses, plan.stages) : formatPlan(plan.stages));
  for (const { stage, input, reasons } of stale) {
    console.log(
      `warning: ${stage} rests on ${input}, which was made for something else: ${
        reasons.join("; ")
      }`,
    );
  }
  return undefined;
}

async function run(
  host: PipelineHost,
  workplace: Workplace,
  request: Request,
  options: Options,
  events: Observer | undefined,
): Promise<unknown> {
  const { configuration, runDir } = workplace;
  using screen = new Screen(options.json ?? false);
  using watchdog = new Watchdog(() => screen.line("stopping"));
  const observe = (event: RunEvent) => {
    screen.observe(event);
    events?.(event);
  };
  const prepare = async () => {
    await watchdog.guard();
    await host.prepare?.();
  };
  const started = performance.now();
  let results;
  try {
    const { signal } = watchdog;
    results = await runPipeline(workplace, {
      ...request,
      threads: options.threads,
      signal,
      observe,
      prepare,
    });
  } catch (error) {
    if (error instanceof UserError && error.exitCode === ExitCode.interrupted) throw error;
    if (watchdog.signal.aborted) throw new UserError("stopped", ExitCode.interrupted);
    throw error;
  }
  const reports = await readReports(configuration, results);
  if (options.json) return summaryJson(configuration, results, reports, runDir);
  screen.line(formatSummary(results, reports, runDir, screen.columns));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const ran = results.filter(({ action }) => action === "ran").length;
  const stages = ran === 1 ? "1 stage" : `${ran} stages`;
  screen.line(ran === 0 ? "nothing to do" : `${stages} ran in ${seconds} s`);
  return undefined;
}

function printJson(value: unknown): void {
  console.log(canonicalJson(value).trimEnd());
}
