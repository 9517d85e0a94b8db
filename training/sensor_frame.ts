/** Which channels of a window are one sensor's axes, and windows turned about them. */
import { UserError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { DatasetArtifact, SensorAxes } from "../network/artifacts/dataset.ts";
import type { FitParameters } from "../network/artifacts/training.ts";

/** What turns normalised samples back into vectors: raw = x * std + mean, per channel. */
export interface SensorFrame {
  readonly axes: readonly SensorAxes[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The axes of a data set's sensors; undefined where it names none or is not normalised per channel. */
export function sensorFrame(
  { axes, normalisation: { per, mean, std }, input: { channels } }: Pick<
    DatasetArtifact,
    "axes" | "normalisation" | "input"
  >,
): SensorFrame | undefined {
  if (axes === undefined || per === "element") return undefined;
  if (per === "channel") return { axes, mean, std };
  return { axes, mean: Array(channels).fill(0), std: Array(channels).fill(1) };
}

/**
 * @param field where the options stand, for the message
 * @throws UserError where windows are to be turned whose axes are not known
 */
export function requireAxes(
  { rotate_degrees }: FitParameters["augment"],
  frame: SensorFrame | undefined,
  field: string,
): void {
  if (rotate_degrees === undefined || frame !== undefined) return;
  throw new UserError({
    message: "the data set does not say which channels are the axes of a sensor",
    field,
    value: rotate_degrees,
    expected:
      "a data set with axes and one mean and deviation per channel: har, motion, or own data",
    help: "docs/datasets.md: axes of own data",
  });
}

type Row = readonly [number, number, number];
type Matrix = readonly [Row, Row, Row];

/**
 * Turns every window about an axis of its own, all directions alike, by a normal angle. In place.
 * @param x normalised, [samples][steps][channels], `size` elements a sample
 */
export function turn(
  x: Float32Array,
  { size, channels }: { size: number; channels: number },
  frame: SensorFrame,
  degrees: number,
  random: Random,
): void {
  const { axes } = frame;
  for (let start = 0; start < x.length; start += size) {
    const matrix = rotation(random, degrees * Math.PI / 180 * random.normal());
    for (const sensor of axes) turnSensor(x, start, start + size, channels, sensor, matrix, frame);
  }
}

/** Of normalised values: raw' = R raw, each channel with its own mean and deviation. */
function turnSensor(
  x: Float32Array,
  start: number,
  end: number,
  channels: number,
  sensor: SensorAxes,
  matrix: Matrix,
  { mean, std }: SensorFrame,
): void {
  const [cx, cy, cz] = sensor;
  const row = (to: number, [a, b, c]: Row) =>
    [
      a * std[cx]! / std[to]!,
      b * std[cy]! / std[to]!,
      c * std[cz]! / std[to]!,
      (a * mean[cx]! + b * mean[cy]! + c * mean[cz]! - mean[to]!) / std[to]!,
    ] as const;
  // Written out: a loop over rows takes many times as long, for every window of every epoch.
  const [xx, xy, xz, x1] = row(cx, matrix[0]);
  const [yx, yy, yz, y1] = row(cy, matrix[1]);
  const [zx, zy, zz, z1] = row(cz, matrix[2]);
  for (let i = start; i < end; i += channels) {
    const vx = x[i + cx]!;
    const vy = x[i + cy]!;
    const vz = x[i + cz]!;
    x[i + cx] = xx * vx + xy * vy + xz * vz + x1;
    x[i + cy] = yx * vx + yy * vy + yz * vz + y1;
    x[i + cz] = zx * vx + zy * vy + zz * vz + z1;
  }
}

/** About a random axis by so many radians (Rodrigues). */
function rotation(random: Random, angle_rad: number): Matrix {
  const [a, b, c] = [random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(a, b, c);
  const [x, y, z] = [a / length, b / length, c / length];
  const [sin, cos] = [Math.sin(angle_rad), Math.cos(angle_rad)];
  const rest = 1 - cos;
  return [
    [cos + x * x * rest, x * y * rest - z * sin, x * z * rest + y * sin],
    [y * x * rest + z * sin, cos + y * y * rest, y * z * rest - x * sin],
    [z * x * rest - y * sin, z * y * rest + x * sin, cos + z * z * rest],
  ];
}
