/** `deno task explore FILE --sweep PREFIX`: how a latency depends on capacitor and VM size. */
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
  }));
}

/** Comma-separated, a header line first; empty fields where no safe design exists. */
export function sweepCsv(points: readonly SweepPoint[]): string {
  const line = (point: SweepPoint) =>
    [
      point.capacitance_F,
      point.vm_bytes,
      point.latency_s ?? "",
      point.power_cycles ?? "",
    ].join();
  return [
    "capacitance_F,vm_bytes,latency_s,power_cycles",
    ...points.map(line),
    "",
  ].join("\n");
}

const CELL = { w: 74, h: 26 }, LEFT = 90, TOP = 44;

/** A heat map: capacitors down, VM sizes across, darker is slower, on a logarithmic scale. */
export function sweepSvg(name: string, points: readonly SweepPoint[]): string {
  const known = points.flatMap(({ latency_s }) => latency_s ?? []);
  const low = Math.log(Math.min(...known)), high = Math.log(Math.max(...known));
  const width = LEFT + CELL.w * VM_BYTES.length + 10;
  const height = TOP + CELL.h * CAPACITANCES_F.length + 10;
  const text = (x: number, y: number, content: string, rest = "") =>
    `<text x="${x}" y="${y}" ${rest}>${content.replace(/[<&]/g, "")}</text>`;
  const cells = points.map((point) => {
    const x = LEFT + CELL.w * VM_BYTES.indexOf(point.vm_bytes);
    const y = TOP + CELL.h * CAPACITANCES_F.indexOf(point.capacitance_F);
    const middle = `text-anchor="middle"`;
    const rect = (fill: string) =>
      `<rect x="${x}" y="${y}" width="${CELL.w - 1}" height="${CELL.h - 1}" fill="${fill}"/>`;
    if (point.latency_s === null) {
      return rect("#dddddd") +
        text(x + CELL.w / 2, y + 17, "none safe", middle);
    }
    const share = high > low ? (Math.log(point.latency_s) - low) / (high - low) : 0;
    const light = Math.round(92 - 62 * share);
    const ink = light < 60 ? `${middle} fill="white"` : middle;
    return rect(`hsl(212 70% ${light}%)`) +
      text(x + CELL.w / 2, y + 17, `${point.latency_s.toPrecision(3)} s`, ink);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `font-family="sans-serif" font-size="11">`,
    text(8, 16, `${name}: latency by capacitor and VM`),
    ...VM_BYTES.map((bytes, i) => text(LEFT + CELL.w * i + 8, TOP - 8, `${bytes} B`)),
    ...CAPACITANCES_F.map((f, i) => text(8, TOP + CELL.h * i + 17, `${+(1e3 * f).toFixed(4)} mF`)),
    ...cells,
    "</svg>",
    "",
  ].join("\n");
}
