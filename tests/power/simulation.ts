/** The power simulation on a dump: builds it, runs it, reads the line that it prints. */
import { join } from "node:path";
import { vectorsFile } from "../../network/artifacts/firmware.ts";
import { DesignsArtifact, type DesignSpace } from "../../network/explore.ts";
import { type Network, resolveLayers } from "../../network/network.ts";
import {
  energyBudget_J,
  type Platform,
  type PlatformChoice,
  readProfile,
  resolvePlatform,
} from "../../network/platform.ts";
import { platformTable } from "../../network/platform_table.ts";
import type { NativeCosted, NativeRunOn } from "../../native/addon.ts";
import { exploreNetwork, loadExplorer, prepareRequest } from "../../native/mod.ts";
import { preservationOf } from "../../native/preservation.ts";
import type { Design, Scheme } from "../../network/design.ts";
import { dumpPlatform } from "../../stages/dump/dump_platform.ts";
import { PowerLine } from "../../stages/verify/power_line.ts";
import { command, randomDump, ROOT } from "../dump/support.ts";

export type { PowerAccount as Account, PowerLine } from "../../stages/verify/power_line.ts";

/** What the explorer predicts for one layer, and for start and delivery (last). */
export interface Predicted {
  name: string;
  latency_s: number;
  energy_J: number;
  energy_max_J: number;
  power_cycles: number;
}

/** A network with random weights, explored and dumped. */
export interface Subject {
  folder: string;
  platform: Platform;
  designs: DesignsArtifact;
  predicted: Predicted[];
  /** The same where the board goes on after commits, with another harvester. */
  runOn(harvester_ohm: number, inferences: number): NativeRunOn;
}

/** The model's figures for any design of a network's layers, feasible or not. */
export async function costs(
  network: Network,
  platform: PlatformChoice,
  scheme: Scheme = "tile",
): Promise<(layer: number, design: Design) => NativeCosted> {
  const { native } = await prepared(network, platform, scheme);
  return (layer, design) => loadExplorer().cost(native, layer, designOf(design));
}

function prepared(network: Network, platform: PlatformChoice, scheme: Scheme) {
  return prepareRequest({
    name: network.name,
    power: "intermittent",
    space: "published",
    protocol: "brownout",
    scheme,
    platform,
    network,
  });
}

function designOf({ Tr, Tc, Tm, Tn, loop_order, mac_span, S, B }: Design): Design {
  return { Tr, Tc, Tm, Tn, loop_order, mac_span, S, ...(B !== undefined && { B }) };
}

/**
 * Explores a network under protocol brownout, by default in the full space as the pipeline does, and
 * dumps it with random weights. @throws Error with the explorer's answer where no design is feasible
 */
export async function makeSubject(
  folder: string,
  network: Network,
  choice: PlatformChoice,
  { seed = 1, space = "full", scheme = "tile" }: {
    seed?: number;
    space?: DesignSpace;
    scheme?: Scheme;
  } = {},
): Promise<Subject> {
  const { profile, ...overrides } = choice;
  const platform = resolvePlatform(await readProfile(`${ROOT}platforms`, profile), overrides);
  const answer = await exploreNetwork(network, choice, {
    protocol: "brownout",
    space,
    scheme,
    threads: 1,
  });
  if (!answer.feasible) throw new Error(`${network.name}: ${JSON.stringify(answer.layers)}`);
  const cost = await costs(network, choice, scheme);
  // A flatten costs nothing and is no layer of the runtime's.
  const predicted = answer.layers.flatMap((layer, i): Predicted[] => {
    if (!layer.feasible || network.layers[i]!.type === "flatten") return [];
    const { latency_s, energy_J, energy_max_J, power_cycles } = cost(i, layer);
    return [{ name: layer.name, latency_s, energy_J, energy_max_J, power_cycles }];
  });
  const { latency_s, energy_max_J, power_cycles } = answer.delivery!;
  predicted.push({
    name: "start and delivery",
    latency_s,
    energy_J: answer.energy_J! - predicted.reduce((sum, layer) => sum + layer.energy_J, 0),
    energy_max_J,
    power_cycles,
  });
  const storage = {
    element_bytes: platform.element_bytes,
    per_channel: platform.weight_scales === "per_channel",
  };
  const dump = await randomDump(seed, network, 3, undefined, storage, scheme);
  const budget = energyBudget_J(platform);
  dump.platform = platform;
  dump.designs = DesignsArtifact.parse({
    platform: {
      choice,
      protocol: "brownout",
      kernel: platform.kernel,
      vm_bytes: platform.vm_bytes,
      nvm_bytes: platform.nvm_bytes,
      energy_budget_J: budget.safe_J,
      energy_full_J: budget.full_J,
      estimated: [],
    },
    space,
    power: "intermittent",
    ...preservationOf({ name: network.name, scheme }),
    network,
    layers: resolveLayers(network),
    answer,
  });
  const layout = await dumpPlatform(folder, dump);
  const sizes = { inputs: layout.input.elements, outputs: layout.output.elements };
  await Deno.writeFile(
    join(folder, "vectors.bin"),
    vectorsFile(dump.vectors.inputs, dump.vectors.outputs, sizes),
  );
  await Deno.writeTextFile(join(folder, "platform.table"), platformTable(platform));
  const { native } = await prepared(network, choice, scheme);
  const chosen = answer.layers.map((layer, i) =>
    layer.feasible && network.layers[i]!.type !== "flatten" ? designOf(layer) : null
  );
  return {
    folder,
    platform,
    designs: dump.designs,
    predicted,
    runOn: (harvester_ohm, inferences) =>
      loadExplorer().runOn(
        { ...native, platform: { ...native.platform, harvester_ohm } },
        chosen,
        inferences,
      ),
  };
}

/** Links the simulation with a dump. @param objects a folder for what all dumps share */
export async function build(
  folder: string,
  objects: string,
  { runtime = `${ROOT}runtime-c`, flags = "-O2" } = {},
): Promise<void> {
  const make = `${ROOT}runtime-c/sim/power/Makefile`;
  await command("make", [
    "-s",
    ...["-f", make],
    `DUMP=${folder}`,
    `OUT=${objects}`,
    `RUNTIME=${runtime}`,
    `CFLAGS=${flags}`,
    "all",
  ]);
}

/** Runs bo_power; a run that fails is a line that says so. @throws Error on a wrong call */
export async function simulate(
  folder: string,
  options: string[] = [],
  table = join(folder, "platform.table"),
): Promise<PowerLine> {
  const files = {
    "--platform": table,
    "--image": `${folder}/nvm.bin`,
    "--vectors": `${folder}/vectors.bin`,
  };
  const { code, stdout, stderr } = await new Deno.Command(`${folder}/bo_power`, {
    args: [...Object.entries(files).flat(), ...options],
  }).output();
  if (code > 1) throw new Error(new TextDecoder().decode(stderr));
  return PowerLine.parse(JSON.parse(new TextDecoder().decode(stdout)));
}
