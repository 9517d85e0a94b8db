/** The host runner of the firmware artifact: the shipped runtime and model under power cuts. */
import { z } from "zod";
import type { Scenario } from "../../network/artifacts/verify.ts";
import { runProgram } from "../../toolchain/program.ts";

const count = z.number().int().nonnegative();

const Counters = z.strictObject({
  boots: count,
  reads: count,
  read_bytes: count,
  writes: count,
  write_bytes: count,
  commits: count,
  mac_calls: count,
  macs: count,
  pooled: count,
  requantised: count,
  marks: count,
  states_set: count,
  states_stripped: count,
});
export type Counters = z.infer<typeof Counters>;

/** The line that the runner prints (runtime-c/README.md, "Running"). */
const Line = z.strictObject({
  mode: z.string(),
  inferences: count,
  cuts: count,
  boots: count,
  commits: count,
  mismatches: count,
  failure: z.string().nullable(),
  layers: z.array(Counters).optional(),
});

/** Where the runner lies and how it is called. */
export interface HostRunner {
  /** Folder of brownout_host, nvm.bin and vectors.bin. */
  folder: string;
  signal: AbortSignal;
}

/** A scenario, and the counters per layer where it is uncut. */
export interface HostResult {
  scenario: Scenario;
  counters: Counters[];
}

const LIMIT_SECONDS = 900;

/** Runs one scenario. A runner that crashes is a failed scenario, not an error. */
export async function runHost(
  { folder, signal }: HostRunner,
  name: Scenario["name"],
  what: string,
  mode: readonly string[],
): Promise<HostResult> {
  const args = ["nvm.bin", "vectors.bin", ...mode];
  const run = await runProgram("./brownout_host", args, {
    cwd: folder,
    seconds: LIMIT_SECONDS,
    signal,
  });
  const line = Line.safeParse(parsedJson(run.stdout));
  const base = { name, on: "host" as const, what };
  if (!line.success || (run.code !== 0) !== (line.data.mismatches > 0)) {
    const ended = run.late ? `no end after ${LIMIT_SECONDS} s` : `exit status ${run.code}`;
    const said = run.stderr.trim().split("\n").at(-1) ?? "";
    const failure = {
      what: `the host run broke down: ${ended}${said === "" ? "" : `: ${said}`}`,
      replay: mode.join(" "),
    };
    const nothing = { inferences: 0, cuts: 0, boots: 0, commits: 0, mismatches: 1 };
    return { scenario: { ...base, ...nothing, failure }, counters: [] };
  }
  const { inferences, cuts, boots, commits, mismatches, failure, layers } = line.data;
  const [, told, id] = failure?.match(/^(.*?)(?:; replay (\S+))?$/) ?? [];
  return {
    scenario: {
      ...base,
      inferences,
      cuts,
      boots,
      commits,
      mismatches,
      failure: failure === null ? null : {
        what: told!,
        replay: id === undefined
          ? mode.join(" ")
          : `replay ${id}${mode.includes("--provision") ? " --provision" : ""}`,
      },
    },
    counters: layers ?? [],
  };
}

/** JSON, or undefined where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The command that repeats a failure. */
export function replayCommand(folder: string, replay: string): string {
  return `cd ${quoted(folder)} && ./brownout_host nvm.bin vectors.bin ${replay}`;
}

/** A word for the shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
