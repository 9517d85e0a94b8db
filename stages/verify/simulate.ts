/** The board's simulators: they run simulation.elf, and NVM is read when it has ended. */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { Codes } from "../../base/files.ts";
import { codeBytes, VECTORS_MAGIC } from "../../network/artifacts/firmware.ts";
import type { LayoutArtifact } from "../../network/artifacts/layout.ts";
import type { Scenario } from "../../network/artifacts/verify.ts";
import { readElf } from "../../toolchain/elf.ts";
import { runProgram } from "../../toolchain/program.ts";
import type { Board } from "../firmware/board.ts";
import { parsedJson } from "./host_runner.ts";

export interface Simulation {
  board: Board;
  /** simulation.elf */
  elf: Uint8Array;
  /** nvm.bin of the dump. */
  image: Uint8Array;
  /** Expected output codes of the vectors in the image, in order. */
  outputs: Codes;
  vectors: number;
  /** vectors.bin of these. */
  vectors_file: Uint8Array;
  /** Golden vectors that there are. */
  all: number;
  layout: Pick<LayoutArtifact, "nvm" | "nvm_bytes">;
  /** Records of one inference, by its designs. */
  commits: number;
  /** Absolute path of the simulator. */
  program: string;
  /** An empty folder. */
  work: string;
  signal: AbortSignal;
}

/** What the image said and left. */
interface Seen {
  inferences: number;
  mismatches: number;
  kernel_mismatches: number;
  outputs_crc: number;
  /** NVM from address 0. */
  nvm: Uint8Array;
  instructions?: number;
  cycles_430?: number;
}

const LIMIT_SECONDS = 300;

/**
 * Runs the golden vectors of an image uncut. It passes where the image saw them equal, where its
 * outputs have the CRC-32 of the reference, where the sequence of its last progress record is the
 * number of commits that the model tells, and where its constants in NVM are those of the dump.
 */
export async function simulate(simulation: Simulation): Promise<Scenario> {
  const { board, vectors, all } = simulation;
  const { program, shows } = board.simulator;
  const fewer = vectors < all ? ` (${vectors} of ${all}: as many as fit the memory beside it)` : "";
  const base = {
    name: "simulator" as const,
    on: program,
    what: `the board's code over golden vectors${fewer}, never cut; has ${shows}`,
    cuts: 0,
  };
  const elf = readElf(simulation.elf);
  const holds = (symbol: string, bytes: Uint8Array) =>
    equal(elf.read(elf.symbols.get(symbol)!, bytes.length), bytes);
  const seen = !holds("bo_image", simulation.image)
    ? "the image holds other constants than the dump"
    : !holds("bo_vectors", simulation.vectors_file)
    ? "the image holds other golden vectors than the dump"
    : await (program === "mspdebug" ? runMspdebug : runQemu)(simulation);
  if (typeof seen === "string") {
    const nothing = { inferences: 0, commits: 0, mismatches: 1 };
    return { ...base, ...nothing, failure: { what: seen } };
  }
  const commits = lastSequence(seen.nvm);
  const problem = judge(simulation, seen, commits);
  return {
    ...base,
    inferences: seen.inferences,
    commits,
    mismatches: problem === undefined ? 0 : Math.max(1, seen.mismatches),
    failure: problem === undefined ? null : { what: problem },
    outputs_crc: seen.outputs_crc,
    ...(seen.instructions !== undefined && { instructions: seen.instructions }),
    ...(seen.cycles_430 !== undefined && { cycles_430: seen.cycles_430 }),
  };
}

function judge(simulation: Simulation, seen: Seen, commits: number): string | undefined {
  const { outputs, vectors, image, layout } = simulation;
  if (seen.inferences !== vectors) return `${seen.inferences} of ${vectors} inferences ended`;
  if (seen.mismatches > 0) return `${seen.mismatches} outputs differ from the reference`;
  if (seen.kernel_mismatches > 0) {
    return `the board's kernel differs from its definition in ${seen.kernel_mismatches} cases`;
  }
  if (seen.outputs_crc !== crc32(codeBytes(outputs))) {
    return "outputs differ from the reference (CRC-32)";
  }
  if (commits !== vectors * simulation.commits) {
    return `${commits} commits in NVM, the model says ${vectors * simulation.commits}`;
  }
  const { header, image_bytes } = layout.nvm;
  const constants = (nvm: Uint8Array) => nvm.subarray(header, image_bytes);
  if (!equal(constants(seen.nvm), constants(image))) return "constants in NVM have changed";
  return undefined;
}

/** Sequence of the newest of the two progress records; runtime-c/core/protocol.h. */
export function lastSequence(nvm: Uint8Array): number {
  const view = new DataView(nvm.buffer, nvm.byteOffset, nvm.byteLength);
  const [first, second] = [view.getUint32(0, true), view.getUint32(16, true)];
  const newer = (second - first | 0) > 0 ? second : first;
  return newer;
}

const Verdict = z.strictObject({
  inferences: z.number(),
  mismatches: z.number(),
  kernel_mismatches: z.number(),
  status: z.number(),
  outputs_crc: z.number(),
});

/** NVM is the PSRAM of the machine, kept in a file: read behind the end. */
async function runQemu(simulation: Simulation): Promise<Seen | string> {
  const { work, board, program, signal, layout } = simulation;
  await Deno.writeFile(join(work, "simulation.elf"), simulation.elf);
  await Deno.writeFile(join(work, "nvm.bin"), new Uint8Array(0));
  const machine = board.simulator.program === "qemu-system-arm" ? board.simulator.machine : "";
  const run = await runProgram(program, [
    "-M",
    `${machine},memory-backend=nvm`,
    ...["-m", "16M"],
    ...["-object", "memory-backend-file,id=nvm,size=16M,mem-path=nvm.bin,share=on"],
    ...["-display", "none", "-monitor", "none", "-serial", "none"],
    ...["-semihosting-config", "enable=on,target=native"],
    ...["-kernel", "simulation.elf"],
  ], { cwd: work, seconds: LIMIT_SECONDS, signal });
  const line = run.stderr.split("\n").find((text) => text.startsWith("{"));
  const verdict = Verdict.safeParse(parsedJson(line ?? ""));
  if (!verdict.success) return brokenDown(run);
  using file = await Deno.open(join(work, "nvm.bin"));
  const nvm = new Uint8Array(layout.nvm_bytes);
  for (let at = 0; at < nvm.length;) {
    const got = await file.read(nvm.subarray(at));
    if (got === null) break;
    at += got;
  }
  return { ...verdict.data, nvm };
}

/** It has no exit: it stops at a breakpoint, then memory is saved. */
async function runMspdebug(simulation: Simulation): Promise<Seen | string> {
  const { work, program, signal, layout } = simulation;
  const elf = readElf(simulation.elf);
  const at = (name: string) => `0x${elf.symbols.get(name)!.toString(16)}`;
  await Deno.writeFile(join(work, "simulation.elf"), simulation.elf);
  const run = await runProgram(program, [
    "-q",
    "sim",
    "simio add hwmult m",
    "simio add tracer t",
    "prog simulation.elf",
    `setbreak ${at("bo_simulation_stop")}`,
    "run",
    "simio info t",
    `save_raw ${at("bo_verification")} 16 verification.bin`,
    `save_raw ${at("bo_nvm_memory")} ${layout.nvm_bytes} nvm.bin`,
  ], { cwd: work, seconds: LIMIT_SECONDS, signal });
  const saved = await Deno.readFile(join(work, "verification.bin")).catch(() => undefined);
  const nvm = await Deno.readFile(join(work, "nvm.bin")).catch(() => undefined);
  if (saved?.length !== 16 || nvm?.length !== layout.nvm_bytes) return brokenDown(run);
  const view = new DataView(saved.buffer, saved.byteOffset);
  if (view.getUint32(0, true) !== VECTORS_MAGIC) return brokenDown(run);
  const figure = (pattern: RegExp) => Number(run.stdout.match(pattern)?.[1]);
  return {
    inferences: view.getUint16(4, true),
    mismatches: view.getUint16(6, true),
    kernel_mismatches: view.getUint16(10, true),
    outputs_crc: view.getUint32(12, true),
    nvm,
    instructions: figure(/^Instruction count: (\d+)/m),
    cycles_430: figure(/^MCLK: +(\d+)/m),
  };
}

export function brokenDown(
  run: { code: number; late: boolean; stdout: string; stderr: string },
): string {
  const said = (run.stderr.trim() || run.stdout.trim()).split("\n").at(-1) ?? "";
  return run.late
    ? `the simulation did not end within ${LIMIT_SECONDS} s`
    : `the simulation broke down: exit status ${run.code}${said === "" ? "" : `: ${said}`}`;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
