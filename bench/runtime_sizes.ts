/** Code size and stack of the runtime, per board and preservation scheme, as linked and as simulated. */
import { join } from "node:path";
import { codeBits } from "../network/design.ts";
import type { FeasibleLayer } from "../network/explore.ts";
import { readProfile, resolvePlatform } from "../network/platform.ts";
import { vectorsFile } from "../network/artifacts/firmware.ts";
import { dumpPlatform, type PlatformDump } from "../stages/dump/dump_platform.ts";
import { makeVectors } from "../stages/dump/vectors.ts";
import { readBoards } from "../stages/firmware/board.ts";
import { measure } from "../stages/firmware/measure.ts";
import { observe } from "../stages/quantize/observe.ts";
import { predictBits, quantise } from "../stages/quantize/quantise.ts";
import { command, randomDesigns, randomDump, ROOT } from "../tests/dump/support.ts";
import { SMALL } from "../tests/firmware/fixture.ts";
import { randomSamples, randomWeights } from "../tests/quantize/support.ts";
import { readElf } from "../toolchain/elf.ts";

export const SCHEMES = ["tile", "hawaii", "stateful", "checkpoint", "ideal"] as const;
export type SchemeName = (typeof SCHEMES)[number];
export const BOARDS = {
  msp430fr5994: "msp430fr5994-fram",
  msp432p401r: "msp432p401r-spi",
} as const;
export type BoardName = keyof typeof BOARDS;

export interface Size {
  board: BoardName;
  scheme: SchemeName;
  /** Code, constants of the program and start values, without image, arena and vectors. */
  program_bytes: number;
  /** Deepest stack from reset to the first result handed out, by the noise in RAM that it changed. */
  stack_bytes: number;
  stack_reserved_bytes: number;
}

/** Outputs between two progress marks, where a scheme has them. */
const B = 4;

/**
 * {@link SMALL} (conv, pool and fc; int16), with codes and designs that every scheme takes: the top
 * bit of no code is used, no output tile is visited twice.
 */
async function everySchemesDump(profile: string): Promise<PlatformDump> {
  const float = randomWeights(SMALL, 1);
  const samples = randomSamples(SMALL, 16, 1);
  const observation = observe(float, samples);
  const bits = predictBits(float, observation, 1.25, undefined, codeBits(2, "stateful"));
  const { network, layers } = quantise(float, observation, { bits, headroom: 1.25 });
  const dump = await randomDump(1, SMALL, 3);
  const x = Float32Array.from(samples.flatMap((sample) => [...sample]));
  const vectors = makeVectors(network, x, new Int32Array(samples.length), 3, 1);
  for (let seed = 0;; seed++) {
    const designs = randomDesigns(SMALL, seed, profile);
    const found = designs.answer.layers as FeasibleLayer[];
    if (found.some(({ plane_bytes }) => (plane_bytes ?? 0) > 0)) continue;
    return {
      ...dump,
      artifact: { ...dump.artifact, input: network.input, layers },
      network,
      vectors,
      designs,
      platform: resolvePlatform(await readProfile(`${ROOT}platforms`, profile)),
    };
  }
}

/**
 * Builds the shipped image for a board and a scheme, and runs it on the board's simulator.
 * @param folder for what is built; `bo_sim` is made there once
 */
export async function measureSize(
  folder: string,
  board: BoardName,
  scheme: SchemeName,
): Promise<Size> {
  await command("make", ["-s", "-C", `${ROOT}runtime-c/sim`, `OUT=${folder}/sim`, "all"]);
  const at = join(folder, board, scheme);
  const dump = await everySchemesDump(BOARDS[board]);
  const grouped = scheme === "hawaii" || scheme === "stateful";
  dump.designs = { ...dump.designs, scheme, b: grouped ? B : 0 };
  const layout = await dumpPlatform(at, dump);
  const sizes = { inputs: layout.input.elements, outputs: layout.output.elements };
  const vectors = vectorsFile(dump.vectors.inputs, dump.vectors.outputs, sizes);
  await Deno.writeFile(join(at, "vectors.bin"), vectors);
  await command("make", [
    "-s",
    ...["-f", `${ROOT}runtime-c/build.mk`, `DUMP=${at}`, `BOARD=${board}`, `OUT=${at}/out`],
    "firmware",
  ]);
  const elf = join(at, "out", "firmware.elf");
  const facts = (await readBoards(ROOT)).find(({ name }) => name === board)!;
  const { program_bytes } = measure(readElf(await Deno.readFile(elf)), facts, vectors.length);
  const ran = await command(join(folder, "sim", "bo_sim"), [
    ...["--board", board, elf, "--ignore-shut-off", "--until", "bo_board_completion"],
  ]);
  const { result, stack_bytes } = JSON.parse(new TextDecoder().decode(ran));
  if (result !== "ok") throw new Error(`${board}, scheme ${scheme}: no result came out`);
  return { board, scheme, program_bytes, stack_bytes, stack_reserved_bytes: facts.stack_bytes };
}

const HEAD = "| board | scheme | program, bytes | stack, bytes, of reserved |";

/** The table of runtime-c/README.md. */
export function sizeTable(sizes: readonly Size[]): string {
  const rows = sizes.map(({ board, scheme, program_bytes, stack_bytes, stack_reserved_bytes }) =>
    `| ${board} | ${scheme} | ${program_bytes} | ${stack_bytes} of ${stack_reserved_bytes} |`
  );
  return [HEAD, "| --- | --- | --: | --: |", ...rows].join("\n");
}

/** Rows of a Markdown text that are rows of {@link sizeTable}. */
export function readSizeTable(text: string): Size[] {
  const row =
    /^\| (msp\w+) +\| (tile|hawaii|stateful|checkpoint|ideal) +\| +(\d+) \| +(\d+) of (\d+) \|$/gm;
  return [...text.matchAll(row)].map(([, board, scheme, program, stack, reserved]) => ({
    board: board as BoardName,
    scheme: scheme as SchemeName,
    program_bytes: Number(program),
    stack_bytes: Number(stack),
    stack_reserved_bytes: Number(reserved),
  }));
}

/** Measures every board and scheme anew. */
export async function measureSizes(): Promise<Size[]> {
  const folder = await Deno.makeTempDir();
  try {
    const sizes: Size[] = [];
    for (const board of Object.keys(BOARDS) as BoardName[]) {
      for (const scheme of SCHEMES) {
        const size = await measureSize(folder, board, scheme);
        console.error(`${board} ${scheme}: ${size.program_bytes} bytes, stack ${size.stack_bytes}`);
        sizes.push(size);
      }
    }
    return sizes;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) console.log(sizeTable(await measureSizes()));
