/** Stage explore: per platform the best design of every layer, under the protocol that is flashed. */
import { join } from "node:path";
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import { defineStage } from "../../pipeline/stage.ts";
import type { Scheme } from "../../network/design.ts";
import type { ExploreAnswer } from "../../network/explore.ts";
import { ExploreParameters } from "./schema.ts";

export const explore = defineStage<ExploreParameters>({
  name: "explore",
  summary: "the fastest safe design of every layer, per platform",
  parameters: ExploreParameters,
  needs: ["search"],
  module: import.meta.url,
  sources: [
    "native/src",
    "native/CMakeLists.txt",
    "runtime-c/core",
    "platforms",
  ],

  async preflight({ params, root }) {
    const { readProfile, resolvePlatform } = await import(
      "../../network/platform.ts"
    );
    const { preservationOf } = await import("../../native/preservation.ts");
    const problems: Problem[] = [];
    try {
      preservationOf({ name: "explore", ...asked(params) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
    }
    for (const { profile: name, ...overrides } of params.platforms) {
      try {
        resolvePlatform(
          await readProfile(join(root, "platforms"), name),
          overrides,
        );
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push(...error.problems);
      }
    }
    return problems;
  },

  async run({ params, input, artifactDir, root, threads, progress, signal }) {
    const { readJson, writeJson } = await import("../../base/files.ts");
    const { ArchitectureArtifact } = await import(
      "../../network/artifacts/architecture.ts"
    );
    const { DesignsArtifact } = await import("../../network/explore.ts");
    const { energyBudget_J } = await import("../../network/platform.ts");
    const { advise } = await import("../../native/advice.ts");
    const { estimatedFigures } = await import("../../native/estimates.ts");
    const { explorePrepared, prepareRequest } = await import(
      "../../native/mod.ts"
    );
    const { preservationOf } = await import("../../native/preservation.ts");

    const { network, scheme: searched = "tile" } = await readJson(
      join(input("search"), "architecture.json"),
      ArchitectureArtifact,
    );
    if (searched !== params.scheme) {
      progress.note(
        `search judged latencies under scheme ${searched}, this is ${params.scheme}: ` +
          `params.scheme says one for both`,
      );
    }
    progress.update(`exploring ${network.name}`);
    const profiles = new Map();
    const prepared = [];
    for (const platform of params.platforms) {
      const request = {
        name: network.name,
        power: "intermittent" as const,
        space: params.space,
        objective: params.objective,
        ...asked(params),
        protocol: "brownout" as const,
        platform,
        network,
      };
      prepared.push(await prepareRequest(request, root, profiles));
    }
    const answers = await explorePrepared(prepared, { threads, signal, root });

    const problems: Problem[] = [];
    for (const [i, choice] of params.platforms.entries()) {
      const { platform, layers, protocol, power } = prepared[i]!;
      const answer = answers[i]!;
      const designs = answer.layers.reduce(
        (sum, layer) => sum + layer.designs_total,
        0,
      );
      progress.note(`${choice.profile}: ${designs} designs covered`);
      if (!answer.feasible) {
        problems.push({
          message: `${network.name} has no safe design on ${choice.profile}`,
          field: `platforms.${choice.profile}`,
          help: advise(answer, platform, params.scheme).join("\n  "),
        });
        continue;
      }
      const budget = energyBudget_J(platform);
      await writeJson(
        join(artifactDir, choice.profile, "designs.json"),
        DesignsArtifact,
        {
          platform: {
            choice,
            protocol,
            kernel: platform.kernel,
            vm_bytes: platform.vm_bytes,
            nvm_bytes: platform.nvm_bytes,
            energy_budget_J: budget.safe_J,
            energy_full_J: budget.full_J,
            estimated: estimatedFigures(profiles.get(choice.profile)!, choice),
          },
          space: params.space,
          power,
          ...preservationOf({ name: network.name, ...asked(params) }),
          network,
          layers,
          answer,
        },
      );
    }
    if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);
  },

  async report(artifactDir) {
    const { readJson } = await import("../../base/files.ts");
    const { DesignsArtifact } = await import("../../network/explore.ts");
    const rows: [string, string][] = [];
    const names = [...Deno.readDirSync(artifactDir)]
      .filter((entry) => entry.isDirectory).map((entry) => entry.name).sort();
    for (const name of names) {
      const { platform, answer, scheme } = await readJson(
        join(artifactDir, name, "designs.json"),
        DesignsArtifact,
      );
      const vm = Math.max(
        ...answer.layers.map((layer) => layer.feasible ? layer.vm_bytes : 0),
      );
      const worst_J = Math.max(
        answer.delivery?.energy_max_J ?? 0,
        ...answer.layers.map((layer) => layer.feasible ? layer.energy_max_J ?? 0 : 0),
      );
      const estimated = platform.estimated.length === 0
        ? ""
        : ` (estimated: ${platform.estimated.length} of the board's figures are)`;
      rows.push(
        [
          `modelled on ${name}`,
          shownLatency(scheme, answer) +
          estimated,
        ],
        [
          `limits of ${name}`,
          `VM ${vm} of ${platform.vm_bytes} bytes, NVM ${answer.nvm?.total_bytes} of ` +
          `${platform.nvm_bytes} bytes, worst power cycle ${(1e3 * worst_J).toPrecision(4)} of ` +
          `${(1e3 * platform.energy_budget_J).toPrecision(4)} mJ`,
        ],
      );
    }
    return rows;
  },
});

/** As designs were chosen by; where power cycles last until power fails, what to expect beside it. */
function shownLatency(scheme: Scheme, { latency_s, power_cycles, run_on }: ExploreAnswer): string {
  const cycles = (count: number) => Number.isInteger(count) ? `${count}` : count.toPrecision(3);
  // An inference of ideal is one power cycle, with harvest counted already.
  const chosen = `latency ${latency_s!.toPrecision(4)} s in ${cycles(power_cycles!)} power cycles`;
  if (scheme === "tile") return chosen;
  if (scheme === "ideal" || run_on === undefined) return `${chosen}, scheme ${scheme}`;
  return `latency ${run_on.latency_s.toPrecision(4)} s in ${cycles(run_on.power_cycles)} power ` +
    `cycles, at worst ${latency_s!.toPrecision(4)} s, scheme ${scheme}`;
}

/** What is asked of every platform alike: how progress is kept. */
function asked({ scheme, b, after_commit }: ExploreParameters) {
  return {
    scheme,
    ...(b === undefined ? {} : { b }),
    ...(after_commit === undefined ? {} : { after_commit }),
  };
}
