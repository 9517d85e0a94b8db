/** `deno task explore FILE --sweep PREFIX`: how a latency depends on capacitor and VM size. */
import type { Binding, ExploreAnswer } from "../network/explore.ts";
import { explorePrepared, type PreparedRequest } from "../native/mod.ts";

/** iNAS's design-space study: 0.2 to 30 mF, 128 bytes to 16 KB. */
export const CAPACITANCES_F = [
  0.0002,
  0.0003,
  0.0005,
  0.0007,
  0.001,
  0.0015,
  0.002,
  0.003,
  0.005,
  0.007,
  0.01,
  0.015,
  0.02,
  0.03,
];
export const VM_BYTES = [128, 256, 512, 1024, 2048, 4096, 8192, 16384];

export interface SweepPoint {
  capacitance_F: number;
  vm_bytes: number;
  /** Null where no safe design exists. */
  latency_s: number | null;
  power_cycles: number | null;
  /** Where none exists: limits that layers, or the network as a whole, miss. */
  misses: Binding[];
}

/** One network on one platform, for every capacitor and VM size. */
export async function sweep(
  request: PreparedRequest,
  threads: number,
  signal: AbortSignal,
): Promise<SweepPoint[]> {
  const points = CAPACITANCES_F.flatMap((capacitance_F) =>
    VM_BYTES.map((vm_bytes) => ({ capacitance_F, vm_bytes }))
  );
  const answers = await explorePrepared(
    points.map((point) => {
      const platform = { ...request.platform, ...point };
      return { ...request, platform, native: { ...request.native, platform } };
    }),
    { threads, signal },
  );
  return points.map((point, i) => ({
    ...point,
    latency_s: answers[i]!.latency_s,
    power_cycles: answers[i]!.power_cycles ?? null,
    misses: missesOf(answers[i]!),
  }));
}

function missesOf({ layers, misses = [] }: ExploreAnswer): Binding[] {
  const missed = [
    ...layers.flatMap((layer) => layer.feasible ? [] : layer.together ?? [layer]),
    ...misses,
  ];
  return [...new Set(missed.map(({ binding }) => binding))].sort();
}

/** Comma-separated, a header line first; where no safe design exists the limits that are missed. */
export function sweepCsv(points: readonly SweepPoint[]): string {
  const line = (point: SweepPoint) =>
    [
      point.capacitance_F,
      point.vm_bytes,
      point.latency_s ?? "",
      point.power_cycles ?? "",
      point.misses.join(" "),
    ].join();
  return [
    "capacitance_F,vm_bytes,latency_s,power_cycles,misses",
    ...points.map(line),
    "",
  ].join("\n");
}

const CELL = { w: 74, h: 26 }, LEFT = 90, TOP = 66, LEGEND = 54;
const SHADES = 8;

/** From light (fast) to dark (slow); ink that can be read on it. */
function shade(share: number): { fill: string; ink: string } {
  const light = Math.round(94 - 64 * share);
  return { fill: `hsl(212, 70%, ${light}%)`, ink: light < 66 ? "white" : "black" };
}

/**
 * A heat map: capacitors down, VM sizes across, darker is slower, on a logarithmic scale; the fastest
 * is framed, and grey cells name the limits that are missed.
 */
export function sweepSvg(name: string, points: readonly SweepPoint[]): string {
  const known = points.flatMap(({ latency_s }) => latency_s ?? []);
  const fastest = Math.min(...known), slowest = Math.max(...known);
  const span = Math.log(slowest / fastest);
  const right = LEFT + CELL.w * VM_BYTES.length, bottom = TOP + CELL.h * CAPACITANCES_F.length;
  const width = right + 10, height = bottom + LEGEND;
  const text = (x: number, y: number, content: string, rest = "") =>
    `<text x="${x}" y="${y}" ${rest}>${content.replace(/[<&]/g, "")}</text>`;
  const middle = `text-anchor="middle"`, end = `text-anchor="end"`;
  const rect = (x: number, y: number, fill: string, rest = "") =>
    `<rect x="${x}" y="${y}" width="${CELL.w - 1}" height="${CELL.h - 1}" fill="${fill}" ${rest}/>`;
  const seconds = (value: number) => `${value.toPrecision(3)} s`;
  const framed = points.find(({ latency_s }) => latency_s === fastest);
  const cells = points.map((point) => {
    const { vm_bytes, capacitance_F, latency_s, misses } = point;
    const x = LEFT + CELL.w * VM_BYTES.indexOf(vm_bytes);
    const y = TOP + CELL.h * CAPACITANCES_F.indexOf(capacitance_F);
    const at = [x + CELL.w / 2, y + 17] as const;
    if (latency_s === null) {
      return rect(x, y, "#eeeeee") +
        text(...at, misses.map(shortName).join(", "), `${middle} fill="#777777"`);
    }
    const { fill, ink } = shade(span > 0 ? Math.log(latency_s / fastest) / span : 0);
    const frame = point === framed ? `stroke="#d9480f" stroke-width="2"` : "";
    return rect(x, y, fill, frame) + text(...at, seconds(latency_s), `${middle} fill="${ink}"`);
  });
  const steps = Array.from({ length: SHADES }, (_, i) => i / (SHADES - 1));
  const strip = known.length === 0 ? [] : [
    ...steps.map((share, i) =>
      `<rect x="${LEFT + 24 * i}" y="${bottom + 12}" width="24" height="12" ` +
      `fill="${shade(share).fill}"/>`
    ),
    text(LEFT - 6, bottom + 22, seconds(fastest), end),
    text(LEFT + 24 * SHADES + 6, bottom + 22, seconds(slowest)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(8, 18, `${name}: latency by capacitor and VM`, `font-size="13" font-weight="bold"`),
    text((LEFT + right) / 2, TOP - 24, "VM", middle),
    text(LEFT - 8, TOP - 8, "capacitor", end),
    ...VM_BYTES.map((bytes, i) =>
      text(
        LEFT + CELL.w * (i + 0.5),
        TOP - 8,
        bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`,
        middle,
      )
    ),
    ...CAPACITANCES_F.map((f, i) =>
      text(LEFT - 8, TOP + CELL.h * i + 17, `${+(1e3 * f).toFixed(4)} mF`, end)
    ),
    ...cells,
    ...strip,
    text(LEFT, bottom + 42, "framed: the fastest; grey: no safe design, for want of what is named"),
    "</svg>",
    "",
  ].join("\n");
}

const SHORT_NAMES: Partial<Record<Binding, string>> = { vm: "VM", nvm: "NVM" };

function shortName(binding: Binding): string {
  return SHORT_NAMES[binding] ?? binding;
}
