/** Builds one platform's images from its dump, in a folder of its own. */
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { type Codes, writeWhole } from "../../base/files.ts";
import { type FirmwareSize, vectorsBytes, vectorsFile } from "../../network/artifacts/firmware.ts";
import type { LayoutArtifact } from "../../network/artifacts/layout.ts";
import { readElf } from "../../toolchain/elf.ts";
import { runProgram } from "../../toolchain/program.ts";
import { sourceFiles } from "../../toolchain/tree.ts";
import type { Board } from "./board.ts";
import { buildError } from "./build_error.ts";
import { makefile } from "./makefile.ts";
import { measure } from "./measure.ts";
import { projectspec, readDescription } from "./projectspec.ts";
import { copyApplication, copyModel, copyRuntime } from "./sources.ts";

/** Compilers as found on this machine. */
export interface Tools {
  /** Absolute path per variable of port.mk. */
  board: ReadonlyMap<string, string>;
  /** The same for simulation.elf, which GNU's compiler does not build for MSP430. */
  simulation: ReadonlyMap<string, string>;
  /** C compiler of this machine, and make. */
  cc: string;
  make: string;
  /** Version line of the board's compiler. */
  compiler: string;
}

export interface BuildRequest {
  root: string;
  /** The platform's folder of the dump. */
  dump: string;
  profile: string;
  board: Board;
  layout: LayoutArtifact;
  /** int16 [K][inputs], [K][outputs] */
  vectors: { inputs: Codes; outputs: Codes };
  /** BO_VM_BYTES, and the platform's NVM. */
  vm_reserved_bytes: number;
  nvm_limit_bytes: number;
  /** Absolute path of the user's application. */
  application: string | undefined;
  /** Whether counters survive resets, and the end of all NVM, theirs included. */
  counters: boolean;
  nvm_end_bytes: number;
  /** Of kernel lea: DSPLib's folder. */
  dsplib: string | undefined;
  /** Golden vectors wanted in firmware.elf. */
  firmware_vectors: number;
  /** An empty folder whose path make can handle (no blanks); receives everything. */
  place: string;
  /** Folder for logs and maps. */
  logs: string;
  tools: Tools;
  threads: number;
  signal: AbortSignal;
}

/** A build that takes longer hangs. */
const BUILD_SECONDS = 300;

/**
 * Leaves `Makefile`, `<platform>.projectspec`, `src/` and, in `build/`, firmware.elf, firmware.hex, brownout_host and, where a
 * golden vector fits, simulation.elf in `place`.
 * @throws UserError where something does not compile, or does not fit as linked
 */
export async function buildPlatform(request: BuildRequest): Promise<FirmwareSize> {
  const { root, dump, profile, board, layout, place, vectors } = request;
  const src = join(place, "src");
  await copyRuntime(root, board, src);
  await copyModel(dump, src);
  const application = request.application === undefined
    ? undefined
    : await copyApplication(request.application, src);
  await writeWhole(
    join(place, "Makefile"),
    makefile({
      network: layout.network,
      profile,
      board,
      compiler: request.tools.compiler,
      application,
      counters: request.counters,
    }),
  );

  const project = await describe(request);
  await writeWhole(join(place, `${profile}.projectspec`), project);

  const sizes = { inputs: layout.input.elements, outputs: layout.output.elements };
  const element_bytes = vectors.outputs.BYTES_PER_ELEMENT;
  const writeVectors = (target: "firmware" | "simulation", count: number) =>
    writeWhole(
      join(src, "model", `vectors.${target}.bin`),
      vectorsFile(vectors.inputs, vectors.outputs, sizes, count),
    );
  // How many fit is known when one is linked: code has no size before.
  const build = async (target: "firmware" | "simulation", wanted: number) => {
    const elf = join(place, "build", `${target}.elf`);
    const link = async (count: number) => {
      await writeVectors(target, count);
      await make(request, target, application);
      const bytes = vectorsBytes(count, sizes, element_bytes);
      return measure(readElf(await Deno.readFile(elf)), board, bytes);
    };
    let usage = await link(0);
    const step = vectorsBytes(1, sizes, element_bytes) - vectorsBytes(0, sizes, element_bytes);
    const count = Math.min(wanted, Math.floor(usage.program_free_bytes / step));
    if (count > 0) usage = await link(count);
    return { usage, count };
  };
  const demonstrated = application === undefined ? request.firmware_vectors : 0;
  const flashed = await build("firmware", Math.min(demonstrated, layout.vectors.count));
  const simulated = await build("simulation", layout.vectors.count).catch((error) => {
    // The board's image fits; the simulator's, with its comparisons, need not.
    if (error instanceof UserError && error.exitCode === ExitCode.infeasible) return { count: 0 };
    throw error;
  });
  await make(request, "host", application);
  const { usage } = flashed;
  return {
    platform: profile,
    board: board.name,
    network: layout.network,
    image_id: layout.image_id,
    compiler: request.tools.compiler,
    ...(application !== undefined && { application }),
    regions: usage.regions,
    program_bytes: usage.program_bytes,
    image_bytes: usage.image_bytes,
    static_ram_bytes: usage.static_ram_bytes,
    stack_bytes: board.stack_bytes,
    vm: {
      used_bytes: layout.vm_bytes,
      reserved_bytes: usage.vm_bytes,
      limit_bytes: board.regions.get(board.vm_region)!.bytes,
    },
    nvm: { used_bytes: request.nvm_end_bytes, limit_bytes: request.nvm_limit_bytes },
    vectors: {
      firmware: flashed.count,
      simulation: simulated.count,
      all: layout.vectors.count,
    },
  };
}

/** The studio's project, from what the Makefile would do with the studio's compiler. */
async function describe(request: BuildRequest): Promise<string> {
  const { tools, place, profile, board, layout, dsplib, signal } = request;
  const CC = `CC=${board.studio.compiler}`;
  const args = ["-s", "describe", CC, ...(dsplib === undefined ? [] : [`DSPLIB=${dsplib}`])];
  const run = await runProgram(tools.make, args, { cwd: place, seconds: BUILD_SECONDS, signal });
  if (run.code !== 0) throw new Error(`make describe: ${run.stderr}`);
  const model = ["model.c", "model.h", "platform.h", "nvm.bin", "vectors.firmware.bin"];
  const files = (await sourceFiles(join(place, "src")))
    .filter((path) => !/^(model|runtime-c\/(ports\/host|sim))\//.test(path))
    .concat(model.map((name) => `model/${name}`)).sort();
  return projectspec({
    network: layout.network,
    profile,
    device: board.studio.device,
    description: readDescription(run.stdout),
    files: files.map((path) => `src/${path}`),
    needsDsplib: dsplib !== undefined,
  });
}

async function make(
  request: BuildRequest,
  target: "firmware" | "simulation" | "host",
  application: string | undefined,
): Promise<void> {
  const { tools, place, logs, profile, signal } = request;
  const map = join("build", `${target}.map`);
  const variables = new Map(
    target === "host"
      ? [["CC", tools.cc]]
      : target === "simulation"
      ? tools.simulation
      : tools.board,
  );
  if (target !== "host" && request.dsplib !== undefined) variables.set("DSPLIB", request.dsplib);
  if (target !== "host") {
    const linker = variables.has("LD") ? "LD" : "CC";
    const flag = linker === "LD" ? `-Map=${map}` : `-Wl,-Map=${map}`;
    variables.set(linker, `${variables.get(linker)} ${flag}`);
    await Deno.mkdir(join(place, "build"), { recursive: true });
  }
  const args = [
    `-j${request.threads}`,
    target,
    ...[...variables].map(([name, value]) => `${name}=${value}`),
  ];
  const run = await runProgram(tools.make, args, { cwd: place, seconds: BUILD_SECONDS, signal });
  const log = join(logs, `${target}.log`);
  await writeWhole(log, `make ${args.join(" ")}\n${run.stdout}${run.stderr}`);
  const made = await Deno.stat(join(place, map)).catch(() => undefined);
  if (made?.isFile) await Deno.copyFile(join(place, map), join(logs, `${target}.map`));
  if (run.code !== 0) {
    const { compiler } = tools;
    const stderr = run.late ? `${run.stderr}\nstopped after ${BUILD_SECONDS} s` : run.stderr;
    throw buildError({ profile, target, compiler, stderr, log, application });
  }
}
