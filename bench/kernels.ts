/**
 * What the multiply-accumulate kernels take on the boards' simulators, by shape of the tile. Writes
 * section "Kernels" of bench/RESULTS.md.
 */
import { join } from "node:path";
import { writeWhole } from "../base/files.ts";
import { command, ROOT } from "../tests/dump/support.ts";
import { replaceSection } from "./results.ts";

const BOARDS = ["msp430fr5994", "msp432p401r"] as const;
/** Outputs and kernel are rows x columns; several are what a tile of a wider map is. */
const TILES = [
  { outputs: [4, 1], channels: 4, kernel: [3, 1] },
  { outputs: [2, 1], channels: 2, kernel: [3, 1] },
  { outputs: [2, 1], channels: 3, kernel: [3, 1] },
  { outputs: [2, 2], channels: 4, kernel: [3, 3] },
  { outputs: [2, 2], channels: 4, kernel: [2, 2] },
  { outputs: [4, 1], channels: 4, kernel: [1, 1] },
  { outputs: [4, 1], channels: 1, kernel: [3, 1] },
  { outputs: [1, 1], channels: 8, kernel: [1, 1] },
] as const;
const SPANS = [8, 24, 25, 48, 96];
/** What the micro-benchmark firmware has room for, in elements. */
const ROOM = { input: 512, weights: 1152 };

interface TileSpeed {
  board: string;
  tile: string;
  /** Per multiply-accumulate, of {@link SPANS}; NaN: no room in VM. */
  costs: number[];
}

/** Cycles (msp430fr5994) or instructions (msp432p401r) a product of a conv's tile takes. */
async function tileSpeeds(folder: string): Promise<TileSpeed[]> {
  const found: TileSpeed[] = [];
  await command("make", ["-s", "-C", `${ROOT}runtime-c/sim`, `OUT=${folder}/sim`, "all"]);
  for (const board of BOARDS) {
    const out = join(folder, board);
    await command("make", [
      "-s",
      ...["-f", `${ROOT}runtime-c/build.mk`, `BOARD=${board}`, `OUT=${out}`, "microbench"],
    ]);
    for (const { outputs, channels, kernel } of TILES) {
      const costs: number[] = [];
      for (const span of SPANS) {
        const weights = kernel[0] * kernel[1] * span * channels;
        const input = (outputs[0] + kernel[0] - 1) * (outputs[1] + kernel[1] - 1) * span;
        if (weights > ROOM.weights || input > ROOM.input) {
          costs.push(NaN);
          continue;
        }
        const packed = ([rows, columns]: readonly [number, number]) => 16 * rows + columns;
        const ran = await command(join(folder, "sim", "bo_sim"), [
          ...["--board", board, join(out, "microbench.elf"), "--until", "main"],
          ...["--call", `bo_op_tile,${packed(outputs)},${channels},${packed(kernel)},${span}`],
        ]);
        const { cycles, instructions } = JSON.parse(new TextDecoder().decode(ran));
        costs.push(
          (board === "msp430fr5994" ? cycles : instructions) / (weights * outputs[0] * outputs[1]),
        );
      }
      const tile = `${outputs.join(" x ")} of ${channels}, kernel ${kernel.join(" x ")}`;
      found.push({ board, tile, costs });
    }
  }
  return found;
}

function section(speeds: readonly TileSpeed[]): string {
  return `## Kernels

Written by \`deno task bench kernels\`.

A tile of a conv in VM, its set-up and all its loops included, per multiply-accumulate: cycles of the
MSP430FR5994 at 16 MHz with FRAM wait states, instructions of the MSP432P401R, on our simulators. Spans
of an odd length start on odd words, where the Cortex-M4 loads one at a time.

| board | outputs of channels | ${SPANS.map((n) => `spans of ${n}`).join(" | ")} |
| --- | --- | ${SPANS.map(() => "--:").join(" | ")} |
${
    speeds.map(({ board, tile, costs }) =>
      `| ${board} | ${tile} | ${
        costs.map((cost) => Number.isNaN(cost) ? "" : cost.toFixed(2)).join(" | ")
      } |`
    ).join("\n")
  }
`;
}

/** Measures and writes the section. */
export async function run(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(ROOT, "bench/RESULTS.md");
    const before = await Deno.readTextFile(file);
    await writeWhole(file, replaceSection(before, section(await tileSpeeds(folder))));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", file] }).output();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
