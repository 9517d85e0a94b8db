/** The MSP430's own code, cut between two instructions: RAM is lost, FRAM stays, reset. */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Random } from "../../base/random.ts";
import { codeBytes } from "../../network/artifacts/firmware.ts";
import type { Scenario } from "../../network/artifacts/verify.ts";
import { type Elf, readElf } from "../../toolchain/elf.ts";
import { runProgram } from "../../toolchain/program.ts";
import type { Board } from "../firmware/board.ts";
import { brokenDown, lastSequence, type Simulation } from "./simulate.ts";

/** Cuts of one run that does not aim at a commit, at most. */
const MOST_CUTS = 8;
/** What RAM holds after a power failure. */
const POISON = "0xde";
const LIMIT_SECONDS = 120;
const RECORDS_BYTES = 32;

/** Where power fails: so many instructions after reset, or after the n-th record begins to be written. */
type Cut = { steps: number } | { commit: number; steps: number };

/**
 * Runs the first golden vector many times, half of the runs with one cut while a progress
 * record is written or just behind it, half with several anywhere. A run passes where the output has the CRC-32 of the reference and exactly the
 * modelled number of commits was made.
 */
export async function cutBetweenInstructions(
  simulation: Simulation,
  seed: number,
  runs: number,
): Promise<Scenario> {
  const elf = readElf(simulation.elf);
  const base = {
    name: "cuts between instructions" as const,
    on: "mspdebug" as const,
    what: `the board's code over the first golden vector, ${runs} times: power fails between two ` +
      "instructions, anywhere and within commits; RAM is overwritten, FRAM is kept",
  };
  await Deno.writeFile(join(simulation.work, "simulation.elf"), simulation.elf);
  const length = await inferenceLength(simulation, elf);
  if (typeof length === "string") {
    const nothing = { inferences: 0, cuts: 0, boots: 0, commits: 0, mismatches: 1 };
    return { ...base, ...nothing, failure: { what: length } };
  }
  const random = new Random(seed, "verify/instructions");
  const sum = { inferences: 0, cuts: 0, boots: 0, commits: 0, mismatches: 0 };
  let failure: Scenario["failure"] = null;
  for (let run = 0; run < runs; run++) {
    const cuts = run % 2 === 0
      ? [aimed(simulation.commits, length, random)]
      : anywhere(length, random);
    const seen = await runWithCuts(simulation, elf, cuts);
    sum.cuts += cuts.length;
    sum.boots += cuts.length + 1;
    sum.commits += typeof seen === "string" ? 0 : seen.commits;
    const problem = typeof seen === "string" ? seen : seen.problem;
    if (problem === undefined) {
      sum.inferences++;
      continue;
    }
    sum.mismatches++;
    failure ??= {
      replay: replayOf(simulation, elf, cuts),
      what: `${problem}; run ${run}, power fails ${cuts.map(describe).join(", then ")}`,
    };
  }
  return { ...base, ...sum, failure };
}

function aimed(commits: number, { record }: Length, random: Random): Cut {
  return { commit: 1 + random.int(commits), steps: random.int(record + record / 4 | 0) };
}

/** Several cuts that together leave no time to end the inference, so that the last run does. */
function anywhere({ boot, whole }: Length, random: Random): Cut[] {
  const shares = Array.from({ length: 1 + random.int(MOST_CUTS) }, () => random.uniform());
  const total = shares.reduce((sum, share) => sum + share, random.uniform());
  return shares.map((share) => ({ steps: boot + Math.floor((whole - boot) * share / total) }));
}

function describe(cut: Cut): string {
  return "commit" in cut
    ? `${cut.steps} instructions into the record of commit ${cut.commit}`
    : `after ${cut.steps} instructions`;
}

interface Length {
  /** Instructions from reset to the first call of the runtime. */
  boot: number;
  /** From reset to the end of one inference. */
  whole: number;
  /** To write one progress record. */
  record: number;
}

async function inferenceLength(simulation: Simulation, elf: Elf): Promise<Length | string> {
  const run = await mspdebug(simulation, [
    "simio add tracer t",
    "prog simulation.elf",
    ...runTo(elf, "brownout_infer"),
    "simio info t",
    ...runToRecord(elf, 1),
    "simio info t",
    ...runTo(elf, "bo_port_confirm"),
    "simio info t",
    ...runTo(elf, "brownout_release"),
    "simio info t",
  ]);
  const counts = [...run.stdout.matchAll(/^Instruction count: (\d+)/gm)].map(([, text]) =>
    Number(text)
  );
  const [boot, begin, end, whole] = counts;
  return boot === undefined || begin === undefined || end === undefined || whole === undefined
    ? brokenDown(run)
    : { boot, whole, record: end - begin };
}

async function runWithCuts(
  simulation: Simulation,
  elf: Elf,
  cuts: readonly Cut[],
): Promise<{ commits: number; problem: string | undefined } | string> {
  const { board, work, outputs, vectors } = simulation;
  const files = ["verification.bin", "records.bin"].map((name) => join(work, name));
  for (const file of files) await Deno.remove(file).catch(() => {});
  const run = await mspdebug(simulation, [
    ...commandsOf(board, elf, cuts),
    `save_raw ${at(elf, "bo_verification")} 16 verification.bin`,
    `save_raw ${at(elf, "bo_nvm_memory")} ${RECORDS_BYTES} records.bin`,
  ]);
  const [seen, records] = await Promise.all(
    files.map((file) => Deno.readFile(file).catch(() => undefined)),
  );
  if (seen?.length !== 16 || records?.length !== RECORDS_BYTES) return brokenDown(run);
  const view = new DataView(seen.buffer, seen.byteOffset);
  const commits = lastSequence(records);
  const expected = codeBytes(outputs.subarray(0, outputs.length / vectors));
  const problem = view.getUint16(4, true) !== 1
    ? "no inference ended"
    : view.getUint32(12, true) !== crc32(expected)
    ? "outputs differ from the reference"
    : commits !== simulation.commits
    ? `${commits} commits, the model says ${simulation.commits}`
    : undefined;
  return { commits, problem };
}

/** Commands that run the image, cut where it is told to, until its first result is released. */
function commandsOf(board: Board, elf: Elf, cuts: readonly Cut[]): string[] {
  const forget = [...new Set([board.ram_region, board.vm_region])].map((name) => {
    const { origin, bytes } = board.regions.get(name)!;
    return `fill ${hex(origin)} ${hex(bytes)} ${POISON}`;
  });
  return [
    "prog simulation.elf",
    ...cuts.flatMap((cut) => [
      ...("commit" in cut ? runToRecord(elf, cut.commit) : []),
      ...(cut.steps > 0 ? [`step ${cut.steps}`] : []),
      ...forget,
      "reset",
    ]),
    // A runtime that refuses to go on ends without a result.
    `setbreak ${at(elf, "bo_simulation_stop")}`,
    ...runTo(elf, "brownout_release"),
  ];
}

/** What a person types where simulation.elf lies; at the end it shows bo_verification and records. */
function replayOf({ board }: Simulation, elf: Elf, cuts: readonly Cut[]): string {
  const commands = [
    "simio add hwmult m",
    ...commandsOf(board, elf, cuts),
    `md ${at(elf, "bo_verification")} 16`,
    `md ${at(elf, "bo_nvm_memory")} ${RECORDS_BYTES}`,
  ];
  const words = commands.map((text) => text.includes(" ") ? `"${text}"` : text);
  return `timeout ${LIMIT_SECONDS} mspdebug -q sim ${words.join(" ")}`;
}

function mspdebug({ program, work, signal }: Simulation, commands: readonly string[]) {
  const args = ["-q", "sim", "simio add hwmult m", ...commands];
  return runProgram(program, args, { cwd: work, seconds: LIMIT_SECONDS, signal });
}

/** Commands that run until `symbol` is reached for the `times`-th time. */
function runTo(elf: Elf, symbol: string, times = 1): string[] {
  return [`setbreak ${at(elf, symbol)}`, ...Array<string>(times).fill("run"), "delbreak"];
}

/** The first thing that a commit writes is its record. */
function runToRecord(elf: Elf, commit: number): string[] {
  return [...runTo(elf, "bo_commit", commit), ...runTo(elf, "bo_port_nvm_write")];
}

function at(elf: Elf, symbol: string): string {
  const address = elf.symbols.get(symbol);
  if (address === undefined) throw new Error(`simulation.elf has no symbol ${symbol}`);
  return hex(address);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
