/** All scenarios of one platform. */
import { join } from "node:path";
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import { readCodes } from "../../base/files.ts";
import { type FirmwareSize, vectorsFile } from "../../network/artifacts/firmware.ts";
import type { LayoutArtifact } from "../../network/artifacts/layout.ts";
import { unpadValues } from "../../network/channel_padding.ts";
import type { Scenario, VerifyArtifact } from "../../network/artifacts/verify.ts";
import type { DesignsArtifact } from "../../network/explore.ts";
import type { IntegerNetwork } from "../../network/integer/inference.ts";
import type { Platform } from "../../network/platform.ts";
import type { Board } from "../firmware/board.ts";
import {
  commitsOf,
  compareCommits,
  EVERY_WRITE_WORK,
  everyWriteWork,
  modelled,
} from "./counted.ts";
import { quoted, replayCommand, runHost } from "./host_runner.ts";
import { checkVectors } from "./reference.ts";
import type { VerifyParameters } from "./schema.ts";
import { cutBetweenInstructions } from "./instruction_cuts.ts";
import { simulate, type Simulation } from "./simulate.ts";
import { runOnCapacitor } from "./capacitor.ts";
import { type BoardSimulator, runShipped, type ShippedResult } from "./shipped.ts";
import { voltagePage } from "./voltage_page.ts";

export interface Verification {
  params: Omit<VerifyParameters, "platforms">;
  profile: string;
  board: Board;
  network: IntegerNetwork;
  designs: DesignsArtifact;
  layout: LayoutArtifact;
  size: FirmwareSize;
  /** The platform's folder of the dump. */
  dump: string;
  /** artifact/ of the firmware stage. */
  firmware: string;
  /** Absolute path of the board's simulator. */
  simulator: string;
  /** Runs firmware.elf. */
  boardSimulator: BoardSimulator;
  /** With the user's overrides: what the power simulation takes its joules from. */
  platform: Platform;
  /** This machine's C compiler. */
  cc: string;
  /** Root of the checkout, where runtime-c lies. */
  root: string;
  /** An empty folder. */
  work: string;
  signal: AbortSignal;
  /** Called before each scenario. */
  progress: (scenario: string) => void;
}

/** What was run, and every way in which it was wrong. */
export interface Verdict {
  artifact: VerifyArtifact;
  /** verify.html: the capacitor's voltage; undefined where nothing could be drawn. */
  page: string | undefined;
  problems: Problem[];
}

/**
 * Runs every scenario, also behind one that fails.
 * @throws UserError where files of the artifacts do not belong together
 */
export async function verifyPlatform(verification: Verification): Promise<Verdict> {
  const { params, profile, board, designs, layout, size, dump, firmware, signal, progress } =
    verification;
  progress("integer reference");
  const file = join(dump, "vectors.outputs.npy");
  const inputs = await readCodes(join(dump, "vectors.inputs.npy"));
  const outputs = await readCodes(file);
  const { shape, channels } = layout.input;
  const codes = unpadValues(inputs.data, shape.channels, channels);
  checkVectors(verification.network, { shape: inputs.shape, data: codes }, outputs, file);
  const sizes = { inputs: layout.input.elements, outputs: layout.output.elements };
  const folder = join(firmware, "host", profile);
  await refuseOther(
    join(folder, "vectors.bin"),
    vectorsFile(inputs.data, outputs.data, sizes),
    "golden vectors",
  );
  const image = await Deno.readFile(join(dump, "nvm.bin"));
  await refuseOther(join(folder, "nvm.bin"), image, "constants");

  const runner = { folder, signal };
  const scenarios: Scenario[] = [];
  const host = async (name: Scenario["name"], what: string, mode: readonly string[]) => {
    progress(name);
    const result = await runHost(runner, name, what, mode);
    scenarios.push(result.scenario);
    return result;
  };
  const all = layout.vectors.count;
  const uncut = await host(
    "uncut",
    "every golden vector once; the board switches off after each commit",
    ["uncut", "--inferences", String(all)],
  );
  const campaigns = (mode: string, ...more: string[]) => [
    "cuts",
    ...["--seed", String(params.seed), "--campaigns", String(params.campaigns)],
    ...["--max-cuts", String(params.max_cuts), "--inferences", String(params.vectors)],
    ...["--cut-mode", mode],
    ...more,
  ];
  await host(
    "cuts before a write",
    "power fails at random NVM writes, none of which begins",
    campaigns("before"),
  );
  await host(
    "torn writes",
    "power fails within random NVM writes: a random part of each is kept",
    campaigns("torn"),
  );
  await host(
    "reordered writes",
    "power fails at random NVM writes, and of those not confirmed any may be lost",
    campaigns("reorder"),
  );
  if (board.external_nvm_bytes !== undefined) {
    await host(
      "cuts while provisioning",
      "NVM starts empty and is filled from the image in flash, with power failures of every kind",
      campaigns("before,torn,reorder", "--provision"),
    );
  }
  const work = everyWriteWork(uncut.counters, all, layout.nvm_bytes, designs.scheme);
  const every = params.every_write === "always" ||
    (params.every_write === "auto" && work <= EVERY_WRITE_WORK);
  if (every) {
    await host(
      "a cut at every write",
      "one inference, once per NVM write and way in which power can fail there; the next power " +
        "cycle must bring all of NVM to what it is uncut",
      ["every-write", "--inferences", "1"],
    );
  }
  const commits = commitsOf(designs, layout);
  const simulated = size.vectors.simulation;
  if (simulated > 0) {
    progress(`simulator ${board.simulator.program}`);
    const simulation: Simulation = {
      board,
      elf: await Deno.readFile(join(firmware, profile, "simulation.elf")),
      image,
      outputs: outputs.data.subarray(0, simulated * sizes.outputs),
      vectors: simulated,
      vectors_file: vectorsFile(inputs.data, outputs.data, sizes, simulated),
      all,
      layout,
      commits,
      program: verification.simulator,
      work: verification.work,
      signal,
    };
    const uncutThere = await simulate(simulation);
    scenarios.push(uncutThere);
    if (board.simulator.program === "mspdebug" && uncutThere.failure === null) {
      progress("cuts between instructions");
      const { seed, instruction_cuts } = params;
      scenarios.push(await cutBetweenInstructions(simulation, seed, instruction_cuts));
    }
  }

  const flashed = size.vectors.firmware;
  const missing = notShipped(verification);
  let shipped: ShippedResult | undefined;
  if (missing === undefined) {
    const expected = join(verification.work, "vectors.shipped.bin");
    await Deno.writeFile(expected, vectorsFile(inputs.data, outputs.data, sizes, flashed));
    shipped = await runShipped({
      simulator: verification.boardSimulator,
      board: board.bo_sim,
      platform: verification.platform,
      external: board.external_nvm_bytes !== undefined,
      lea: size.lea === "stand-in",
      elf: join(firmware, profile, "firmware.elf"),
      vectors: expected,
      count: flashed,
      commits,
      seed: params.seed,
      instructions: params.shipped_instructions,
      work: verification.work,
      signal,
      progress,
    });
    scenarios.push(...shipped.scenarios);
  }

  progress("capacitor");
  const powered = await runOnCapacitor(verification, folder);
  const { power } = powered;
  scenarios.push(...powered.scenarios);
  const page = power &&
    voltagePage(verification, power, powered.asleep!, powered.running, shipped?.traces);

  const problems = scenarios.flatMap((scenario) =>
    problemOf(scenario, profile, firmware, verification.work)
  );
  const { counted, difference } = compareCommits(
    designs,
    layout,
    uncut.counters,
    all,
  );
  if (uncut.scenario.mismatches === 0 && difference !== undefined) {
    problems.push({
      message: `${profile}: the runtime does not do what was modelled: ${difference}`,
      help: `repeat: ${replayCommand(folder, `uncut --inferences ${all}`)}`,
    });
  }
  return {
    problems,
    page,
    artifact: {
      platform: profile,
      board: board.name,
      network: layout.network,
      image_id: layout.image_id,
      golden_vectors: all,
      scenarios,
      scheme: designs.scheme,
      modelled: modelled(designs),
      counted,
      ...(power !== undefined && { power }),
      simulated: `${board.simulator.program}: ${board.simulator.shows}`,
      not_simulated: [
        ...(missing === undefined ? [] : [`the shipped image: ${missing}`]),
        `${board.simulator.program}: ${board.simulator.lacks}`,
        ...(size.lea === "stand-in" ? [`bo_sim: ${LEA_CHARGED}`] : []),
        "host: the board's own code, its kernels and its NVM driver",
        "capacitor: leakage, converters, and costs beyond the platform's coefficients",
        ...(simulated > 0 ? [] : ["the board's code: no golden vector fits beside the network"]),
        ...(every ? [] : ["a cut at every single write of an inference (every_write)"]),
      ],
    },
  };
}

/** How bo_sim judges an image that has the stand-in for DSPLib. */
export const LEA_CHARGED =
  "LEA; the stand-in for DSPLib computes in its place, and a call is charged the cycles that LEA " +
  "takes by measurement, 616 + 1.5 n";

/** Why no simulator of ours can judge firmware.elf; undefined where one can. */
export function notShipped(
  { board, boardSimulator, size }: Pick<Verification, "board" | "boardSimulator" | "size">,
): string | undefined {
  if (!boardSimulator.boards.includes(board.bo_sim)) {
    return `bo_sim was built without ${board.bo_sim} (libunicorn-dev is missing)`;
  }
  if (size.application !== undefined) return "an own application takes its own inputs";
  if (size.lea === "DSPLib") return "LEA, which TI's DSPLib drives, is not simulated";
  return size.vectors.firmware === 0 ? "no golden vector fits beside the network" : undefined;
}

function problemOf(
  scenario: Scenario,
  profile: string,
  firmware: string,
  work: string,
): Problem[] {
  const { failure, name, on } = scenario;
  if (failure === null) return [];
  const command = (replay: string) =>
    on === "bo_sim"
      ? `cd ${quoted(work)} && ${replay}`
      : name.startsWith("capacitor")
      ? `cd ${quoted(work)} && ${replay}`
      : on === "host"
      ? replayCommand(join(firmware, "host", profile), replay)
      : `cd ${quoted(join(firmware, profile))} && ${replay}`;
  return [{
    message: `${profile}: scenario "${name}" on ${on}: ${failure.what}`,
    ...(failure.replay !== undefined && {
      help: `repeat: ${command(failure.replay)}`,
    }),
  }];
}

/** @throws UserError (exit code 6) where the firmware's copy is not what the dump has */
async function refuseOther(path: string, expected: Uint8Array, what: string): Promise<void> {
  const found = await Deno.readFile(path).catch(() => undefined);
  if (
    found?.length === expected.length && found.every((byte, index) => byte === expected[index])
  ) return;
  throw new UserError({
    message: `the firmware's ${what} are not those of the dump`,
    location: { file: path },
    help: "Run it again with --force --from firmware.",
  }, ExitCode.verification);
}
