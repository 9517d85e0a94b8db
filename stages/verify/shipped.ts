/** firmware.elf as it is flashed, on our simulated boards (docs/simulators.md): uncut, cut, powered. */
import { join } from "node:path";
import { z } from "zod";
import { ExitCode, UserError } from "../../base/errors.ts";
import type { Scenario } from "../../network/artifacts/verify.ts";
import type { Platform } from "../../network/platform.ts";
import { runProgram } from "../../toolchain/program.ts";
import { parsedJson, quoted } from "./host_runner.ts";

const LIMIT_SECONDS = 600;
/** Runs of one kind of cut, at most, however short an inference is. */
const MOST_RUNS = 100;
/** Cuts of one random run, at most. */
const MOST_CUTS = 40;
/** A hundredth of the harvester, as for the power simulation on the host. */
const WEAK = 100;

/** Our simulator, and which boards it was built with. */
export interface BoardSimulator {
  program: string;
  boards: readonly string[];
}

/**
 * Builds `bo_sim` in the checkout's build folder; what is up to date there is used again.
 * @throws UserError (toolchain) where it cannot be built
 */
export async function buildBoardSimulator(
  { root, cc, signal }: { root: string; cc: string; signal: AbortSignal },
): Promise<BoardSimulator> {
  const sim = join(root, "runtime-c/sim");
  const folder = join(root, "build/bo_sim");
  await Deno.mkdir(folder, { recursive: true });
  // Two pipelines of one checkout; the lock ends with its process.
  using lock = await Deno.open(join(folder, "lock"), { create: true, write: true });
  await lock.lock(true);
  const args = ["-s", "-C", sim, `OUT=${folder}`, `CC=${cc}`, "all"];
  const built = await runProgram("make", args, { seconds: LIMIT_SECONDS, signal });
  if (built.code !== 0) {
    throw new UserError({
      message: `the board simulator cannot be built: ${built.stderr.trim().split("\n")[0] ?? ""}`,
    }, ExitCode.toolchain);
  }
  const program = join(folder, "bo_sim");
  const listed = await runProgram(program, ["--boards"], { seconds: LIMIT_SECONDS, signal });
  return { program, boards: listed.stdout.trim().split(/\s+/) };
}

export interface Shipped {
  simulator: BoardSimulator;
  /** The simulated board, as bo_sim calls it. */
  board: string;
  platform: Platform;
  /** NVM is a chip on SPI. */
  external: boolean;
  /** It computes through the stand-in for DSPLib, whose calls are charged as LEA's. */
  lea: boolean;
  /** Absolute path of firmware.elf. */
  elf: string;
  /** Absolute path of a vectors.bin that was written from the dump: the expected outputs. */
  vectors: string;
  /** Golden vectors in the image. */
  count: number;
  /** Records of one inference, by its designs. */
  commits: number;
  seed: number;
  /** What all runs of one kind of cut may take together; one run is always made. */
  instructions: number;
  /** Folder for voltage traces. */
  work: string;
  signal: AbortSignal;
  progress: (scenario: string) => void;
}

/** The line that bo_sim prints; other fields are not needed here. */
const Line = z.object({
  result: z.string(),
  runs: z.number(),
  inferences: z.number(),
  mismatches: z.number(),
  boots: z.number(),
  cuts: z.number(),
  shut_offs: z.number(),
  commits: z.number(),
  instructions: z.number(),
  cycles: z.number(),
  nvm_writes: z.number(),
  outputs_crc: z.number(),
  lea_calls: z.number().optional(),
  warnings: z.number(),
  first_warning: z.string().optional(),
  brown_outs: z.number().optional(),
  energy_J: z.number().optional(),
  total_s: z.number().optional(),
  failure: z.string().nullable(),
});
type Line = z.infer<typeof Line>;

/** Seconds and volts along a run. */
export type Trace = readonly [number, number][];

export interface ShippedResult {
  scenarios: Scenario[];
  /** One inference on the platform's capacitor, and several with a weak harvester. */
  traces: { asleep: Trace; running: Trace };
}

/** Runs every scenario, also behind one that fails. */
export async function runShipped(shipped: Shipped): Promise<ShippedResult> {
  const { count, seed, work } = shipped;
  const scenarios: Scenario[] = [];
  const add = async (
    name: Scenario["name"],
    what: string,
    args: readonly string[],
    objection: (line: Line) => string | undefined = () => undefined,
  ) => {
    shipped.progress(name);
    const ended = await simulate(shipped, args);
    scenarios.push(scenario(name, what, ended, objection));
    return ended.line;
  };
  const all = ["--inferences", String(count)];
  const uncut = await add(
    "shipped image",
    `firmware.elf as it is flashed: the ${count} golden vectors in it, never cut; it switches ` +
      "itself off after each commit where it was built to",
    all,
    ({ commits, lea_calls }) =>
      commits !== count * shipped.commits
        ? `${commits} commits, the model says ${count * shipped.commits}`
        : shipped.lea && lea_calls === undefined
        ? "no call is charged as LEA's"
        : undefined,
  );
  const empty = { asleep: [], running: [] };
  if (uncut === undefined || uncut.failure !== null) return { scenarios, traces: empty };

  const inference = uncut.instructions / count;
  const runs = Math.max(1, Math.min(MOST_RUNS, Math.floor(shipped.instructions / inference)));
  const one = ["--inferences", "1", "--seed", String(seed)];
  await add(
    "shipped image, random cuts",
    `power fails up to ${MOST_CUTS} times a run: between instructions, at clock cycles, at NVM writes`,
    [...one, "--campaign", String(runs), "--max-cuts", String(MOST_CUTS)],
  );
  await add(
    "shipped image, cuts within commits",
    "power fails once a run, at an NVM write (a word, or a byte on SPI) of a progress record or a release",
    [...one, "--commit-cuts", String(runs)],
  );
  const step = Math.max(1, Math.ceil(uncut.nvm_writes / count / runs));
  await add(
    "shipped image, cuts at writes",
    `power fails once a run, at every ${step}. NVM write (a word, or a byte on SPI)`,
    [...one, "--every-write", String(step)],
  );
  const powered = (name: string, harvester: number) => [
    ...capacitor(shipped, harvester),
    ...["--trace", join(work, `${name}.csv`)],
  ];
  await add(
    "shipped image, capacitor",
    "one inference on the capacitor and the harvester of the platform",
    [...one, ...powered("asleep", 1)],
  );
  await add(
    "shipped image, capacitor, running on",
    "a supply that ignores the shut-off pin, and a harvester too weak for the load" +
      (shipped.external ? "; the external NVM is empty at first" : ""),
    [...all, ...powered("running", WEAK), "--ignore-shut-off"],
  );
  const traces = {
    asleep: await readTrace(join(work, "asleep.csv")),
    running: await readTrace(join(work, "running.csv")),
  };
  return { scenarios, traces };
}

/**
 * Options for the platform's capacitor. A cycle takes what an addition takes per cycle; what a
 * transferred element takes beyond its cycles belongs to the memory.
 */
function capacitor({ platform, external }: Shipped, harvester: number): string[] {
  const cycle_J = platform.add.energy_J / (platform.add.latency_s * platform.clock_Hz);
  const beyond = ({ energy_per_element_J, latency_per_element_s }: Platform["nvm_read"]) =>
    Math.max(0, energy_per_element_J - latency_per_element_s * platform.clock_Hz * cycle_J);
  const [read_J, write_J] = [beyond(platform.nvm_read), beyond(platform.nvm_write)];
  const energy = external
    ? [platform.reboot.energy_J, cycle_J, 0, 0, (read_J + write_J) / 2 / platform.element_bytes]
    : [platform.reboot.energy_J, cycle_J, read_J, write_J, 0];
  const supply = [
    platform.capacitance_F,
    harvester * platform.harvester_ohm,
    platform.v_on,
    platform.v_off,
    platform.v_supply,
  ];
  return [
    ...["--capacitor", supply.join(",")],
    ...["--energy", energy.join(","), "--boot-s", String(platform.reboot.latency_s)],
  ];
}

interface Ended {
  replay: string;
  line: Line | undefined;
  /** Where it printed nothing to be read. */
  broken: string | undefined;
}

async function simulate(shipped: Shipped, args: readonly string[]): Promise<Ended> {
  const { simulator, board, elf, vectors, work, signal } = shipped;
  const lea = shipped.lea ? ["--lea"] : [];
  const all = ["--board", board, elf, "--vectors", vectors, ...lea, ...args];
  const run = await runProgram(simulator.program, all, {
    cwd: work,
    seconds: LIMIT_SECONDS,
    signal,
  });
  const replay = [simulator.program, ...all].map(quoted).join(" ");
  const line = Line.safeParse(parsedJson(run.stdout));
  if (line.success) return { replay, line: line.data, broken: undefined };
  const said = run.stderr.trim().split("\n").at(-1) ?? "";
  const ended = run.late ? `no end after ${LIMIT_SECONDS} s` : `exit status ${run.code}`;
  return { replay, line: undefined, broken: `the simulation broke down: ${ended}: ${said}` };
}

function scenario(
  name: Scenario["name"],
  what: string,
  { replay, line, broken }: Ended,
  objection: (line: Line) => string | undefined,
): Scenario {
  const wrong = broken ?? (line && (line.failure ?? strange(line) ?? objection(line)));
  return {
    name,
    on: "bo_sim",
    what,
    inferences: line?.inferences ?? 0,
    cuts: line?.cuts ?? 0,
    boots: line?.boots ?? 0,
    commits: line?.commits ?? 0,
    mismatches: wrong === undefined ? 0 : Math.max(1, line?.mismatches ?? 0),
    failure: wrong === undefined ? null : { what: wrong, replay },
    ...(line !== undefined && {
      outputs_crc: line.outputs_crc,
      instructions: line.instructions,
      cycles: line.cycles,
    }),
    ...(line?.energy_J !== undefined && { energy_J: line.energy_J }),
    ...(line?.total_s !== undefined && { total_s: line.total_s }),
  };
}

/** What no right image does on a real board: the simulator counts it and goes on. */
function strange({ result, warnings, first_warning }: Line): string | undefined {
  if (result !== "ok") return `the simulator says ${result}`;
  return warnings === 0
    ? undefined
    : `${warnings} accesses to what is not there or not set up, the first at ${first_warning}`;
}

async function readTrace(path: string): Promise<Trace> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [s, volts] = line.split(",").map(Number);
    return [s!, volts!];
  });
}
