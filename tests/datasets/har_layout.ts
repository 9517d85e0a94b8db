/** A small data set in the UCI HAR layout, made of numbers that say where they came from. */
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { dirname } from "node:path";

export const SIGNALS = ["body_acc", "body_gyro", "total_acc"].flatMap((sensor) =>
  ["x", "y", "z"].map((axis) => `${sensor}_${axis}`)
);
export const PERSONS = { train: [3, 1, 8, 5, 7], test: [2, 4] } as const;
export const WINDOWS = { train: 30, test: 12 } as const;
type Part = keyof typeof WINDOWS;
export const PARTS: readonly Part[] = ["train", "test"];

/** The value at a place: six decimal digits at most, so that eight in a file hold it. */
export function valueAt(part: Part, window: number, step: number, channel: number): number {
  return (part === "train" ? 1 : -1) * (window * 4096 + step * 16 + channel + 1) / 1000;
}

/** In the official style: 16 characters, exponent of three digits. */
function format(value: number): string {
  return value.toExponential(7).replace(
    /e([+-])(\d+)$/,
    (_, sign, power) => `e${sign}${power.padStart(3, "0")}`,
  ).padStart(16);
}

export type Files = Map<string, Uint8Array>;

/** Window i is of class i mod 6 and of person floor(i / 6). */
export function layout(): Files {
  const files: Files = new Map();
  const put = (name: string, text: string) => files.set(name, new TextEncoder().encode(text));
  for (const part of PARTS) {
    const windows = Array.from({ length: WINDOWS[part] }, (_, i) => i);
    put(`${part}/y_${part}.txt`, windows.map((i) => `${i % 6 + 1}\n`).join(""));
    put(
      `${part}/subject_${part}.txt`,
      windows.map((i) => `${PERSONS[part][Math.floor(i / 6)]}\n`).join(""),
    );
    for (const [channel, signal] of SIGNALS.entries()) {
      const row = (i: number) =>
        Array.from({ length: 128 }, (_, step) => format(valueAt(part, i, step, channel))).join("");
      put(
        `${part}/Inertial Signals/${signal}_${part}.txt`,
        windows.map((i) => row(i) + "\n").join(""),
      );
    }
  }
  return files;
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, bytes] of files) {
    await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }
}

/** The same files in a zip, as the official one names them. */
export async function zip(files: Files, prefix = "UCI HAR Dataset/"): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const [name, bytes] of files) await writer.add(prefix + name, new Uint8ArrayReader(bytes));
  return await writer.close();
}

export async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "brownout-har-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
