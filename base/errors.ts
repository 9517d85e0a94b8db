/**
 * Errors that are the user's to mend, and the exit codes of every command.
 *
 * A {@link UserError} is printed without a stack trace. Anything else that reaches the command line
 * is a defect of Brownout and is printed with one.
 */
import { distance } from "fastest-levenshtein";

/** Exit codes of every command, as documented in the README. */
export const ExitCode = {
  ok: 0,
  /** A defect of Brownout itself. */
  internal: 1,
  /** Configuration, arguments or a request that cannot be understood. */
  usage: 2,
  /** A data set, file or artifact that is missing, truncated, corrupted or foreign. */
  data: 3,
  /** A compiler, simulator or package that the machine lacks. */
  toolchain: 4,
  /** No network or design fits the limits asked for. */
  infeasible: 5,
  /** The firmware's outputs differ from the reference. */
  verification: 6,
  /** Stopped by Ctrl-C or a termination signal. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Where in a file a mistake stands; line and column count from 1. */
export interface Location {
  file: string;
  line?: number | undefined;
  column?: number | undefined;
}

/** One mistake: what, where, what was found, what was expected, and the nearest valid choice. */
export interface Problem {
  message: string;
  location?: Location | undefined;
  /** Dotted path of the field, e.g. `search.trials`. */
  field?: string | undefined;
  value?: unknown;
  expected?: string | undefined;
  nearest?: string | undefined;
  /** What the user can do about it. */
  help?: string | undefined;
}

/** A mistake that the user can mend: shown without a stack trace. */
export class UserError extends Error {
  readonly problems: readonly Problem[];
  readonly exitCode: ExitCode;

  constructor(problem: string | Problem | readonly Problem[], exitCode: ExitCode = ExitCode.usage) {
    const problems: readonly Problem[] = typeof problem === "string"
      ? [{ message: problem }]
      : Array.isArray(problem)
      ? problem
      : [problem as Problem];
    super(problems.map(formatProblem).join("\n"));
    this.name = "UserError";
    this.problems = problems;
    this.exitCode = exitCode;
  }
}

/** Renders one problem as `file:line:column: message` with indented details. */
export function formatProblem(problem: Problem): string {
  const { location } = problem;
  const where = location
    ? [location.file, location.line, location.column].filter((part) => part !== undefined).join(
      ":",
    ) +
      ": "
    : "";
  const lines = [where + problem.message];
  if (problem.field !== undefined) lines.push(`  field:    ${problem.field}`);
  if (problem.value !== undefined) lines.push(`  value:    ${showValue(problem.value)}`);
  if (problem.expected !== undefined) lines.push(`  expected: ${problem.expected}`);
  if (problem.nearest !== undefined) lines.push(`  did you mean: ${problem.nearest}`);
  if (problem.help !== undefined) lines.push(`  ${problem.help}`);
  return lines.join("\n");
}

function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? text.slice(0, 117) + "..." : text;
}

/** The candidate nearest to `word` by edit distance, or undefined where none is near. */
export function nearestName(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best !== undefined && bestDistance <= Math.max(2, Math.ceil(best.length / 2))
    ? best
    : undefined;
}
