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
const SPANS = [8, 24, 25, 48, 49, 96];
/** The inner path: what longer spans add to these, so many elements longer as there is room for. */
const INNER = { from: [24, 25], longer: [24, 8] };
/** What the micro-benchmark firmware has room for, in elements. */
const ROOM = { input: 528, weights: 1188 };

type Board = (typeof BOARDS)[number];
type Tile = (typeof TILES)[number];

interface TileSpeed {
  board: Board;
  tile: string;
  /** Of a whole tile, per multiply-accumulate, of {@link SPANS}; NaN: no room in VM. */
  costs: number[];
  /** Of the inner path, of {@link INNER.from}. */
  inner: number[];
}

const macs = ({ outputs, channels, kernel }: Tile, span: number): number =>
  outputs[0] * outputs[1] * channels * kernel[0] * kernel[1] * span;

function hasRoom({ outputs, channels, kernel }: Tile, span: number): boolean {
  const input = (outputs[0] + kernel[0] - 1) * (outputs[1] + kernel[1] - 1) * span;
  return kernel[0] * kernel[1] * span * channels <= ROOM.weights && input <= ROOM.input;
}

/** Cycles (msp430fr5994) or instructions (msp432p401r) of `bo_compute_products` for a conv's tile. */
type Measure = (tile: Tile, span: number) => Promise<number>;

async function measureOf(folder: string, board: Board): Promise<Measure> {
  const out = join(folder, board);
  await command("make", [
    "-s",
    ...["-f", `${ROOT}runtime-c/build.mk`, `BOARD=${board}`, `OUT=${out}`, "microbench"],
  ]);
  const call = async (...values: number[]): Promise<number> => {
    const ran = await command(join(folder, "sim", "bo_sim"), [
      ...["--board", board, join(out, "microbench.elf"), "--until", "bo_microbench_done"],
      ...["--call", `bo_op_tile,${values.join(",")}`],
    ]);
    const { cycles, instructions } = JSON.parse(new TextDecoder().decode(ran));
    return board === "msp430fr5994" ? cycles : instructions;
  };
  const packed = ([rows, columns]: readonly [number, number]) => 16 * rows + columns;
  return async ({ outputs, channels, kernel }, span) =>
    await call(packed(outputs), channels, packed(kernel), span) -
    await call(packed(outputs), channels, 0, span);
}

async function tileSpeeds(folder: string): Promise<TileSpeed[]> {
  const found: TileSpeed[] = [];
  await command("make", ["-s", "-C", `${ROOT}runtime-c/sim`, `OUT=${folder}/sim`, "all"]);
  for (const board of BOARDS) {
    const measure = await measureOf(folder, board);
    for (const tile of TILES) {
      const costs: number[] = [], inner: number[] = [];
      for (const span of SPANS) {
        costs.push(hasRoom(tile, span) ? await measure(tile, span) / macs(tile, span) : NaN);
      }
      for (const span of INNER.from) {
        const longer = INNER.longer.find((more) => hasRoom(tile, span + more))!;
        const added = await measure(tile, span + longer) - await measure(tile, span);
        inner.push(added / macs(tile, longer));
      }
      const { outputs, channels, kernel } = tile;
      const name = `${outputs.join(" x ")} of ${channels}, kernel ${kernel.join(" x ")}`;
      found.push({ board, tile: name, costs, inner });
    }
  }
  return found;
}

/** Rows of a table; empty where a number is NaN. */
function rows(speeds: readonly TileSpeed[], of: (speed: TileSpeed) => number[]): string {
  return speeds.map((speed) => {
    const numbers = of(speed).map((cost) => Number.isNaN(cost) ? "" : cost.toFixed(2));
    return `| ${speed.board} | ${speed.tile} | ${numbers.join(" | ")} |`;
  }).join("\n");
}

function section(speeds: readonly TileSpeed[]): string {
  const [most, least] = INNER.longer;
  return `## Kernels

Written by \`deno task bench kernels\`.

Per multiply-accumulate of a conv's tile in VM: cycles of the MSP430FR5994 at 16 MHz with FRAM wait
states, instructions of the MSP432P401R, on our simulators. The goal for spans of 24 and more is 12
cycles and 1.25 instructions on the inner path.

Inner path: what spans ${most} elements longer add (${least} where VM has no room for those), divided by
the multiply-accumulates that they add; no set-up is in it.

| board | outputs of channels | ${
    INNER.from.map((n) => `spans of ${n} and more, ${n % 2 === 0 ? "even" : "odd"}`).join(" | ")
  } |
| --- | --- | ${INNER.from.map(() => "--:").join(" | ")} |
${rows(speeds, ({ inner }) => inner)}

Whole tile: one call of \`bo_compute_products()\`, its set-up and all its loops included. Of spans of 24
and more all tiles hold the goal so, too, but for some of the Cortex-M4's with odd spans (below).

| board | outputs of channels | ${SPANS.map((n) => `spans of ${n}`).join(" | ")} |
| --- | --- | ${SPANS.map(() => "--:").join(" | ")} |
${rows(speeds, ({ costs }) => costs)}

Odd spans on the Cortex-M4: of two spans in a row one starts on an odd halfword, from where LDM does
not load. Eight products of each of two outputs take 11 instructions where all three vectors start on
words, 14 where one does not; a pair of spans of 25 takes three such blocks, 5 for the odd elements and
4 for the sums, 46.5 on average. Filling in the kernel's arguments takes 32, and the way in, out and on
to the next at least 7 a pair, 8 a pixel. At 1.25, a tile of 1 x 1 of 8 has 250: 4 x (46.5 + 7) + 32 = 246,
and one of 4 x 1 of 4, kernel 1 x 1, 500: 8 x (46.5 + 7) + 4 x 8 + 32 = 492. What is left is less than
saving the registers and finding out the tile's kind take: these two are out of reach of a kernel that
makes two outputs at a time. The other three above 1.25 in spans of 25 would need all else in 30 (2 x 1
of 2), 70 (4 x 1 of 1) or 80 instructions; it takes 110 and more.
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
