/** Stage verify: firmware against the integer reference, on this machine and in simulators. */
import { join } from "node:path";
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import { defineStage } from "../../pipeline/stage.ts";
import { VerifyParameters } from "./schema.ts";

export const verify = defineStage<VerifyParameters>({
  name: "verify",
  summary: "outputs equal the reference bit for bit, with and without power cuts",
  parameters: VerifyParameters,
  needs: ["explore", "quantize", "dump", "firmware"],
  module: import.meta.url,
  sources: [
    "runtime-c/ports",
    "runtime-c/core",
    "runtime-c/kernels",
    "runtime-c/apps",
    "runtime-c/sim",
    "platforms",
  ],

  async fingerprint({ params, root }) {
    const { boardOf, readBoards } = await import("../firmware/board.ts");
    const { libraryLine, versionLine } = await import("../../toolchain/find.ts");
    const boards = await readBoards(root);
    const used = params.platforms.flatMap(({ profile }) => boardOf(boards, profile) ?? []);
    const parts: Record<string, string> = {};
    for (const name of new Set(["cc" as const, ...used.map((board) => board.simulator.program)])) {
      parts[name] = await versionLine(name);
    }
    parts["libunicorn"] = await libraryLine("libunicorn");
    return parts;
  },

  async preflight({ params, root }) {
    const { boardOf, readBoards, refuseUnknown } = await import("../firmware/board.ts");
    const { missing, missingTools } = await import("../../toolchain/find.ts");
    const { TOOLS } = await import("../../toolchain/tools.ts");
    const boards = await readBoards(root);
    const problems = refuseUnknown(boards, params.platforms, "verify");
    if (problems.length > 0) return problems;
    const names = new Set<string>([
      "cc",
      "make",
      ...params.platforms.map(({ profile }) => boardOf(boards, profile)!.simulator.program),
    ]);
    const lacking = await missing(TOOLS.filter(({ name }) => names.has(name)));
    if (lacking.length > 0) throw missingTools(lacking);
    return [];
  },

  async run({ params, input, artifactDir, workDir, root, progress, signal }) {
    const { readJson, writeJson, writeWhole } = await import("../../base/files.ts");
    const { readProfile, resolvePlatform } = await import("../../network/platform.ts");
    const { FirmwareSize } = await import("../../network/artifacts/firmware.ts");
    const { LayoutArtifact } = await import("../../network/artifacts/layout.ts");
    const { VerifyArtifact } = await import("../../network/artifacts/verify.ts");
    const { DesignsArtifact } = await import("../../network/explore.ts");
    const { readQuantized } = await import("../../network/integer/load.ts");
    const { requireTool } = await import("../../toolchain/find.ts");
    const { boardOf, readBoards, refuseUnknown } = await import("../firmware/board.ts");
    const { LEA_CHARGED, notShipped, verifyPlatform } = await import("./verify_platform.ts");
    const { buildBoardSimulator } = await import("./shipped.ts");

    const boards = await readBoards(root);
    const unknown = refuseUnknown(boards, params.platforms, "verify");
    if (unknown.length > 0) throw new UserError(unknown);
    const { network } = await readQuantized(input("quantize"));
    const { platforms, ...settings } = params;
    progress.update("building the board simulator");
    const cc = await requireTool("cc");
    const boardSimulator = await buildBoardSimulator({ root, cc, signal });
    const problems: Problem[] = [];
    for (const [index, { profile, ...overrides }] of platforms.entries()) {
      const board = boardOf(boards, profile)!;
      const dump = join(input("dump"), profile);
      const work = join(workDir, profile);
      await Deno.remove(work, { recursive: true }).catch(ignoreNotFound);
      await Deno.mkdir(work, { recursive: true });
      const size = await readJson(
        join(input("firmware"), profile, "size.json"),
        FirmwareSize,
      );
      const missing = notShipped({ board, boardSimulator, size });
      if (missing !== undefined) {
        progress.warn(
          `${profile}: the shipped image is not run, since ${missing}; ` +
            `${board.simulator.program} runs a build of its own instead`,
        );
      }
      if (size.lea === "stand-in") {
        progress.note(`${profile}: bo_sim does not simulate ${LEA_CHARGED}`);
      }
      const verdict = await verifyPlatform({
        params: settings,
        profile,
        board,
        network,
        designs: await readJson(join(input("explore"), profile, "designs.json"), DesignsArtifact),
        layout: await readJson(join(dump, "layout.json"), LayoutArtifact),
        size,
        dump,
        firmware: input("firmware"),
        simulator: await requireTool(board.simulator.program),
        platform: resolvePlatform(await readProfile(join(root, "platforms"), profile), overrides),
        boardSimulator,
        cc,
        root,
        work,
        signal,
        progress: (scenario) =>
          progress.update(`${profile}: ${scenario}`, index / platforms.length),
      });
      problems.push(...verdict.problems);
      if (verdict.problems.length === 0) {
        await Deno.remove(work, { recursive: true });
      }
      if (verdict.page !== undefined) await writeWhole(join(work, "verify.html"), verdict.page);
      await writeJson(
        join(verdict.problems.length === 0 ? artifactDir : workDir, profile, "verify.json"),
        VerifyArtifact,
        verdict.artifact,
      );
    }
    if (problems.length > 0) throw new UserError(problems, ExitCode.verification);
  },

  async report(artifactDir) {
    const { readJson } = await import("../../base/files.ts");
    const { VerifyArtifact } = await import("../../network/artifacts/verify.ts");
    const rows: [string, string][] = [];
    for (const name of [...Deno.readDirSync(artifactDir)].map(({ name }) => name).sort()) {
      const file = join(artifactDir, name, "verify.json");
      const { scenarios, counted, scheme } = await readJson(file, VerifyArtifact);
      const host = scenarios.filter(({ on }) => on === "host");
      const sum = (key: "inferences" | "cuts" | "mismatches", of = scenarios) =>
        of.reduce((total, scenario) => total + scenario[key], 0);
      const shipped = scenarios.filter(({ on }) => on === "bo_sim");
      const second = scenarios.filter(({ on }) => on !== "host" && on !== "bo_sim");
      const simulated = second.map((scenario) => {
        const { on, inferences, cuts, mismatches, instructions } = scenario;
        const each = instructions === undefined
          ? ""
          : `, ${Math.round(instructions / inferences)} instructions each`;
        const how = cuts > 0 ? `inferences, ${cuts} cuts between instructions` : "uncut";
        return `${on}: ${inferences} ${how}, ${mismatches} wrong${each}`;
      });
      rows.push([
        `verified for ${name}`,
        `${sum("inferences", host)} inferences, ${sum("cuts", host)} power cuts, ` +
        `${sum("mismatches", host)} wrong; ${counted.commits} ` +
        (scheme === "tile" ? "power cycles each, as modelled" : `commits each, scheme ${scheme}`) +
        (shipped.length === 0 ? "; the shipped image was not run" : "") +
        (shipped.length === 0
          ? ""
          : `; the shipped image: ${sum("inferences", shipped)} inferences, ` +
            `${sum("cuts", shipped)} power cuts, ${sum("mismatches", shipped)} wrong`) +
        simulated.map((text) => `; ${text}`).join("") +
        (simulated.length > 0 ? " (NVM as plain memory)" : ""),
      ]);
    }
    return rows;
  },
});

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
