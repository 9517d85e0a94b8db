/** Stage dump: per platform what the C runtime is built from, and golden vectors to verify it by. */
import { join } from "node:path";
import { defineStage } from "../../pipeline/stage.ts";
import { DumpParameters } from "./schema.ts";

export const dump = defineStage<DumpParameters>({
  name: "dump",
  summary: "model, NVM image and golden vectors per platform",
  parameters: DumpParameters,
  needs: ["dataset", "explore", "quantize"],
  module: import.meta.url,
  sources: ["platforms"],

  async preflight({ params, root }) {
    const { readProfile, resolvePlatform } = await import("../../network/platform.ts");
    const problems = [];
    for (const [index, { profile, ...overrides }] of params.platforms.entries()) {
      const platform = resolvePlatform(
        await readProfile(join(root, "platforms"), profile),
        overrides,
      );
      if (platform.protocol !== "brownout") {
        problems.push({
          message: `platform ${profile} reproduces published figures; nothing is flashed to it`,
          field: `platforms.${index}.profile`,
          value: profile,
          expected: "a platform of protocol brownout",
        });
      }
      if (platform.element_bytes === 1 && platform.kernel === "lea") {
        problems.push({
          message: `platform ${profile}: LEA multiplies 16-bit numbers`,
          field: `platforms.${index}.element_bytes`,
          value: platform.element_bytes,
          expected: "2, or another kernel",
        });
      }
    }
    return problems;
  },

  async run({ params, input, artifactDir, root, progress, signal }) {
    const { readJson, readNpy } = await import("../../base/files.ts");
    const { DatasetArtifact } = await import("../../network/artifacts/dataset.ts");
    const { DesignsArtifact } = await import("../../network/explore.ts");
    const { readQuantized } = await import("../../network/integer/load.ts");
    const { readProfile, resolvePlatform } = await import("../../network/platform.ts");
    const { dumpPlatform } = await import("./dump_platform.ts");
    const { runOnOf } = await import("./run_on.ts");
    const { makeVectors } = await import("./vectors.ts");

    const dataset = await readJson(join(input("dataset"), "dataset.json"), DatasetArtifact);
    const { artifact, network } = await readQuantized(input("quantize"));
    const x = await readNpy(join(input("dataset"), "test.x.npy"), Float32Array);
    const y = await readNpy(join(input("dataset"), "test.y.npy"), Int32Array);
    progress.update("golden vectors", 0);
    const vectors = makeVectors(network, x.data, y.data, params.vectors, params.seed);
    for (const [index, { profile }] of params.platforms.entries()) {
      signal.throwIfAborted();
      progress.update(profile, index / params.platforms.length);
      const designs = await readJson(
        join(input("explore"), profile, "designs.json"),
        DesignsArtifact,
      );
      const { profile: _, ...overrides } = designs.platform.choice;
      const platform = resolvePlatform(
        await readProfile(join(root, "platforms"), profile),
        overrides,
      );
      await dumpPlatform(join(artifactDir, profile), {
        artifact,
        network,
        dataset,
        designs,
        platform,
        vectors,
      });
      const run_on = runOnOf(designs);
      if (run_on === undefined) continue;
      const { level_V } = run_on;
      const monitor = `${profile}: behind a commit its monitor lets it run on from ` +
        `${level_V} V (explored: ${designs.answer.run_on!.above_V.toPrecision(4)} V)`;
      if (level_V < platform.v_on) progress.note(monitor);
      else {
        progress.warn(
          `${monitor}; it starts at v_on, ${platform.v_on} V, so that it will switch off after each commit`,
        );
      }
    }
  },

  async report(artifactDir) {
    const { readJson } = await import("../../base/files.ts");
    const { LayoutArtifact } = await import("../../network/artifacts/layout.ts");
    const rows: [string, string][] = [];
    const folders = [...Deno.readDirSync(artifactDir)].filter((entry) => entry.isDirectory);
    for (const { name } of folders.sort((a, b) => a.name < b.name ? -1 : 1)) {
      const layout = await readJson(join(artifactDir, name, "layout.json"), LayoutArtifact);
      rows.push([
        `memory on ${name}`,
        `NVM ${layout.nvm_bytes} bytes (${layout.constants_bytes} of them constants), ` +
        `VM ${layout.vm_bytes} bytes`,
      ]);
    }
    return rows;
  },
});
