/** Downloads of official files: with progress, resumed where they were cut, checked by checksum. */
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ExitCode, UserError } from "../base/errors.ts";
import type { Progress } from "../pipeline/stage.ts";
import { fileChecksum } from "./checksum.ts";
import type { OfficialFile } from "./dataset.ts";

const TRIES = 3;
/** A connection that brings nothing for so long counts as cut. */
const STALL_MS = 30_000;

export interface DownloadOptions {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** What the user can do instead, shown where the download fails. */
  readonly help: string;
  /** Before a second try; twice as long before a third. */
  readonly pause_ms?: number;
}

/**
 * Brings `file` to `path`, unless it is there with the right checksum. What arrives lies in
 * `<path>.part` until its checksum is right: a good file is never replaced by a bad one.
 *
 * @throws UserError (exit code data) where the server cannot be reached or sends something else
 */
export async function download(
  file: OfficialFile,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { progress, signal, help, pause_ms = 1000 } = options;
  const { algorithm, hex } = file.checksum;
  if (await fileChecksum(path, algorithm).catch(() => undefined) === hex) return;
  await Deno.mkdir(dirname(path), { recursive: true });
  const part = `${path}.part`;
  let reason = "";
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const resumed = await sizeOf(part) > 0;
    try {
      await fetchTo(part, file, progress, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Deno.errors.NotCapable || isDiskError(error)) throw error;
      reason = reasonOf(error as Error);
      if (attempt < TRIES) {
        progress.note(`${file.name}: ${reason}; trying again`);
        await delay(pause_ms * attempt, undefined, { signal });
      }
      continue;
    }
    const found = await fileChecksum(part, algorithm);
    if (found === hex) {
      await Deno.rename(part, path);
      return;
    }
    await Deno.remove(part);
    // The first piece may be of another run or another file; from the start it may still be right.
    if (resumed) continue;
    throw new UserError({
      message: `${file.url} is not the file that was published`,
      field: algorithm,
      value: found,
      expected: hex,
      help,
    }, ExitCode.data);
  }
  throw new UserError(
    { message: `${file.url} cannot be downloaded: ${reason}`, help },
    ExitCode.data,
  );
}

async function fetchTo(
  part: string,
  file: OfficialFile,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const have = await sizeOf(part);
  const stall = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => stall.abort(new Error(`nothing came for ${STALL_MS / 1000} s`)),
      STALL_MS,
    );
  };
  try {
    alive();
    const response = await fetch(file.url, {
      signal: AbortSignal.any([signal, stall.signal]),
      headers: have > 0 ? { range: `bytes=${have}-` } : {},
    });
    if (response.status === 416) {
      await response.body?.cancel();
      // Nothing is left to send: the part is whole, or it is not this file; its checksum will say.
      return;
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the server answers ${response.status} ${response.statusText}`);
    }
    const resumed = response.status === 206;
    const length = Number(response.headers.get("content-length") ?? NaN);
    const start = resumed ? have : 0;
    const total = file.bytes ?? (length > 0 ? start + length : undefined);
    using output = await Deno.open(part, {
      write: true,
      create: true,
      append: resumed,
      truncate: !resumed,
    });
    let received = start;
    for await (const chunk of response.body) {
      alive();
      let written = 0;
      while (written < chunk.length) written += await output.write(chunk.subarray(written));
      received += chunk.length;
      progress.update(
        `downloading ${file.name}: ${megabytes(received)}${
          total === undefined ? "" : ` of ${megabytes(total)}`
        } MB`,
        total === undefined ? undefined : Math.min(1, received / total),
      );
    }
  } finally {
    clearTimeout(timer);
  }
}

/** A failed connection hides what failed behind "fetch failed". */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

async function sizeOf(path: string): Promise<number> {
  return await Deno.stat(path).then((found) => found.size, () => 0);
}

function isDiskError(error: unknown): boolean {
  return ["ENOSPC", "EROFS", "EACCES", "EDQUOT"].includes((error as { code?: string }).code ?? "");
}
