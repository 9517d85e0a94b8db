/** Artifacts of a small random network for both boards, as the stages before firmware leave them. */
import { join } from "node:path";
import { writeJson, writeNpy } from "../../base/files.ts";
import { QuantizedArtifact } from "../../network/artifacts/quantized.ts";
import { exploreNetwork } from "../../native/mod.ts";
import { preservationOf } from "../../native/preservation.ts";
import type { Scheme } from "../../network/design.ts";
import { DesignsArtifact } from "../../network/explore.ts";
import { DOUBLED_SUM_LIMIT, SUM_LIMIT } from "../../network/integer/bound.ts";
import { type Network, weightShape } from "../../network/network.ts";
import { type PlatformChoice, readProfile, resolvePlatform } from "../../network/platform.ts";
import type { StageContext, StageDefinition } from "../../pipeline/stage.ts";
import { dumpPlatform } from "../../stages/dump/dump_platform.ts";
import { randomDump, ROOT } from "../dump/support.ts";

export { ROOT };

// The same compiler on every machine, whether or not its checkout has built GCC.
Deno.env.set("BROWNOUT_MSP430_GCC", "none");

export const BOARDS = ["msp430fr5994-fram", "msp432p401r-spi"] as const;

/** Conv, pool and fc; its random designs visit output tiles twice and span several batches. */
export const SMALL: Network = {
  name: "small",
  input: { h: 10, w: 1, channels: 3 },
  layers: [
    {
      name: "conv",
      type: "conv",
      kernel: { h: 3, w: 1 },
      padding: { top: 1, bottom: 1, left: 0, right: 0 },
      channels: 5,
      activation: "relu",
      bias: true,
    },
    { name: "pool", type: "global_avg_pool", activation: "none", bias: false },
    { name: "fc", type: "fc", channels: 4, activation: "none", bias: true },
  ],
};

/** Seed of designs that use planes of partial sums. */
const SEED = 6;

/** Designs as the explorer finds them under a scheme. */
async function explored(
  network: Network,
  choice: PlatformChoice,
  scheme: Scheme,
  random: DesignsArtifact,
) {
  const answer = await exploreNetwork(network, choice, {
    protocol: "brownout",
    space: "full",
    scheme,
    threads: 1,
  });
  const kept = preservationOf({ name: network.name, scheme });
  return DesignsArtifact.parse({ ...random, ...kept, answer });
}

/**
 * Writes `<folder>/{quantize,explore,dump}`; of a scheme other than tile, and of an `own` network and
 * platform, with the explorer's designs.
 */
export async function writeArtifacts(
  folder: string,
  vectors = 3,
  platforms: readonly string[] = BOARDS,
  scheme: Scheme = "tile",
  own?: { network: Network; choice: Omit<PlatformChoice, "profile"> },
): Promise<void> {
  const network = own?.network ?? SMALL;
  for (const profile of platforms) {
    const choice = { profile, ...own?.choice };
    const platform = resolvePlatform(await readProfile(join(ROOT, "platforms"), profile), choice);
    const limit = platform.kernel === "lea" ? DOUBLED_SUM_LIMIT : SUM_LIMIT;
    const dump = await randomDump(SEED, network, vectors, limit, undefined, scheme);
    if (scheme !== "tile" || own !== undefined) {
      dump.designs = await explored(network, choice, scheme, dump.designs);
    }
    const { answer } = dump.designs;
    dump.designs.platform.choice = choice;
    dump.designs.platform.kernel = platform.kernel;
    const batches = answer.layers.map((layer) => layer.feasible ? layer.batches ?? 0 : 0);
    // Start and delivery are power cycles of their own.
    if (scheme === "tile") answer.power_cycles = batches.reduce((sum, count) => sum + count, 2);
    dump.platform = platform;
    await dumpPlatform(join(folder, "dump", profile), dump);
    await writeJson(
      join(folder, "explore", profile, "designs.json"),
      DesignsArtifact,
      dump.designs,
    );
    for (const [index, { layer, weights, bias }] of dump.network.layers.entries()) {
      const entry = dump.artifact.layers[index]!;
      if (weights === undefined) continue;
      entry.weights = `weights/${layer.name}.npy`;
      const to = (name: string) => join(folder, "quantize", name);
      await writeNpy(to(entry.weights), { shape: weightShape(layer), data: weights });
      if (bias === undefined) continue;
      entry.bias = `weights/${layer.name}.bias.npy`;
      await writeNpy(to(entry.bias), { shape: [bias.length], data: bias });
    }
    await writeJson(join(folder, "quantize", "quantized.json"), QuantizedArtifact, dump.artifact);
  }
}

/** What a stage told while it ran, and where its folders are. */
export interface StageRun {
  artifact: string;
  work: string;
  notes: string[];
}

/** Runs a stage on the artifacts of `folder`; its own go to `<folder>/<name>`. */
export async function runStage(
  stage: StageDefinition,
  folder: string,
  options: {
    params?: Record<string, unknown>;
    platforms?: readonly string[];
    root?: string;
    name?: string;
    inputs?: Record<string, string>;
    signal?: AbortSignal;
  } = {},
): Promise<StageRun> {
  const { name = stage.name, platforms = BOARDS, root = ROOT, inputs = {} } = options;
  const artifact = join(folder, name);
  const work = join(folder, `${name}-work`);
  for (const path of [artifact, work]) {
    await Deno.remove(path, { recursive: true }).catch(() => {});
    await Deno.mkdir(path, { recursive: true });
  }
  const notes: string[] = [];
  const context: StageContext<unknown> = {
    params: stage.parameters.parse({
      platforms: platforms.map((profile) => ({ profile })),
      ...options.params,
    }),
    input: (kind) => inputs[kind] ?? join(folder, kind),
    artifactDir: artifact,
    workDir: work,
    root,
    threads: 2,
    progress: {
      update: () => {},
      note: (text) => notes.push(text),
      warn: (text) => notes.push(text),
    },
    signal: options.signal ?? new AbortController().signal,
  };
  await stage.run(context);
  return { artifact, work, notes };
}
