/** Tables that end a run, and the answers to `--plan`, `--status` and `--why`. */
import Table from "cli-table3";
import type { Configuration } from "../pipeline/config.ts";
import type { PlannedStage, StageStatus } from "../pipeline/plan.ts";
import type { StageResult } from "../pipeline/run.ts";
import type { SummaryRow } from "../pipeline/stage.ts";
import { forUser } from "./root.ts";

/** Rows of each stage's report, by stage; stages without an artifact have none. */
export type Reports = ReadonlyMap<string, readonly SummaryRow[]>;

export async function readReports(
  configuration: Configuration,
  results: readonly StageResult[],
): Promise<Reports> {
  const reports = new Map<string, readonly SummaryRow[]>();
  for (const { stage, record, artifactDir } of results) {
    const node = configuration.stages.find((candidate) => candidate.name === stage);
    if (record) reports.set(stage, await node?.definition.report?.(artifactDir) ?? []);
  }
  return reports;
}

/** Reasons shown before the rest is left to `--why`. */
const SHOWN = 3;

/** Reasons on one line. */
export function formatReasons(stage: string, reasons: readonly string[]): string {
  if (reasons.length <= SHOWN + 1) return reasons.join("; ");
  return `${reasons.slice(0, SHOWN).join("; ")}; and ${
    reasons.length - SHOWN
  } more (--why ${stage})`;
}

/**
 * The closing table, the warnings and where the files are.
 *
 * @param columns width of the terminal; Infinity where there is none
 */
export function formatSummary(
  results: readonly StageResult[],
  reports: Reports,
  runDir: string,
  columns: number,
): string {
  const rows = results.map(({ stage, action, record }) => {
    const report = reports.get(stage) ?? [];
    const width = Math.max(0, ...report.map(([label]) => label.length));
    const seconds = record ? `${record.seconds.toFixed(1)} s` : "";
    const time = action === "ran" ? seconds : `${action}${seconds ? ` (${seconds})` : ""}`;
    const lines = report.map(([label, value]) => `${label.padEnd(width)}  ${value}`);
    return [stage, time, lines.join("\n")] as const;
  });
  const widest = (column: 0 | 1) => Math.max(5, ...rows.map((row) => row[column].length)) + 2;
  const room = columns - widest(0) - widest(1) - 4;
  const table = plainTable(
    ["stage", "time", "result"],
    Number.isFinite(room) ? [widest(0), widest(1), Math.max(40, room)] : [],
  );
  for (const row of rows) table.push([...row]);
  const lines = [table.toString()];
  for (const { stage, record, staleInputs } of results) {
    for (const warning of record?.warnings ?? []) lines.push(`warning: ${stage}: ${warning}`);
    for (const input of staleInputs) {
      lines.push(
        `warning: ${stage} rests on ${input.stage}, which was made for something else: ${
          input.reasons.join("; ")
        }`,
      );
    }
  }
  lines.push(`files: ${forUser(runDir)}/<stage>/artifact/`);
  return lines.join("\n");
}

/** The same as JSON. */
export function summaryJson(
  configuration: Configuration,
  results: readonly StageResult[],
  reports: Reports,
  runDir: string,
): unknown {
  return {
    ok: true,
    dataset: configuration.dataset,
    folder: runDir,
    overridden: configuration.overridden,
    stages: results.map(({ stage, action, reasons, record, artifactDir, staleInputs }) => ({
      stage,
      action,
      reasons,
      seconds: record?.seconds ?? null,
      key: record?.key ?? null,
      artifact: record?.artifact ?? null,
      folder: artifactDir,
      summary: (reports.get(stage) ?? []).map(([label, value]) => ({ label, value })),
      warnings: record?.warnings ?? [],
      stale_inputs: staleInputs,
    })),
  };
}

/** One line per stage. */
export function formatPlan(stages: readonly PlannedStage[]): string {
  const width = Math.max(...stages.map(({ stage }) => stage.length)) + 1;
  return stages.map(({ stage, action, reasons }) => {
    const name = `${stage}:`.padEnd(width);
    return `${name} ${action.padEnd(12)} ${formatReasons(stage, reasons)}`.trimEnd();
  }).join("\n");
}

/** What lies in each stage's folder. */
export function formatStatus(
  statuses: ReadonlyMap<string, StageStatus>,
  stages: readonly PlannedStage[],
): string {
  const table = plainTable(["stage", "artifact", "made", "took", "now"]);
  for (const { stage, action } of stages) {
    const { state } = statuses.get(stage)!;
    const record = state.kind === "none" ? undefined : state.record;
    table.push([
      stage,
      state.kind === "whole"
        ? state.record.artifact.slice(0, 12)
        : state.kind === "broken"
        ? state.reason
        : "none",
      record?.ended ?? "",
      record ? `${record.seconds.toFixed(1)} s` : "",
      action === "cached" ? "up to date" : action,
    ]);
  }
  return table.toString();
}

/** All that decides whether one stage runs. */
export function formatWhy(planned: PlannedStage, status: StageStatus): string {
  const { own, state, node, unknown } = status;
  const record = state.kind === "none" ? undefined : state.record;
  const lines = [
    `${planned.stage}: ${planned.action}`,
    ...planned.reasons.map((reason) => `  ${reason}`),
    `  it is ${node.definition.summary}`,
    `  reads ${node.needs.length > 0 ? node.needs.join(", ") : "no other stage"}`,
    `  depends on ${Object.keys(own.code).length} modules, ${
      Object.keys(own.sources).length
    } other files, deno.lock, ${Object.keys(own.tools).length} tools`,
    ...Object.entries(own.tools).map(([name, value]) => `    ${name}: ${value}`),
    `  parameters ${JSON.stringify(own.parameters)}`,
  ];
  if (unknown !== undefined) lines.push(`  ${unknown}`);
  if (record) {
    lines.push(`  made ${record.ended} in ${record.seconds.toFixed(1)} s, key ${record.key}`);
    if (record.overridden.length > 0) lines.push(`  made with ${record.overridden.join(" ")}`);
    for (const input of record.stale_inputs) {
      lines.push(
        `  rests on ${input.stage}, made for something else: ${input.reasons.join("; ")}`,
      );
    }
  }
  return lines.join("\n");
}

/** The graph as a diagram. */
export function formatGraph(configuration: Configuration, language: "mermaid" | "dot"): string {
  const edges = configuration.stages.flatMap(({ name, needs }) =>
    needs.map((need) => [need, name] as const)
  );
  if (language === "mermaid") {
    return [
      "graph TD",
      ...configuration.stages.map(({ name, definition }) =>
        `  ${name}["${name}: ${definition.summary.replaceAll('"', "'")}"]`
      ),
      ...edges.map(([from, to]) => `  ${from} --> ${to}`),
    ].join("\n");
  }
  return [
    "digraph pipeline {",
    ...configuration.stages.map(({ name, definition }) =>
      `  ${JSON.stringify(name)} [label=${JSON.stringify(`${name}\n${definition.summary}`)}];`
    ),
    ...edges.map(([from, to]) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)};`),
    "}",
  ].join("\n");
}

function plainTable(head: string[], colWidths: number[] = []): Table.Table {
  return new Table({ head, colWidths, wordWrap: true, style: { head: [], border: [] } });
}
