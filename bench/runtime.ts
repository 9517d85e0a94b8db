/**
 * What the runtime takes: its kernels on the boards' simulators, what keeping progress by scheme `tile`
 * costs over keeping none with the same designs, and what a cut loses. Writes section "Runtime" of
 * bench/RESULTS.md.
 *
 *     deno task bench runtime
 *     BENCH_NETWORKS='har|kws' deno task bench runtime     of the golden networks only these
 */
import { join } from "node:path";
import { writeWhole } from "../base/files.ts";
import { parseBenchLog } from "../network/bench_log.ts";
import { build, makeSubject, type PowerLine, simulate } from "../tests/power/simulation.ts";
import { type GoldenNetwork, goldenNetworks } from "../tests/power/networks.ts";
import { command, ROOT } from "../tests/dump/support.ts";
import { replaceSection } from "./results.ts";
import { readSizeTable, sizeTable } from "./runtime_sizes.ts";

const PROFILE = "msp430fr5994-spi";
const BOARDS = ["msp430fr5994", "msp432p401r"] as const;

/** Cycles a product of a conv's tile by span, per board. */
async function kernels(folder: string): Promise<Map<string, Map<number, number>>> {
  const found = new Map<string, Map<number, number>>();
  await command("make", ["-s", "-C", `${ROOT}runtime-c/sim`, `OUT=${folder}/sim`, "all"]);
  for (const board of BOARDS) {
    const out = join(folder, board), nvm = join(out, "nvm.bin");
    await command("make", [
      "-s",
      ...["-f", `${ROOT}runtime-c/build.mk`, `BOARD=${board}`, `OUT=${out}`, "microbench"],
    ]);
    await command(join(folder, "sim", "bo_sim"), [
      ...["--board", board, join(out, "microbench.elf"), "--until", "bo_microbench_done"],
      ...["--dump-nvm", nvm],
    ]);
    const { sized } = parseBenchLog(await Deno.readFile(nvm), nvm);
    found.set(
      board,
      new Map(sized.conv.map(({ elements, cycles }) => [elements, cycles / (48 * elements)])),
    );
  }
  return found;
}

interface Overhead {
  name: string;
  commits: number;
  /** Of scheme tile over ideal: time powered, and bytes to and from NVM. */
  time: number;
  bytes: number;
  /** Joules of work repeated per death, running on under hardly any harvest. */
  lost_median_J: number;
  lost_max_J: number;
}

/** Bytes that moved between NVM and VM, by elements of 2. */
function moved_bytes(line: PowerLine): number {
  return line.layers.reduce((sum, { deeds }) =>
    sum + Object.entries(deeds).reduce(
      (bytes, [name, { elements }]) =>
        /^(nvm_)?(read|write)/.test(name) ? bytes + 2 * elements : bytes,
      0,
    ), 0);
}

const powered_s = (line: PowerLine) => line.layers.reduce((sum, { on_s }) => sum + on_s, 0);

/** The same dump with another scheme: model.c and platform.h name it, and nothing else does. */
async function withScheme(from: string, to: string, scheme: "IDEAL", number: number) {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile && !/^bo_power/.test(name)) await Deno.copyFile(join(from, name), join(to, name));
  }
  const edit = async (name: string, change: (text: string) => string) =>
    await Deno.writeTextFile(join(to, name), change(await Deno.readTextFile(join(from, name))));
  await edit("model.c", (text) =>
    text.replaceAll("BO_SCHEME_TILE", `BO_SCHEME_${scheme}`)
      .replace("BO_HAS_SCHEME(BO_SCHEME_TILE)", `BO_HAS_SCHEME(BO_SCHEME_${scheme})`));
  await edit("platform.h", (text) => text.replace(/(#define BO_USES_SCHEME) \d+/, `$1 ${number}`));
}

async function overhead(golden: GoldenNetwork, folder: string): Promise<Overhead> {
  const { network, platform } = golden;
  const tile = join(folder, network.name), ideal = `${tile}-ideal`;
  const subject = await makeSubject(tile, network, platform);
  await build(tile, join(folder, "objects"));
  await withScheme(tile, ideal, "IDEAL", 4);
  await build(ideal, join(folder, "objects-ideal"));
  // A source that carries the load: nothing is cut, so only the progress that is kept differs.
  const strong = ["--source", `constant:ohm=${subject.platform.harvester_ohm / 100}`];
  const on = [...strong, "--after-commit", "run_on"];
  const kept = await simulate(tile, on), none = await simulate(ideal, on);
  for (const line of [kept, none]) {
    if (line.failure !== null || line.mismatches > 0 || line.all.deaths > 0) {
      throw new Error(`${network.name}: ${line.failure ?? "deaths or wrong outputs"}`);
    }
  }
  const weak = ["--source", `constant:ohm=${100 * subject.platform.harvester_ohm}`];
  const cut = await simulate(tile, [...weak, "--after-commit", "run_on", "--inferences", "4"]);
  const lost = cut.layers.flatMap(({ deaths, lost_J }) =>
    Array<number>(deaths).fill(lost_J / Math.max(1, deaths))
  ).sort((a, b) => a - b);
  return {
    name: network.name,
    commits: kept.commits / kept.measured,
    time: powered_s(kept) / powered_s(none) - 1,
    bytes: moved_bytes(kept) / moved_bytes(none) - 1,
    lost_median_J: lost[lost.length >> 1] ?? 0,
    lost_max_J: Math.max(0, ...cut.layers.map(({ lost_max_J }) => lost_max_J)),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

function section(
  spans: Map<string, Map<number, number>>,
  rows: readonly Overhead[],
  sizes: string,
): string {
  const lengths = [...spans.values().next().value!.keys()];
  return `## Runtime

Written by \`deno task bench runtime\`.

A tile of a conv in VM (4 outputs of 4 channels, kernel 3 x 1), all its loops included, per
multiply-accumulate: cycles of the MSP430FR5994 at 16 MHz with FRAM wait states, instructions of the
MSP432P401R, on our simulators.

| board | ${lengths.map((n) => `spans of ${n}`).join(" | ")} |
| --- | ${lengths.map(() => "--:").join(" | ")} |
${
    [...spans].map(([board, of]) =>
      `| ${board} | ${lengths.map((n) => of.get(n)!.toFixed(2)).join(" | ")} |`
    ).join("\n")
  }

Scheme \`tile\` over \`ideal\` with the same designs (full space, \`${PROFILE}\`, each network's own
buffer), uncut and running on, on the power simulation: time powered and bytes between NVM and VM. Lost
per cut: energy of repeated work, running on with a hundredth of the harvest; the median of the layers'
means over all deaths.

| network | commits | time | NVM bytes | lost per cut, median mJ | worst mJ |
| --- | --: | --: | --: | --: | --: |
${
    rows.map((row) =>
      `| ${row.name} | ${row.commits} | ${percent(row.time)} | ${percent(row.bytes)} | ${
        (1e3 * row.lost_median_J).toFixed(3)
      } | ${(1e3 * row.lost_max_J).toFixed(3)} |`
    ).join("\n")
  }

Code size and stack, as runtime-c/README.md states them (a test compares):

${sizes}
`;
}

/** Measures and writes the section. */
export async function run(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const spans = await kernels(folder);
    const rows: Overhead[] = [];
    const wanted = new RegExp(Deno.env.get("BENCH_NETWORKS") ?? "");
    for (const golden of await goldenNetworks(PROFILE)) {
      if (!wanted.test(golden.network.name)) continue;
      const row = await overhead(golden, folder);
      console.error(
        `${row.name}: time ${percent(row.time)}, bytes ${
          percent(row.bytes)
        } in ${row.commits} commits`,
      );
      rows.push(row);
    }
    // A test keeps that table true, so it need not be measured twice.
    const sizes = sizeTable(
      readSizeTable(await Deno.readTextFile(join(ROOT, "runtime-c/README.md"))),
    );
    const file = join(ROOT, "bench/RESULTS.md");
    const before = await Deno.readTextFile(file).catch(() => "# Results\n");
    await writeWhole(file, replaceSection(before, section(spans, rows, sizes)));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", file] }).output();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await run();
