/** What would run and why. The run that follows asks the same question again, stage by stage. */
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import { digestImports, digestSources } from "./code.ts";
import type { Configuration, StageNode } from "./config.ts";
import { digestFile } from "./digest.ts";
import {
  type Fingerprint,
  inputReasons,
  keyOf,
  type OwnFingerprint,
  ownReasons,
} from "./fingerprint.ts";
import { ancestors, select, type Selection } from "./graph.ts";
import { StageStore, type StaleInput, type StoredState } from "./store.ts";

export type Action =
  /** Runs for certain. */
  | "run"
  /** Whole and up to date. */
  | "cached"
  /** Runs if a stage before it makes another artifact than before. */
  | "may run"
  /** Not part of what was asked for. */
  | "not selected";

export interface PlannedStage {
  readonly stage: string;
  readonly action: Action;
  readonly reasons: readonly string[];
}

export interface Workplace {
  readonly configuration: Configuration;
  /** Root of the checkout. */
  readonly root: string;
  /** `out/<dataset>`. */
  readonly runDir: string;
  /** Folder for the engine's temporary files. */
  readonly cacheDir: string;
}

export interface Request {
  readonly selection: Selection;
  readonly force: boolean;
}

/** What is known of a stage before the run. */
export interface StageStatus {
  readonly node: StageNode;
  readonly store: StageStore;
  readonly state: StoredState;
  readonly own: OwnFingerprint;
  /** Why its fingerprint cannot be told yet, e.g. a compiler is missing; then it counts as changed. */
  readonly unknown: string | undefined;
}

/** Reads the state of every stage and computes what its result depends on. */
export async function survey(workplace: Workplace): Promise<Map<string, StageStatus>> {
  const { configuration, root, runDir, cacheDir } = workplace;
  const modules = [...new Set(configuration.stages.map((node) => node.definition.module))];
  const [imports, lock] = await Promise.all([
    digestImports(modules, root, cacheDir),
    digestFile(`${root}/deno.lock`).catch(() => "absent"),
  ]);
  const statuses = await Promise.all(configuration.stages.map(async (node) => {
    const { definition, parameters } = node;
    const store = new StageStore(runDir, node.name);
    const [state, sources, tools] = await Promise.all([
      store.inspect(),
      digestSources(definition.sources ?? [], root),
      toolsOf(node, root),
    ]);
    const own: OwnFingerprint = {
      stage: definition.name,
      parameters,
      code: imports.get(definition.module)!,
      sources,
      lock,
      tools: tools.parts,
    };
    return [node.name, { node, store, state, own, unknown: tools.unknown }] as const;
  }));
  return new Map(statuses);
}

async function toolsOf(
  { definition, parameters }: StageNode,
  root: string,
): Promise<{ parts: Record<string, string>; unknown: string | undefined }> {
  try {
    const parts = await definition.fingerprint?.({ params: parameters, root }) ?? {};
    return { parts, unknown: undefined };
  } catch (error) {
    // A tool that is missing now may be there after set-up; a defect is one in either case.
    if (!(error instanceof UserError)) throw error;
    return { parts: {}, unknown: error.message };
  }
}

/** The decision for one stage, given the artifacts of its inputs as far as they are known. */
export interface Decision {
  readonly action: Exclude<Action, "not selected">;
  readonly reasons: readonly string[];
}

/** @param inputs per needed stage its artifact's digest, or undefined while that may change */
export function decide(
  status: StageStatus,
  inputs: ReadonlyMap<string, { digest: string | undefined; action: Action }>,
  force: boolean,
): Decision {
  const { state, own, unknown } = status;
  if (state.kind === "none") return { action: "run", reasons: ["no artifact yet"] };
  if (state.kind === "broken") return { action: "run", reasons: [state.reason] };
  const before = state.record.fingerprint;
  const reasons = unknown === undefined ? ownReasons(before, own) : [unknown];
  const known: Record<string, string> = {};
  const open: string[] = [];
  for (const [name, { digest, action }] of inputs) {
    if (digest !== undefined) known[name] = digest;
    else {
      open.push(`input ${name} ${action === "run" ? "will run: may change" : "may run"}`);
      // An input that is still open is no reason by itself, an input that is new is one.
      known[name] = before.inputs[name] ?? "";
    }
  }
  reasons.push(...inputReasons(before.inputs, known));
  if (force) reasons.unshift("forced");
  if (reasons.length > 0) return { action: "run", reasons };
  if (open.length > 0) return { action: "may run", reasons: open };
  if (keyOf(fingerprintOf(status, known)) !== state.record.key) {
    return { action: "run", reasons: ["record is corrupted"] };
  }
  return { action: "cached", reasons: [] };
}

/** The whole fingerprint, once the inputs are known. */
export function fingerprintOf(
  status: StageStatus,
  inputs: Readonly<Record<string, string>>,
): Fingerprint {
  return { ...status.own, inputs: { ...inputs } };
}

export interface Plan {
  readonly stages: readonly PlannedStage[];
  /** Per selected stage: what it rests on that was made for something else. */
  readonly stale: ReadonlyMap<string, readonly StaleInput[]>;
}

/**
 * Plans a run.
 *
 * @throws {@link UserError} where a stage outside of the selection lacks the artifact that is needed
 */
export function plan(
  configuration: Configuration,
  statuses: ReadonlyMap<string, StageStatus>,
  request: Request,
): Plan {
  const selected = select(configuration.needs, request.selection);
  const seen = new Map<string, { digest: string | undefined; action: Action }>();
  const stages: PlannedStage[] = [];
  const problems: Problem[] = [];
  for (const node of configuration.stages) {
    const status = statuses.get(node.name)!;
    if (!selected.has(node.name)) {
      const { state } = status;
      const digest = state.kind === "whole" ? state.record.artifact : undefined;
      seen.set(node.name, { digest, action: "not selected" });
      stages.push({ stage: node.name, action: "not selected", reasons: [] });
      continue;
    }
    for (const need of node.needs) {
      const { state } = statuses.get(need)!;
      if (selected.has(need) || state.kind === "whole") continue;
      problems.push({
        message: state.kind === "none"
          ? `${node.name} needs the artifact of ${need}, which is not there`
          : `${node.name} needs the artifact of ${need}: ${state.reason}`,
        location: { file: statuses.get(need)!.store.folder },
        help: `Make it first: deno task pipeline --until ${need}`,
      });
    }
    const inputs = new Map(node.needs.map((need) => [need, seen.get(need)!]));
    const { action, reasons } = decide(status, inputs, request.force);
    const digest = action === "cached" && status.state.kind === "whole"
      ? status.state.record.artifact
      : undefined;
    seen.set(node.name, { digest, action });
    stages.push({ stage: node.name, action, reasons });
  }
  if (problems.length > 0) throw new UserError(problems, ExitCode.data);
  return { stages, stale: staleInputs(configuration, statuses, selected) };
}

function staleInputs(
  configuration: Configuration,
  statuses: ReadonlyMap<string, StageStatus>,
  selected: ReadonlySet<string>,
): Map<string, StaleInput[]> {
  const stale = new Map<string, StaleInput>();
  for (const { name, needs } of configuration.stages) {
    const { state, own, unknown } = statuses.get(name)!;
    if (selected.has(name) || state.kind !== "whole") continue;
    const current = Object.fromEntries(needs.flatMap((need) => {
      const input = statuses.get(need)!.state;
      return input.kind === "whole" ? [[need, input.record.artifact]] : [];
    }));
    const before = state.record.fingerprint;
    // An ancestor that was cleared away since does not make this artifact another one.
    const compared = { ...before.inputs, ...current };
    const reasons = [
      ...(unknown === undefined ? ownReasons(before, own) : []),
      ...inputReasons(before.inputs, compared),
    ];
    if (reasons.length > 0) stale.set(name, { stage: name, reasons });
  }
  return new Map(
    [...selected].map((name) => {
      const above = ancestors(configuration.needs, name);
      return [name, [...stale.values()].filter(({ stage }) => above.has(stage))];
    }),
  );
}
