/**
 * `deno task bench explorer`: how fast the explorer covers a layer, a network and whole spaces, what
 * the full space is worth over the published designs, and the signature of its behaviour.
 */
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import { writeWhole } from "../base/files.ts";
import { readRequests } from "../cli/explore_request.ts";
import { explorePrepared, type PreparedRequest } from "../native/mod.ts";
import { exploreSpace, type SpaceOptions } from "../native/space.ts";
import { SpaceQuery } from "../native/space_query.ts";
import type { ExploreAnswer } from "../network/explore.ts";
import type { Platform, PlatformChoice } from "../network/platform.ts";
import { PUBLISHED_SPACES, SearchSpace, spaceSize } from "../network/space.ts";
import { type PublishedSpace, requirements } from "./explorer_requirements.ts";
import { explorerSignature } from "./explorer_signature.ts";
import { replaceSection } from "./results.ts";

const ROOT = join(import.meta.dirname!, "..");
const GOLDEN = join(ROOT, "tests/explore/inas_published_designs.json");
const THREADS = 2;
const LEA = { profile: "msp430fr5994-spi", kernel: "lea" };
const INAS = { profile: "msp430fr5994-inas2021" };

interface GoldenNetwork {
  name: string;
  dataset: string;
  latency_s: number;
  platform: Record<string, number>;
  layers: unknown[];
}

/** iNAS, section 4: harvester and sampled requirements per data set at 1, 5 and 10 mF. */
const SPACES: Record<string, PublishedSpace> = {
  cifar: {
    space: SearchSpace.parse(PUBLISHED_SPACES.cifar10),
    input: { h: 32, w: 32, channels: 3 },
    classes: 10,
    published: [
      { capacitance_F: 0.001, harvester_ohm: 52, sampled_s: [576.47, 965.05, 1590.98] },
      { capacitance_F: 0.005, harvester_ohm: 24, sampled_s: [194.86, 302.37, 477.5] },
      { capacitance_F: 0.01, harvester_ohm: 22, sampled_s: [191.78, 296.2, 457.75] },
    ],
  },
  har: {
    space: SearchSpace.parse(PUBLISHED_SPACES.har),
    input: { h: 128, w: 1, channels: 9 },
    classes: 6,
    published: [
      { capacitance_F: 0.001, harvester_ohm: 62, sampled_s: [29.25, 54.17, 138.57] },
      { capacitance_F: 0.005, harvester_ohm: 41, sampled_s: [18.7, 28.9, 39.56] },
      { capacitance_F: 0.01, harvester_ohm: 28, sampled_s: [20.45, 31.49, 44.57] },
    ],
  },
  kws: {
    space: SearchSpace.parse(PUBLISHED_SPACES.kws),
    input: { h: 250, w: 1, channels: 1 },
    classes: 12,
    published: [
      {
        capacitance_F: 0.001,
        harvester_ohm: 62,
        safe_margin: 0.7,
        sampled_s: [16.33, 21.43, 31.2],
      },
      { capacitance_F: 0.005, harvester_ohm: 44, sampled_s: [10.35, 16.24, 18.03] },
      { capacitance_F: 0.01, harvester_ohm: 35, sampled_s: [10.04, 14.6, 16.28] },
    ],
  },
};

interface Row {
  what: string;
  space: string;
  seconds: number;
  designs: number;
  visited: number;
}

/** The shortest of several runs: what else the machine does only adds. */
async function fastest<T>(
  runs: number,
  body: () => Promise<T>,
): Promise<[number, T]> {
  let best = Infinity, result: T | undefined;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    result = await body();
    best = Math.min(best, (performance.now() - start) / 1e3);
  }
  return [best, result!];
}

async function prepare(
  networks: unknown[],
  choice: object,
): Promise<PreparedRequest[]> {
  const asked = (networks as GoldenNetwork[]).map((
    { name, platform, layers },
  ) => ({
    name,
    layers,
    ...choice,
    platform: {
      ...platform,
      ...(choice as { platform: PlatformChoice }).platform,
    },
  }));
  return (await readRequests(JSON.stringify(asked), "bench", ROOT)).requests;
}

const MODES = [
  { name: "published, inas2021", choice: { platform: INAS } },
  {
    name: "published, brownout",
    choice: { platform: { profile: "msp430fr5994-spi" }, protocol: "brownout" },
  },
  {
    name: "full, brownout",
    choice: { platform: LEA, space: "full", protocol: "brownout" },
  },
] as const;

function counted(answer: ExploreAnswer): { designs: number; visited: number } {
  const sum = (of: (layer: ExploreAnswer["layers"][number]) => number) =>
    answer.layers.reduce((total, layer) => total + of(layer), 0);
  return {
    designs: sum((layer) => layer.designs_total),
    visited: sum((layer) => layer.coverage?.visited ?? layer.designs_total),
  };
}

async function speeds(golden: GoldenNetwork[]): Promise<Row[]> {
  const rows: Row[] = [];
  const network = golden.find(({ name }) => name === "cifar_cap0.001_ts3")!;
  const pieces = {
    "one layer (conv2 of it)": {
      ...network,
      layers: network.layers.slice(1, 2),
    },
    [`one network (${network.name})`]: network,
  };
  for (const [what, piece] of Object.entries(pieces)) {
    for (const { name, choice } of MODES) {
      const prepared = await prepare([piece], choice);
      const [seconds, [answer]] = await fastest(
        5,
        () => explorePrepared(prepared, { threads: THREADS }),
      );
      rows.push({ what, space: name, seconds, ...counted(answer!) });
    }
  }
  for (const [dataset, { space, input, classes }] of Object.entries(SPACES)) {
    for (const { name, choice } of MODES) {
      const { platform, ...options } = choice as
        & { platform: PlatformChoice }
        & SpaceOptions;
      const runs = name.startsWith("full") && dataset === "cifar" ? 1 : 3;
      const [seconds, table] = await fastest(
        runs,
        () =>
          exploreSpace(space, input, classes, platform, {
            ...options,
            threads: THREADS,
          }),
      );
      const quartiles = new SpaceQuery(table).quantiles([0.25, 0.5, 0.75]).map((s) =>
        s.toPrecision(4)
      );
      rows.push({
        what: `${dataset} space, ${spaceSize(space)} networks, ${table.layers} layers; ` +
          `TS1-TS3 ${quartiles.join(" / ")} s`,
        space: name,
        seconds,
        designs: table.designs,
        visited: table.visited,
      });
    }
  }
  return rows;
}

/** How long whole spaces go on after they were asked to stop, at many moments: the longest, ms. */
async function cancelling(): Promise<{ tries: number; longest_ms: number }> {
  const { space, input, classes } = SPACES["cifar"]!;
  let tries = 0, longest_ms = 0;
  for (const { choice } of MODES) {
    const { platform, ...options } = choice as { platform: PlatformChoice } & SpaceOptions;
    for (const moment_ms of [1, 3, 10, 30, 60, 100, 200, 400, 800, 1600]) {
      const controller = new AbortController();
      let asked = Infinity;
      const timer = setTimeout(() => {
        asked = performance.now();
        controller.abort(new Error("enough"));
      }, moment_ms);
      const { signal } = controller;
      await exploreSpace(space, input, classes, platform, { ...options, threads: THREADS, signal })
        .catch(() => {
          tries++;
          longest_ms = Math.max(longest_ms, performance.now() - asked);
        });
      clearTimeout(timer);
    }
  }
  return { tries, longest_ms };
}

/** Seconds to charge back to V_on, the physical capacitor integrated in steps. */
function recharge_s(p: Platform, energy_J: number, latency_s: number): number {
  const steps = 4000, h = latency_s / steps, power_W = energy_J / latency_s;
  const slope = (v: number) => ((p.v_supply - v) / p.harvester_ohm - power_W / v) / p.capacitance_F;
  let v = p.v_on;
  for (let i = 0; i < steps; i++) v += h * slope(v + h / 2 * slope(v));
  return v >= p.v_on ? 0 : p.harvester_ohm * p.capacitance_F *
    Math.log((p.v_supply - v) / (p.v_supply - p.v_on));
}

/** The published designs with their own power cycles, charged by the physical capacitor. */
function physical_s(
  { platform: p, layers }: PreparedRequest,
  answer: ExploreAnswer,
): number {
  const { v_on, v_off, safe_margin, capacitance_F: C, harvester_ohm: R } = p;
  const safe_J = 0.5 * C * (v_on ** 2 - v_off ** 2) * safe_margin;
  const published_s = (spent_J: number) =>
    -R * C *
    Math.log(
      (v_on - p.v_supply) /
        (Math.sqrt(2 * (safe_J - spent_J) / C + v_off ** 2) - p.v_supply),
    );
  return answer.layers.reduce((sum, layer, i) => {
    if (!layer.feasible) return NaN;
    const {
      Tr,
      Tc,
      Tm,
      S,
      loop_order,
      power_cycles,
      energy_min_J,
      energy_max_J,
      latency_s,
    } = layer;
    const { output, type } = layers[i]!;
    const tiles = (output.h / Tr) * (output.w / Tc) * (output.channels / Tm);
    const first = type === "global_avg_pool"
      ? power_cycles!
      : Math.min(power_cycles!, loop_order === "O" ? tiles : tiles / S);
    const later = power_cycles! - first;
    const running = latency_s - first * published_s(energy_min_J!) -
      later * published_s(energy_max_J!);
    // A later power cycle fetches partial sums besides.
    const overhead = p.overheads[`fetch_output_${loop_order as "I" | "W" | "O"}`].latency_s;
    const fetch = p.nvm_read.latency_fixed_s +
      Tm * p.nvm_read.latency_per_element_s + overhead;
    const more = later === 0 ? 0 : (loop_order === "O" ? 1 : S) * Tr * Tc * fetch;
    const short = (running - later * more) / power_cycles!;
    return sum + first * (short + recharge_s(p, energy_min_J!, short)) +
      later * (short + more + recharge_s(p, energy_max_J!, short + more));
  }, 0);
}

interface Gain {
  dataset: string;
  name: string;
  published_s: number;
  physical_s: number;
  full_s: number;
  safe: boolean;
}

async function gains(golden: GoldenNetwork[]): Promise<Gain[]> {
  const before = await prepare(golden, MODES[0].choice),
    after = await prepare(golden, MODES[2].choice);
  const published = await explorePrepared(before),
    full = await explorePrepared(after);
  return golden.map(({ name, dataset, latency_s }, i) => ({
    name,
    dataset,
    published_s: latency_s,
    physical_s: physical_s(before[i]!, published[i]!),
    full_s: full[i]!.latency_s ?? NaN,
    safe: full[i]!.feasible &&
      full[i]!.layers.every((layer) => layer.feasible && layer.proven_optimal),
  }));
}

const geomean = (values: number[]) =>
  Math.exp(
    values.reduce((sum, value) => sum + Math.log(value), 0) / values.length,
  );

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, i) => i === 0 ? "---" : "---:")),
    ...rows.map(line),
  ].join(
    "\n",
  );
}

/** @returns the section "Explorer" of bench/RESULTS.md */
export async function explorerSection(): Promise<string> {
  const golden: GoldenNetwork[] = JSON.parse(await Deno.readTextFile(GOLDEN)).intermittent;
  const rows = await speeds(golden);
  const stops = await cancelling();
  const won = await gains(golden);
  const { checksum, counts } = await explorerSignature();
  const required = await requirements(SPACES, THREADS);
  const memory = Math.round(Deno.memoryUsage().rss / 1e6);
  const of = (dataset: string) =>
    won.filter((gain) => gain.dataset === dataset || dataset === "all");
  const ratio = (gains: Gain[], figure: "published_s" | "physical_s") =>
    geomean(gains.map((gain) => gain[figure] / gain.full_s)).toFixed(2);
  return `## Explorer

Written by \`deno task bench explorer\`, on ${navigator.hardwareConcurrency} cores, ${THREADS} threads;
resident memory at the end ${memory} MB. The shortest of several runs, resolving and reading back
included. "Visited" designs of a full space, or of a whole published one, are evaluated one by one;
the others are set aside by proof. Of ${stops.tries} whole spaces that were asked to stop, at moments
from 1 ms on, the last answered ${
    stops.longest_ms.toFixed(0)
  } ms later. Platforms: msp430fr5994-inas2021, msp430fr5994-spi (published), msp430fr5994-spi with
kernel lea (full); the network and the layer on the network's own platform.

${
    table(
      [
        "what",
        "space, protocol",
        "ms",
        "designs covered",
        "visited",
        "designs/s",
      ],
      rows.map((row) => [
        row.what,
        row.space,
        (1e3 * row.seconds).toFixed(1),
        row.designs.toLocaleString("en"),
        row.visited.toLocaleString("en"),
        (row.designs / row.seconds).toExponential(2),
      ]),
    )
  }

The 18 intermittent golden networks: the published designs (protocol inas2021; charging by the
published formula, and by the physical capacitor) against the proven optimum of the full space under
\`brownout\` (32-bit sums, a 16-byte record per commit, start and delivery included, LEA with even
spans, 2048 bytes of VM, physical capacitor), same coefficients.

${
    table(
      [
        "network",
        "published s",
        "with physical capacitor s",
        "full s",
        "gain",
        "gain, same capacitor",
      ],
      won.map((gain) => [
        gain.name,
        gain.published_s.toFixed(2),
        gain.physical_s.toFixed(2),
        gain.full_s.toFixed(2) + (gain.safe ? "" : " (not proven)"),
        (gain.published_s / gain.full_s).toFixed(2),
        (gain.physical_s / gain.full_s).toFixed(2),
      ]),
    )
  }

${
    table(
      ["geometric mean", "gain", "gain, same capacitor"],
      [...Object.keys(SPACES), "all"].map((dataset) => [
        dataset,
        ratio(of(dataset), "published_s"),
        ratio(of(dataset), "physical_s"),
      ]),
    )
  }

Latency requirements of the published spaces (model and design space as published): the exact 25,
50 and 75 % quantiles over all networks that can run, beside the published ones of random samples.

${
    table(
      ["space", "capacitor", "TS1, TS2, TS3 exact, s", "published from samples, s"],
      required.map(({ dataset, capacitance_F, exact_s, sampled_s }) => [
        dataset,
        `${1e3 * capacitance_F} mF`,
        exact_s.map((s) => s.toFixed(2)).join(", "),
        sampled_s.map((s) => s.toFixed(2)).join(", "),
      ]),
    )
  }

Behaviour signature \`${checksum}\`. Designs of the fixture layers:

${
    table(
      ["layer", "published", "full"],
      Object.entries(counts).map((
        [name, { published, full }],
      ) => [name, published.toLocaleString("en"), full.toLocaleString("en")]),
    )
  }
`;
}

/** Runs the benchmark, prints its section and writes it to bench/RESULTS.md. */
export async function run(): Promise<void> {
  const section = await explorerSection();
  console.log(section);
  const file = join(ROOT, "bench/RESULTS.md");
  await writeWhole(
    file,
    replaceSection(await Deno.readTextFile(file), section),
  );
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "-q", file],
  })
    .output();
  if (!success) {
    throw new UserError({ message: `${file} could not be formatted` });
  }
}
