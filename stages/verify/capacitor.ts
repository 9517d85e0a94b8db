/** The compiled runtime on a simulated capacitor: docs/power.md. */
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import type { PowerSimulation, Scenario } from "../../network/artifacts/verify.ts";
import { platformTable } from "../../network/platform_table.ts";
import { runProgram } from "../../toolchain/program.ts";
import { parsedJson, quoted } from "./host_runner.ts";
import { PowerLine } from "./power_line.ts";
import type { Verification } from "./verify_platform.ts";

const LIMIT_SECONDS = 600;
/** A hundredth of the harvester: too little to carry the load, so that the capacitor empties. */
const WEAK = 100;
/** By how much, of a layer's worst power cycle, model and simulation may differ: rounding. */
const ROUNDING = 1e-6;

interface Powered {
  scenarios: Scenario[];
  power: PowerSimulation | undefined;
  asleep: PowerLine | undefined;
  running: PowerLine | undefined;
}

/**
 * Runs one inference with the platform's own harvester, of scheme tile off after each commit, and
 * several with a weak one, cut wherever the capacitor empties.
 * @param folder of the firmware's nvm.bin and vectors.bin
 * @throws UserError (toolchain) where the simulation cannot be built
 */
export async function runOnCapacitor(
  verification: Verification,
  folder: string,
): Promise<Powered> {
  const { work, platform, params, board } = verification;
  await build(verification);
  await Deno.writeTextFile(join(work, "platform.table"), platformTable(platform));
  const files = [
    ...["--platform", "platform.table"],
    ...["--image", join(folder, "nvm.bin"), "--vectors", join(folder, "vectors.bin")],
    // The first start on the image, too.
    "--cold",
    ...(board.external_nvm_bytes !== undefined ? ["--provision"] : []),
  ];
  const tile = verification.designs.scheme === "tile";
  const asleep = await simulate(verification, [
    ...files,
    ...["--after-commit", tile ? "sleep" : "run_on"],
  ]);
  const scenarios = [scenario(
    "capacitor",
    "the capacitor and the harvester of the platform; " +
      (tile
        ? "the board switches off after each commit"
        : "power fails where the capacitor empties"),
    asleep,
    tile ? asleep.line && (unsafe(asleep.line) ?? unlike(verification, asleep.line)) : undefined,
  )];
  const running = await simulate(verification, [
    ...files,
    ...["--after-commit", "run_on", "--inferences", String(params.vectors)],
    ...["--source", `constant:ohm=${WEAK * platform.harvester_ohm}`],
  ]);
  scenarios.push(scenario(
    "capacitor, running on",
    "a harvester too weak for the load; power fails wherever the capacitor empties",
    running,
  ));
  if (asleep.line === undefined || asleep.line.failure !== null) {
    return { scenarios, power: undefined, asleep: undefined, running: undefined };
  }
  const power = compared(verification, asleep.line);
  return { scenarios, power, asleep: asleep.line, running: running.line };
}

async function build({ work, dump, root, cc, signal }: Verification): Promise<void> {
  const run = await runProgram("make", [
    "-s",
    ...["-f", join(root, "runtime-c/sim/power/Makefile")],
    ...[`DUMP=${dump}`, `OUT=${join(work, "objects")}`, `PROGRAM=${join(work, "bo_power")}`],
    `CC=${cc}`,
    "all",
  ], { cwd: work, seconds: LIMIT_SECONDS, signal });
  if (run.code === 0) return;
  throw new UserError({
    message: `the power simulation cannot be built: ${run.stderr.trim().split("\n")[0] ?? ""}`,
  }, ExitCode.toolchain);
}

interface Ended {
  replay: string;
  line: PowerLine | undefined;
  /** Where it printed nothing to be read. */
  broken: string | undefined;
}

async function simulate({ work, signal }: Verification, args: string[]): Promise<Ended> {
  const run = await runProgram("./bo_power", args, { cwd: work, seconds: LIMIT_SECONDS, signal });
  const line = PowerLine.safeParse(parsedJson(run.stdout));
  const replay = ["./bo_power", ...args.map(quoted)].join(" ");
  if (line.success) return { replay, line: line.data, broken: undefined };
  const said = run.stderr.trim().split("\n").at(-1) ?? "";
  const ended = run.late ? `no end after ${LIMIT_SECONDS} s` : `exit status ${run.code}`;
  return { replay, line: undefined, broken: `the simulation broke down: ${ended}: ${said}` };
}

function scenario(
  name: Scenario["name"],
  what: string,
  { replay, line, broken }: Ended,
  objection?: string,
): Scenario {
  const wrong = broken ?? line?.failure ??
    (line !== undefined && line.mismatches > 0
      ? `${line.mismatches} outputs differ from the reference`
      : objection);
  return {
    name,
    on: "host",
    what,
    inferences: line?.inferences ?? 0,
    cuts: line?.all.deaths ?? 0,
    boots: line?.all.power_cycles ?? 0,
    commits: line?.all.commits ?? 0,
    mismatches: wrong === undefined ? 0 : Math.max(1, line?.mismatches ?? 0),
    failure: wrong === undefined ? null : { what: wrong, replay },
  };
}

/** A safe design stays within its budget, so that it is never cut. */
function unsafe(line: PowerLine): string | undefined {
  if (line.all.deaths > 0) return `power failed ${line.all.deaths} times in safe designs`;
  if (line.over_budget > 0) {
    return `${line.over_budget} power cycles draw more than the safe budget: ` +
      `${line.energy_max_J} of ${line.budget_J} J`;
  }
  return undefined;
}

/** The worst power cycle of every layer is the model's. */
function unlike({ designs, layout }: Verification, line: PowerLine): string | undefined {
  for (const [i, { name }] of layout.layers.entries()) {
    const design = designs.answer.layers.find((layer) => layer.name === name);
    if (!design?.feasible || design.energy_max_J === undefined) continue;
    const { energy_max_J } = line.layers[i]!;
    if (Math.abs(energy_max_J / design.energy_max_J - 1) <= ROUNDING) continue;
    return `the worst power cycle of layer ${name} draws ${energy_max_J} J, the model says ` +
      `${design.energy_max_J} J`;
  }
  return undefined;
}

function compared({ designs, layout, platform }: Verification, line: PowerLine): PowerSimulation {
  const { answer, scheme } = designs;
  // Of schemes other than tile the time line with harvest counted is what is to be expected.
  const expected = scheme === "tile" ? undefined : answer.run_on;
  const { step_s, low_V, high_V } = line.voltage;
  return {
    source: `${platform.v_supply} V behind ${platform.harvester_ohm} ohm`,
    latency_s: {
      modelled: expected?.latency_s ?? answer.latency_s ?? 0,
      simulated: line.latency_s / line.measured,
    },
    energy_max_J: line.energy_max_J,
    budget_J: line.budget_J,
    layers: layout.layers.map(({ name }, i) => {
      const account = line.layers[i]!;
      const design = (expected ?? answer).layers.find((layer) => layer.name === name);
      return {
        name,
        latency_s: {
          modelled: design?.latency_s ?? 0,
          simulated: account.latency_s / line.measured,
        },
        power_cycles: account.power_cycles / line.measured,
        energy_J: account.energy_J / line.measured,
        energy_max_J: account.energy_max_J,
      };
    }),
    voltage: { step_s, low_V, high_V },
  };
}
