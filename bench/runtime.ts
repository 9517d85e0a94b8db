/**
 * What keeping progress by scheme `tile` costs over keeping none with the same designs, and what a cut
 * loses. Writes section "Runtime" of bench/RESULTS.md; see kept.ts for runs in parts.
 */
import { join } from "node:path";
import { writeWhole } from "../base/files.ts";
import { build, makeSubject, type PowerLine, simulate } from "../tests/power/simulation.ts";
import { type GoldenNetwork, goldenNetworks } from "../tests/power/networks.ts";
import { ROOT } from "../tests/dump/support.ts";
import { kept, selected } from "./kept.ts";
import { replaceSection } from "./results.ts";
import { readSizeTable, sizeTable } from "./runtime_sizes.ts";

const PROFILE = "msp430fr5994-spi";

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
  rows: readonly Overhead[],
  sizes: string,
): string {
  return `## Runtime

Written by \`deno task bench runtime\`.

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
    const { networks, all } = selected(await goldenNetworks(PROFILE));
    const rows: Overhead[] = [];
    for (const golden of networks) {
      const { name } = golden.network;
      console.error(name);
      rows.push(await kept(`runtime-${name}`, () => overhead(golden, folder)));
    }
    if (!all) return;
    // A test keeps that table true, so it need not be measured twice.
    const sizes = sizeTable(
      readSizeTable(await Deno.readTextFile(join(ROOT, "runtime-c/README.md"))),
    );
    const file = join(ROOT, "bench/RESULTS.md");
    const before = await Deno.readTextFile(file).catch(() => "# Results\n");
    await writeWhole(file, replaceSection(before, section(rows, sizes)));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", file] }).output();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
