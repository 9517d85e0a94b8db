/** Random designs with the explorer's layouts, so that dump is tested without the addon. */
import { type Codes, readCodes } from "../../base/files.ts";
import { Random } from "../../base/random.ts";
import { codeBytes } from "../../network/artifacts/firmware.ts";
import type { QuantizedArtifact } from "../../network/artifacts/quantized.ts";
import { codeBits, type Scheme } from "../../network/design.ts";
import { DesignsArtifact, type FeasibleLayer, type NvmLayout } from "../../network/explore.ts";
import { SUM_LIMIT } from "../../network/integer/bound.ts";
import type { IntegerNetwork } from "../../network/integer/inference.ts";
import {
  elements,
  type Network,
  type ResolvedLayer,
  resolveLayers,
  weightShape,
} from "../../network/network.ts";
import { readProfile, resolvePlatform } from "../../network/platform.ts";
import type { PlatformDump } from "../../stages/dump/dump_platform.ts";
import { makeVectors } from "../../stages/dump/vectors.ts";
import { observe } from "../../stages/quantize/observe.ts";
import { predictBits, quantise } from "../../stages/quantize/quantise.ts";
import { randomNetwork, randomSamples, randomWeights } from "../quantize/support.ts";

export const ROOT = new URL("../..", import.meta.url).pathname;

const align4 = (bytes: number) => Math.ceil(bytes / 4) * 4;

/** How codes are stored and scaled. */
export interface Storage {
  element_bytes: 1 | 2;
  per_channel: boolean;
}
export const INT16: Storage = { element_bytes: 2, per_channel: false };

/** A random design of a layer, tiles ragged or not, with what nest.h plans for it (bo_vm_plan, bo_plane_make). */
export function randomDesign(
  layer: ResolvedLayer,
  random: Random,
  { element_bytes, per_channel }: Storage = INT16,
): FeasibleLayer {
  const { input, output, kernel, stride } = layer;
  const tile = (size: number) => 1 + random.int(size);
  const pool = layer.type === "global_avg_pool";
  const Tr = tile(pool ? input.h : output.h);
  const Tc = tile(pool ? input.w : output.w);
  const Tm = tile(output.channels);
  const channelwise = ["depthwise_conv", "max_pool", "avg_pool", "add", "concat"]
    .includes(layer.type);
  const Tn = pool || channelwise ? 1 : tile(input.channels);
  const order = pool ? "RCMN" : random.shuffle(["R", "C", "M", "N"]).join("");
  const trips = {
    R: pool ? 1 : Math.ceil(output.h / Tr),
    C: pool ? 1 : Math.ceil(output.w / Tc),
    M: Math.ceil(output.channels / Tm),
    N: pool
      ? Math.ceil(input.h / Tr) * Math.ceil(input.w / Tc)
      : channelwise
      ? 1
      : Math.ceil(input.channels / Tn),
  };
  const loops = Array.from(order) as (keyof typeof trips)[];
  const spatial = /^(RC|CR)$/.test(order.slice(2));
  const sweepLoops = loops.slice(spatial ? 2 : 3);
  const sweep = sweepLoops.reduce((product, loop) => product * trips[loop], 1);
  const outer = loops.slice(0, spatial ? 2 : 3).reduce((product, loop) => product * trips[loop], 1);
  const S = 1 + random.int(Math.min(sweep, 5));
  const reduces = order.endsWith("N");
  const chunks = Math.ceil(sweep / S);
  const visits = reduces ? chunks : trips.N;
  const outside = (loop: "R" | "C" | "M") => order.indexOf(loop) < order.indexOf("N");
  const plane = visits < 2 ? 0 : 4 *
    (pool ? 1 : outside("R") ? Tr : output.h) *
    (pool ? 1 : outside("C") ? Tc : output.w) *
    (outside("M") ? Tm : output.channels);
  const inputs = pool
    ? Tr * Tc * Tm
    : ((Tr - 1) * stride.h + kernel.h) * ((Tc - 1) * stride.w + kernel.w) *
      (channelwise ? Tm : Tn) * (layer.type === "add" ? 2 : 1);
  const weighted = weightShape(layer).length > 0;
  const weights = weighted ? kernel.h * kernel.w * Tm * Tn : 0;
  const outputs = pool ? Tm : Tr * Tc * Tm;
  const vm = {
    input: 0,
    weights: align4(element_bytes * inputs),
    bias: 0,
    scales: 0,
    sums: 0,
    total_bytes: 0,
  };
  vm.bias = vm.weights + align4(element_bytes * weights);
  vm.scales = vm.bias + (layer.bias && !pool ? 4 * Tm : 0);
  vm.sums = vm.scales + (per_channel && weighted ? 4 * Tm : 0);
  vm.total_bytes = vm.sums + 4 * (reduces ? 1 : Math.min(S, sweep)) * outputs;
  return {
    name: layer.name,
    feasible: true,
    Tr,
    Tc,
    Tm,
    Tn,
    loop_order: order,
    mac_span: random.pick(["channel", "row", "window"] as const),
    S,
    latency_s: 1,
    vm_bytes: vm.total_bytes,
    plane_bytes: plane,
    vm,
    slack_vm_bytes: 0,
    designs_total: 1,
    designs_feasible: 1,
    proven_optimal: true,
    batches: outer * chunks,
    runners_up: [],
    rejected: {},
  };
}

/** NVM without any sharing: every map has bytes of its own. */
export function plainNvm(
  network: Network,
  designs: FeasibleLayer[],
  { element_bytes: code, per_channel }: Storage = INT16,
): NvmLayout {
  const layers = resolveLayers(network);
  const outputs = elements(layers.at(-1)!.output);
  const stride = align4(8 + code * outputs);
  const header = 48 + 2 * stride + 16;
  let at = header + 32;
  const take = (bytes: number) => {
    const from = at;
    at = align4(at + bytes);
    return from;
  };
  const weights: number[] = [];
  const biases: number[] = [];
  const scales: number[] = [];
  for (const layer of layers) {
    const count = weightShape(layer).reduce((a, b) => a * b, 1);
    const weighted = weightShape(layer).length > 0;
    weights.push(weighted ? take(code * count) : 0);
    biases.push(weighted && layer.bias ? take(4 * layer.output.channels) : 0);
    scales.push(weighted && per_channel ? take(4 * layer.output.channels) : 0);
  }
  const image_bytes = at;
  const input_map = take(code * elements(network.input));
  const maps: number[] = [];
  for (const layer of layers) {
    const source = layer.inputs[0]!;
    maps.push(
      layer.type === "flatten"
        ? (source < 0 ? input_map : maps[source]!)
        : take(code * elements(layer.output)),
    );
  }
  const plane = Math.max(...designs.map((design) => design.plane_bytes ?? 0));
  const planes: [number, number] = [take(plane), take(plane)];
  return {
    records: 0,
    releases: 32,
    results: 48,
    result_stride_bytes: stride,
    header,
    weights,
    biases,
    scales,
    input_map,
    maps,
    planes,
    image_bytes,
    total_bytes: at,
  };
}

/** What explore would leave for a network: random designs, generous limits. */
export function randomDesigns(
  network: Network,
  seed: number,
  profile: string,
  storage: Storage = INT16,
): DesignsArtifact {
  const random = new Random(seed, "tests/designs");
  const layers = resolveLayers(network);
  const designs = layers.filter((layer) => layer.type !== "flatten")
    .map((layer) => randomDesign(layer, random, storage));
  return DesignsArtifact.parse({
    platform: {
      choice: { profile },
      protocol: "brownout",
      kernel: "mpy32",
      vm_bytes: 65536,
      nvm_bytes: 1 << 20,
      energy_budget_J: 1,
      energy_full_J: 1,
      estimated: [],
    },
    space: "full",
    power: "intermittent",
    network,
    layers,
    answer: {
      name: network.name,
      feasible: true,
      latency_s: 1,
      layers: designs,
      nvm: plainNvm(network, designs, storage),
    },
  });
}

/** A whole random case: network, integer constants, designs, golden vectors. */
export async function randomDump(
  seed: number,
  network = randomNetwork(seed),
  vectors = 3,
  sum_limit = SUM_LIMIT,
  storage: Storage = INT16,
  scheme: Scheme = "tile",
): Promise<PlatformDump> {
  const float = randomWeights(network, seed);
  const room = codeBits(storage.element_bytes, scheme);
  const samples = randomSamples(network, 16, seed);
  const observation = observe(float, samples);
  const { network: integer, layers } = quantise(float, observation, {
    bits: storage.element_bytes === 1
      ? Array(network.layers.length + 1).fill(room)
      : predictBits(float, observation, 1.25, sum_limit, room),
    headroom: 1.25,
    sum_limit,
    ...storage,
  });
  const classes = Array.from(
    { length: elements(resolveLayers(network).at(-1)!.output) },
    (_, i) => `class ${i}`,
  );
  const profile = "msp430fr5994-fram";
  return {
    artifact: artifactOf(network, integer, layers, classes),
    network: integer,
    dataset: {
      title: "Random numbers",
      normalisation: {
        per: "channel",
        mean: Array(network.input.channels).fill(0),
        std: Array(network.input.channels).fill(1.5),
      },
    },
    designs: randomDesigns(network, seed, profile, storage),
    platform: resolvePlatform(await readProfile(`${ROOT}platforms`, profile), {
      element_bytes: storage.element_bytes,
      weight_scales: storage.per_channel ? "per_channel" : "per_layer",
    }),
    vectors: makeVectors(
      integer,
      Float32Array.from(samples.flatMap((sample) => [...sample])),
      new Int32Array(samples.length),
      vectors,
      seed,
    ),
  };
}

function artifactOf(
  network: Network,
  integer: IntegerNetwork,
  layers: ReturnType<typeof quantise>["layers"],
  classes: string[],
): QuantizedArtifact {
  return {
    network,
    classes,
    element_bytes: integer.element_bytes,
    weight_scales: layers.some((layer) => layer.channel_scales) ? "per_channel" : "per_layer",
    input: integer.input,
    layers,
    accuracy: {
      test_samples: 1,
      float: 1,
      integer: 1,
      agreement: 1,
      integer_by: "reference",
      reference_samples: 1,
    },
    calibration: { method: "min-max", samples: 16, headroom: 1.25, seed: 0 },
  };
}

/** Runs a command; its output, or an Error that carries it. */
export async function command(name: string, args: string[]): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command(name, { args }).output();
  if (!success) {
    const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
    throw new Error(`${name} ${args.join(" ")} failed:\n${text}`);
  }
  return stdout;
}

/** What the runtime's C files and dumps are compiled with. */
export const C_FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"];

/** The runtime for the host, compiled once; links dumps to it and runs their golden inputs. */
export class HostRuntime {
  readonly #include = ["core", "kernels", "ports/host", "sim/lea/include"]
    .map((name) => `-I${ROOT}runtime-c/${name}`);
  readonly #objects: string[] = [];

  readonly #flags: string[];
  readonly #lea: boolean;

  /**
   * @param extra further compiler flags
   * @param options.lea sums by the LEA kernel over its stand-in, which ends the run where LEA would
   * refuse a vector
   */
  constructor(extra: string[] = [], { lea = false } = {}) {
    this.#lea = lea;
    this.#flags = [...C_FLAGS, ...(lea ? ["-DBO_DOT_TWIN", "-DBO_LEA_STRICT"] : []), ...extra];
  }

  /** @param folder receives object files */
  async compile(folder: string): Promise<void> {
    // Campaigns are a test harness of the runtime's own, dot_* and windows_* are kernels of
    // boards.
    const sources = ["core", "kernels", "ports/host"].flatMap((name) =>
      [...Deno.readDirSync(`${ROOT}runtime-c/${name}`)]
        .map((entry) => entry.name)
        .filter((file) =>
          /^(?!application|campaign|exploration|vectors_file|dot_|windows_).*\.c$/.test(file)
        )
        .sort()
        .map((file) => `${ROOT}runtime-c/${name}/${file}`)
    );
    if (this.#lea) {
      sources.push(
        `${ROOT}runtime-c/kernels/dot_lea.c`,
        `${ROOT}runtime-c/sim/lea/source/vector/msp_mac_q15.c`,
      );
    }
    const harness = new URL("./run_vectors.c", import.meta.url).pathname;
    for (const [i, source] of [...sources, harness].entries()) {
      const object = `${folder}/${i}.o`;
      await command("gcc", [...this.#flags, ...this.#include, "-c", source, "-o", object]);
      this.#objects.push(object);
    }
  }

  /**
   * Runs the golden inputs of a dump.
   * @returns output codes, one sample after the other @throws Error with what the runtime says
   */
  async run(dump: string, image = `${dump}/nvm.bin`): Promise<Codes> {
    await command("gcc", [
      ...this.#flags,
      ...this.#include,
      `-I${dump}`,
      `${dump}/model.c`,
      ...this.#objects,
      "-o",
      `${dump}/run`,
    ]);
    const { data } = await readCodes(`${dump}/vectors.inputs.npy`);
    await Deno.writeFile(`${dump}/inputs.bin`, codeBytes(data));
    const output = await command(`${dump}/run`, [image, `${dump}/inputs.bin`]);
    const { buffer } = output.slice();
    return data.BYTES_PER_ELEMENT === 1 ? new Int8Array(buffer) : new Int16Array(buffer);
  }
}
