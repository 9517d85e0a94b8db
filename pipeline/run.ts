/** Plan -> run -> record. */
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import type { StageNode } from "./config.ts";
import type { Observer } from "./events.ts";
import { keyOf } from "./fingerprint.ts";
import { locate } from "./located.ts";
import { RunLock } from "./lock.ts";
import {
  type Action,
  decide,
  fingerprintOf,
  plan,
  type PlannedStage,
  type Request,
  type StageStatus,
  survey,
  type Workplace,
} from "./plan.ts";
import type { StageContext } from "./stage.ts";
import type { StageRecord, StaleInput } from "./store.ts";
import { StageStore } from "./store.ts";

/** How long a stage may take to heed a request to stop. */
const GRACE_ms = 600;

export interface RunOptions extends Request {
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly observe: Observer;
  /** Called once, before the first stage and only where one will run: brings what it needs. */
  readonly prepare?: (() => Promise<void>) | undefined;
}

export interface StageResult {
  readonly stage: string;
  readonly action: "ran" | "cached" | "not selected";
  readonly reasons: readonly string[];
  /** The record of its artifact; undefined where there is none. */
  readonly record: StageRecord | undefined;
  readonly artifactDir: string;
  readonly staleInputs: readonly StaleInput[];
}

/** Ends commits that were cut, where no other run is at work. */
export async function recoverAll(workplace: Workplace): Promise<void> {
  for (const { name } of workplace.configuration.stages) {
    await new StageStore(workplace.runDir, name).recover();
  }
}

/** Plans without running anything; while another run works, its folders are left as they are. */
export async function planPipeline(
  workplace: Workplace,
  request: Request,
): Promise<{ plan: ReturnType<typeof plan>; statuses: Map<string, StageStatus> }> {
  using lock = await exists(workplace.runDir)
    ? await RunLock.tryAcquire(workplace.runDir)
    : undefined;
  if (lock) await recoverAll(workplace);
  const statuses = await survey(workplace);
  return { plan: plan(workplace.configuration, statuses, request), statuses };
}

/**
 * Runs what has to run.
 *
 * @throws {@link UserError} with {@link ExitCode.interrupted} where `signal` was aborted; what was
 * finished stays, and the next run goes on from there
 */
export async function runPipeline(
  workplace: Workplace,
  options: RunOptions,
): Promise<StageResult[]> {
  const { configuration } = workplace;
  const { observe, signal } = options;
  using _lock = await RunLock.acquire(workplace.runDir);
  const { dataset, overridden } = configuration;
  observe({ type: "run_started", dataset, overridden });
  await recoverAll(workplace);
  let statuses = await survey(workplace);
  let planned = plan(configuration, statuses, options);
  const busy = (stages: readonly PlannedStage[]) =>
    stages.some(({ action }) => action === "run" || action === "may run");
  if (options.prepare && busy(planned.stages)) {
    observe({ type: "preparing" });
    await heedful(options.prepare(), signal).catch((error) => {
      throw signal.aborted ? interrupted() : error;
    });
    // What set-up brought (a compiler, the addon) is part of fingerprints.
    statuses = await survey(workplace);
    planned = plan(configuration, statuses, options);
  }
  observe({ type: "plan", stages: planned.stages });
  reportStale(planned.stages, planned.stale, observe);
  await preflight(planned.stages, statuses, workplace.root);

  const results: StageResult[] = [];
  const digests = new Map<string, string>();
  const actions = new Map<string, Action>(planned.stages.map((s) => [s.stage, s.action]));
  for (const node of configuration.stages) {
    const status = statuses.get(node.name)!;
    const { store, state } = status;
    const whole = state.kind === "whole" ? state.record : undefined;
    const staleInputs = planned.stale.get(node.name) ?? [];
    const result = { stage: node.name, artifactDir: store.artifactDir, staleInputs };
    if (actions.get(node.name) === "not selected") {
      if (whole) digests.set(node.name, whole.artifact);
      results.push({ ...result, action: "not selected", reasons: [], record: whole });
      continue;
    }
    const inputs = new Map(
      node.needs.map((need) => [need, { digest: digests.get(need), action: "cached" as const }]),
    );
    const { action, reasons } = decide(status, inputs, options.force);
    if (action === "cached" && whole) {
      let record = whole;
      if (JSON.stringify(whole.stale_inputs) !== JSON.stringify(staleInputs)) {
        record = { ...whole, stale_inputs: [...staleInputs] };
        await store.rewrite(record);
      }
      digests.set(node.name, record.artifact);
      results.push({ ...result, action: "cached", reasons, record });
      observe({ type: "stage_cached", stage: node.name });
      continue;
    }
    if (signal.aborted) throw interrupted();
    const record = await runStage(status, digests, reasons, staleInputs, workplace, options);
    digests.set(node.name, record.artifact);
    results.push({ ...result, action: "ran", reasons, record });
  }
  observe({ type: "run_finished", dataset });
  return results;
}

async function runStage(
  status: StageStatus,
  digests: ReadonlyMap<string, string>,
  reasons: readonly string[],
  staleInputs: readonly StaleInput[],
  workplace: Workplace,
  options: RunOptions,
): Promise<StageRecord> {
  const { node, store } = status;
  const { observe, signal } = options;
  const stage = node.name;
  if (status.unknown !== undefined) throw new UserError(status.unknown, ExitCode.toolchain);
  const inputs = Object.fromEntries(node.needs.map((need) => [need, digests.get(need)!]));
  const fingerprint = fingerprintOf(status, inputs);
  const key = keyOf(fingerprint);
  const warnings: string[] = [];
  const started = new Date();
  observe({ type: "stage_started", stage, reasons });
  try {
    // Forced over a whole artifact, what `work/` holds is the run that is to be done again.
    const anew = options.force && status.state.kind === "whole";
    const artifactDir = await store.begin(key, anew);
    const context: StageContext<unknown> = {
      params: node.parameters,
      input: (name) => inputFolder(node, name, workplace.runDir),
      artifactDir,
      workDir: store.workDir,
      root: workplace.root,
      threads: options.threads,
      progress: {
        update: (text, fraction) => observe({ type: "stage_progress", stage, text, fraction }),
        note: (text) => observe({ type: "stage_note", stage, text }),
        warn: (text) => {
          warnings.push(text);
          observe({ type: "stage_warning", stage, text });
        },
      },
      signal,
    };
    await heedful(node.definition.run(context), signal);
    const ended = new Date();
    const seconds = (ended.getTime() - started.getTime()) / 1000;
    const record = await store.commit({
      stage,
      key,
      fingerprint,
      started: started.toISOString(),
      ended: ended.toISOString(),
      seconds,
      overridden: [...workplace.configuration.overridden],
      stale_inputs: [...staleInputs],
      warnings,
    });
    const before = status.state.kind === "whole" ? status.state.record.artifact : undefined;
    const unchanged = before === record.artifact;
    observe({ type: "stage_finished", stage, seconds, artifact: record.artifact, unchanged });
    return record;
  } catch (error) {
    const shown = signal.aborted ? interrupted() : diskProblem(error, store.folder) ?? error;
    if (!(error instanceof Unheeded)) await store.abandon().catch(() => {});
    const { message } = shown as Error;
    observe({ type: "stage_failed", stage, message, interrupted: signal.aborted });
    throw shown;
  }
}

/** Waits for `work`; once `signal` is aborted, no longer than the grace. */
async function heedful(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort = () => {};
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(new Unheeded()), GRACE_ms);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  // The loser of the race may still fail later; that failure has nobody left to hear it.
  work.catch(() => {});
  try {
    await Promise.race([work, stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** A stage was told to stop and did not; its folder may still be written to. */
class Unheeded extends Error {}

function interrupted(): UserError {
  return new UserError(
    { message: "stopped", help: "Finished stages stay; the same command goes on from here." },
    ExitCode.interrupted,
  );
}

function inputFolder(node: StageNode, name: string, runDir: string): string {
  const input = node.inputOfKind.get(name) ?? (node.needs.includes(name) ? name : undefined);
  if (input === undefined) {
    throw new Error(`stage ${node.name} reads ${name}, which its definition does not name`);
  }
  return new StageStore(runDir, input).artifactDir;
}

async function preflight(
  stages: readonly PlannedStage[],
  statuses: ReadonlyMap<string, StageStatus>,
  root: string,
): Promise<void> {
  const problems: Problem[] = [];
  let exitCode: ExitCode | undefined;
  for (const { stage, action } of stages) {
    if (action !== "run" && action !== "may run") continue;
    const { node } = statuses.get(stage)!;
    try {
      const found = await node.definition.preflight?.({ params: node.parameters, root }) ?? [];
      problems.push(...found.map((problem) => placed(problem, node)));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      exitCode ??= error.exitCode;
      problems.push(...error.problems.map((problem) => placed(problem, node)));
    }
  }
  if (problems.length > 0) throw new UserError(problems, exitCode ?? ExitCode.usage);
}

/** A problem of a field of `with` gets the place where that field was written. */
function placed(problem: Problem, node: StageNode): Problem {
  const [head, ...path] = problem.field?.split(".") ?? [];
  if (problem.location !== undefined || head !== node.name) return problem;
  const steps = path.map((step) => /^\d+$/.test(step) ? Number(step) : step);
  return { ...problem, location: locate(node.written, steps) };
}

function reportStale(
  stages: readonly PlannedStage[],
  stale: ReadonlyMap<string, readonly StaleInput[]>,
  observe: Observer,
): void {
  for (const { stage } of stages) {
    for (const { stage: input, reasons } of stale.get(stage) ?? []) {
      observe({ type: "stale_input", stage, input, reasons });
    }
  }
}

const DISK_CODES: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
};

/** A disk that refuses is the user's to mend; undefined for any other error. */
function diskProblem(error: unknown, folder: string): UserError | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  const text = typeof code === "string" ? DISK_CODES[code] : undefined;
  if (text === undefined || error instanceof UserError) return undefined;
  return new UserError({
    message: `${text} (${(error as Error).message})`,
    location: { file: folder },
    help: "What was there before is untouched.",
  }, ExitCode.data);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
