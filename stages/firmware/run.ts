/** Stage firmware: the images of every board, and the same model as a program of this machine. */
import { isAbsolute, join, resolve } from "node:path";
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import { defineStage } from "../../pipeline/stage.ts";
import { FirmwareParameters } from "./schema.ts";

/** Characters that make takes apart. */
const HOSTILE_TO_MAKE = /[^\w./+@,-]/;

export const firmware = defineStage<FirmwareParameters>({
  name: "firmware",
  summary: "images to flash, to simulate and to run here, per platform",
  parameters: FirmwareParameters,
  needs: ["dump"],
  module: import.meta.url,
  sources: [
    "runtime-c/build.mk",
    "runtime-c/core",
    "runtime-c/kernels",
    "runtime-c/apps",
    "runtime-c/ports",
    "runtime-c/sim/lea",
    "platforms",
  ],

  async fingerprint({ params, root }) {
    const { readBoards, boardOf } = await import("./board.ts");
    const { versionLine } = await import("../../toolchain/find.ts");
    const boards = await readBoards(root);
    const used = params.platforms.flatMap(({ profile }) => boardOf(boards, profile) ?? []);
    const names = new Set([
      "cc" as const,
      ...used.flatMap((board) => Object.values(board.tools)),
    ]);
    const parts: Record<string, string> = {};
    for (const name of [...names].sort()) parts[name] = await versionLine(name);
    if (used.some(({ gcc }) => gcc !== undefined)) {
      const { locateMsp430Gcc, msp430GccVersion } = await import("../../toolchain/msp430_gcc.ts");
      const gcc = await locateMsp430Gcc(root);
      if (gcc !== undefined) parts["msp430-elf-gcc"] = await msp430GccVersion(gcc);
    }
    if (params.application !== null) {
      parts["application"] = await applicationDigest(applicationPath(root, params.application));
    }
    return parts;
  },

  async preflight({ params, root }) {
    const { boardOf, readBoards, refuseUnknown } = await import("./board.ts");
    const { missing, missingTools } = await import("../../toolchain/find.ts");
    const { TOOLS } = await import("../../toolchain/tools.ts");
    const boards = await readBoards(root);
    const problems = refuseUnknown(boards, params.platforms, "firmware");
    if (params.application !== null) problems.push(...await refuseApplication(root, params));
    if (problems.length === 0) problems.push(...await refuseWithoutDsplib(root, params));
    if (problems.length > 0) return problems;
    const used = params.platforms.flatMap(({ profile }) => boardOf(boards, profile) ?? []);
    const names = new Set<string>(["cc", "make"]);
    for (const board of used) for (const name of Object.values(board.tools)) names.add(name);
    const lacking = await missing(TOOLS.filter(({ name }) => names.has(name)));
    if (lacking.length > 0) throw missingTools(lacking);
    return [];
  },

  async run({ params, input, artifactDir, workDir, root, threads, progress, signal }) {
    const { readJson, readCodes, writeJson, writeWhole } = await import("../../base/files.ts");
    const { FirmwareSize, vectorsFile } = await import("../../network/artifacts/firmware.ts");
    const { LayoutArtifact } = await import("../../network/artifacts/layout.ts");
    const { keptEnd_bytes } = await import("../../network/kept_counters.ts");
    const { readProfile, resolvePlatform } = await import("../../network/platform.ts");
    const { requireTool, versionLine } = await import("../../toolchain/find.ts");
    const { locateMsp430Gcc, msp430GccVersion } = await import("../../toolchain/msp430_gcc.ts");
    const { sourceFiles } = await import("../../toolchain/tree.ts");
    const { boardOf, readBoards, refuseUnknown } = await import("./board.ts");
    const { buildPlatform } = await import("./build.ts");
    const { refuseUnfit } = await import("./fit.ts");

    const boards = await readBoards(root);
    const problems: Problem[] = refuseUnknown(boards, params.platforms, "firmware");
    if (problems.length > 0) throw new UserError(problems);
    const plans = [];
    for (const { profile, ...overrides } of params.platforms) {
      const dump = join(input("dump"), profile);
      const layout = await readJson(join(dump, "layout.json"), LayoutArtifact);
      const board = boardOf(boards, profile)!;
      const header = await Deno.readTextFile(join(dump, "platform.h"));
      const vm_reserved_bytes = Number(header.match(/^#define BO_VM_BYTES (\d+)/m)?.[1]);
      const platform = resolvePlatform(
        await readProfile(join(root, "platforms"), profile),
        overrides,
      );
      const sizes = { inputs: layout.input.elements, outputs: layout.output.elements };
      const vectors = {
        inputs: (await readCodes(join(dump, "vectors.inputs.npy"))).data,
        outputs: (await readCodes(join(dump, "vectors.outputs.npy"))).data,
      };
      const nvm_end_bytes = params.counters
        ? keptEnd_bytes(layout.nvm_bytes, layout.layers.length)
        : layout.nvm_bytes;
      const needs = { layout, nvm_end_bytes, vm_reserved_bytes, ...sizes };
      problems.push(...refuseUnfit(board, profile, needs));
      plans.push({
        profile,
        dump,
        layout,
        board,
        vm_reserved_bytes,
        nvm_end_bytes,
        vectors,
        sizes,
        nvm_limit_bytes: platform.nvm_bytes,
        kernel: platform.kernel,
      });
    }
    if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);

    const application = params.application === null
      ? undefined
      : applicationPath(root, params.application);
    const folder = HOSTILE_TO_MAKE.test(workDir)
      ? await Deno.makeTempDir({ prefix: "brownout-firmware-" })
      : join(workDir, "build");
    try {
      for (const [index, plan] of plans.entries()) {
        const { profile, board, layout, dump, vectors, sizes, kernel } = plan;
        progress.update(`compiling for ${profile}`, index / plans.length);
        const place = join(folder, profile);
        await Deno.remove(place, { recursive: true }).catch(ignoreNotFound);
        const tools = {
          board: new Map<string, string>(),
          simulation: new Map<string, string>(),
          cc: await requireTool("cc"),
          make: await requireTool("make"),
          compiler: await versionLine(board.tools["CC"] ?? "cc"),
        };
        for (const [name, tool] of Object.entries(board.tools)) {
          tools.simulation.set(name, await requireTool(tool));
        }
        const gcc = board.gcc === undefined ? undefined : await locateMsp430Gcc(root);
        tools.board = gcc === undefined ? tools.simulation : new Map(Object.entries(gcc));
        if (gcc !== undefined) tools.compiler = await msp430GccVersion(gcc);
        if (kernel === "lea" && params.dsplib === STAND_IN) {
          progress.warn(
            `${profile}: firmware.elf sums on the CPU by the stand-in for DSPLib, slower than modelled`,
          );
        }
        const size = await buildPlatform({
          ...plan,
          root,
          application,
          counters: params.counters,
          dsplib: kernel === "lea" ? dsplibPath(root, params.dsplib) : undefined,
          firmware_vectors: params.vectors,
          place,
          logs: join(workDir, profile),
          tools,
          threads,
          signal,
        });
        const asked = Math.min(params.vectors, layout.vectors.count);
        if (application === undefined && size.vectors.firmware < asked) {
          progress.note(
            `${profile}: ${size.vectors.firmware} golden vectors fit the image beside the ` +
              `network, ${asked} were asked for`,
          );
        }
        if (size.vectors.simulation === 0) {
          progress.warn(
            `${profile}: ${board.simulator.program} does not hold the network with a golden vector; ` +
              "only bo_sim runs the board's code",
          );
        }
        const to = join(artifactDir, profile);
        const beside = ["Makefile", `${profile}.projectspec`];
        for (const path of [...beside, ...await sourceFiles(join(place, "src"))]) {
          const name = beside.includes(path) ? path : join("src", path);
          await writeWhole(join(to, name), await Deno.readFile(join(place, name)));
        }
        const images = ["firmware.elf", "firmware.hex"];
        if (size.vectors.simulation > 0) images.push("simulation.elf");
        for (const name of images) {
          await writeWhole(join(to, name), await Deno.readFile(join(place, "build", name)));
        }
        const host = join(artifactDir, "host", profile);
        const runner = join(host, "brownout_host");
        await writeWhole(runner, await Deno.readFile(join(place, "build", "brownout_host")));
        await Deno.chmod(runner, 0o755);
        await writeWhole(join(host, "nvm.bin"), await Deno.readFile(join(dump, "nvm.bin")));
        await writeWhole(
          join(host, "vectors.bin"),
          vectorsFile(vectors.inputs, vectors.outputs, sizes),
        );
        const lea = params.dsplib === STAND_IN ? "stand-in" as const : "DSPLib" as const;
        await writeJson(
          join(to, "size.json"),
          FirmwareSize,
          kernel === "lea" ? { ...size, lea } : size,
        );
      }
    } finally {
      await Deno.remove(folder, { recursive: true }).catch(ignoreNotFound);
    }
  },

  async report(artifactDir) {
    const { readJson } = await import("../../base/files.ts");
    const { FirmwareSize } = await import("../../network/artifacts/firmware.ts");
    const rows: [string, string][] = [];
    const names = [...Deno.readDirSync(artifactDir)].map(({ name }) => name)
      .filter((name) => name !== "host").sort();
    for (const name of names) {
      const size = await readJson(join(artifactDir, name, "size.json"), FirmwareSize);
      const regions = size.regions.filter((region) => region.name !== "VECTORS")
        .map(({ name, used_bytes, limit_bytes }) => `${name} ${used_bytes} of ${limit_bytes}`);
      rows.push(
        [
          `firmware for ${name}`,
          `program ${size.program_bytes}, constants ${size.image_bytes} bytes; ` +
          `${regions.join(", ")} bytes; VM ${size.vm.used_bytes} of ${size.vm.limit_bytes}, ` +
          `NVM ${size.nvm.used_bytes} of ${size.nvm.limit_bytes} bytes`,
        ],
        ["to flash", join(artifactDir, name, "firmware.elf")],
      );
    }
    return rows;
  },
});

function applicationPath(root: string, path: string): string {
  return isAbsolute(path) ? path : resolve(root, path);
}

/** Value of `dsplib` that names runtime-c/sim/lea. */
const STAND_IN = "stand-in";

/** Absolute folder of DSPLib; of the stand-in, its copy beside the Makefile. */
function dsplibPath(root: string, dsplib: string | null): string | undefined {
  if (dsplib === null) return undefined;
  if (dsplib === STAND_IN) return "src/runtime-c/sim/lea";
  return isAbsolute(dsplib) ? dsplib : resolve(root, dsplib);
}

async function refuseWithoutDsplib(root: string, params: FirmwareParameters): Promise<Problem[]> {
  const { readProfile, resolvePlatform } = await import("../../network/platform.ts");
  const problems: Problem[] = [];
  for (const { profile, ...overrides } of params.platforms) {
    const platform = resolvePlatform(
      await readProfile(join(root, "platforms"), profile),
      overrides,
    );
    if (platform.kernel !== "lea" || params.dsplib === STAND_IN) continue;
    const folder = dsplibPath(root, params.dsplib);
    const header = folder === undefined ? undefined : join(folder, "include", "DSPLib.h");
    const found = header !== undefined &&
      await Deno.stat(header).then((at) => at.isFile, () => false);
    if (found && !HOSTILE_TO_MAKE.test(folder!)) continue;
    problems.push({
      message: folder === undefined
        ? `kernel lea of ${profile} computes through TI's DSPLib, which is not part of Brownout`
        : found
        ? "make cannot take the path of DSPLib"
        : "no DSPLib is there",
      field: "firmware.dsplib",
      value: params.dsplib,
      expected: "a folder with include/DSPLib.h and source/, or stand-in",
      help: "Or choose platforms.<profile>.kernel: mpy32.",
    });
  }
  return problems;
}

async function applicationDigest(path: string): Promise<string> {
  const bytes = await Deno.readFile(path).catch(() => undefined);
  if (bytes === undefined) return "absent";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.toHex();
}

async function refuseApplication(root: string, params: FirmwareParameters): Promise<Problem[]> {
  const file = applicationPath(root, params.application!);
  const field = "firmware.application";
  const found = await Deno.stat(file).catch(() => undefined);
  if (found?.isFile !== true) {
    return [{
      message: "the application is no file",
      field,
      value: params.application,
      expected: "a C file with the functions of runtime-c/apps/app.h",
    }];
  }
  const name = file.split("/").at(-1)!;
  if (name.endsWith(".c") && !HOSTILE_TO_MAKE.test(name)) return [];
  return [{
    message: "make cannot take the application's name",
    field,
    value: name,
    expected: "a name of letters, digits, - and _ that ends in .c",
  }];
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
