/** What the tests of loaders share. */
import { zipSync } from "fflate";
import assert from "node:assert/strict";
import { dirname, resolve } from "node:path";
import { packTar, type TarEntry } from "modern-tar";
import { gzipSync } from "node:zlib";
import { ExitCode, UserError } from "../../base/errors.ts";
import type { DatasetLoader, RawDataset } from "../../datasets/dataset.ts";
import type { DatasetSettings } from "../../datasets/settings.ts";
import type { Files } from "./har_layout.ts";

export const quiet = { update() {}, note() {}, warn() {} };

export async function load(
  loader: DatasetLoader,
  dataDir: string | undefined,
  { seed = 1, settings = {}, downloadDir = `${dataDir}/downloads` }: {
    seed?: number;
    settings?: DatasetSettings;
    downloadDir?: string;
  } = {},
): Promise<RawDataset> {
  return await loader.load({
    seed,
    settings,
    dataDir,
    downloadDir,
    progress: quiet,
    signal: new AbortController().signal,
  });
}

/** That `body` ends with a UserError of data that matches everything wanted. */
export async function refused(body: () => unknown, ...wanted: RegExp[]): Promise<UserError> {
  let caught: unknown;
  try {
    await body();
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof UserError, `${(caught as Error)?.stack ?? "nothing was thrown"}`);
  assert.equal(caught.exitCode, ExitCode.data);
  for (const pattern of wanted) assert.match(caught.message, pattern);
  return caught;
}

/** Runs a parser on hostile bytes: it may refuse them as a UserError, and do nothing else. */
export function parsesOrRefuses<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof UserError, `${(error as Error)?.stack ?? error}`);
    return undefined;
  }
}

/** A tar archive, gzipped. */
export async function tarGz(files: Files, more: TarEntry[] = []): Promise<Uint8Array> {
  return new Uint8Array(gzipSync(await tar(files, more)));
}

export async function tar(files: Files, more: TarEntry[] = []): Promise<Uint8Array> {
  return await packTar([
    ...[...files].map(([name, bytes]): TarEntry => ({
      header: { name, size: bytes.length, type: "file" },
      body: bytes,
    })),
    ...more,
  ]);
}

export function zipFiles(files: Files): Uint8Array {
  return zipSync(Object.fromEntries(files));
}

/** A WAV file of 16-bit samples. */
export function wav(samples: ArrayLike<number>, rate_Hz = 16_000): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate_Hz, true);
  view.setUint32(28, 2 * rate_Hz, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  for (let i = 0; i < samples.length; i++) {
    view.setInt16(44 + 2 * i, Math.round(samples[i]!), true);
  }
  return bytes;
}

/** A tone of 16-bit samples. */
export function tone(frequency_Hz: number, samples = 16_000, rate_Hz = 16_000): Float64Array {
  return Float64Array.from(
    { length: samples },
    (_, i) => 8000 * Math.sin(2 * Math.PI * frequency_Hz * i / rate_Hz),
  );
}

/** Folder of the real data sets, or undefined where this machine has none; says so loudly. */
export function realData(what: string): string | undefined {
  const shared = Deno.env.get("BROWNOUT_SHARED") ??
    resolve(import.meta.dirname!, "../../../shared");
  const folder = `${shared}/datasets`;
  try {
    Deno.statSync(`${folder}/README.md`);
    return folder;
  } catch {
    console.warn(`SKIPPED: no real data in ${folder}: ${what} is not tested on official files`);
    return undefined;
  }
}

/** Lays real sets out as their official downloads do. */
export async function unpack(folder: string, dest: string, ...names: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(`${folder}/unpack`, { args: [dest, ...names] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

export async function put(folder: string, files: Files): Promise<void> {
  for (const [name, bytes] of files) {
    await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }
}

export const text = (content: string): Uint8Array => new TextEncoder().encode(content);
