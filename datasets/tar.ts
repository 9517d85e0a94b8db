/** Tar archives, plain or gzipped, read as a stream: nothing is written to disk, little is held. */
import { createTarDecoder, type ParsedTarEntry } from "modern-tar";
import { ExitCode, UserError } from "../base/errors.ts";
import { type FileSource, memorySource } from "./file_source.ts";

/** A guard against archives made to exhaust the machine. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;
const MAX_HELD_BYTES = 2 ** 31;
const GZIP_MAGIC = [0x1f, 0x8b];

export interface TarFile {
  /** Relative, without a leading `./`; never points outside of the archive. */
  readonly name: string;
  readonly bytes: number;
  /** The content; to be called before the next file is asked for, or not at all. */
  read(): Promise<Uint8Array>;
}

/**
 * The regular files of an archive in the order in which they lie there; links and devices are left
 * out.
 *
 * @throws UserError (exit code data) where it is no tar, is cut or damaged, or holds a name that
 * points outside of it
 */
export async function* tarFiles(path: string): AsyncGenerator<TarFile> {
  let files = 0;
  try {
    const entries: ReadableStream<ParsedTarEntry> = (await plainStream(path))
      .pipeThrough(createTarDecoder({ strict: true }));
    for await (const { header, body } of entries) {
      const name = innerName(header.name, path);
      let taken = false;
      if (header.type === "file") {
        files++;
        yield {
          name,
          bytes: header.size,
          read: () => {
            taken = true;
            return readBody(body, header.size, `${path}!${name}`);
          },
        };
      }
      // Read to its end: a body that is cancelled can stop the decoder for ever.
      if (!taken) { for await (const _ of body); }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damaged(path, `archive cannot be read: ${(error as Error).message}`);
  }
  if (files === 0) throw damaged(path, "is no tar archive, or holds no files");
}

/** The files of an archive for which `wanted` holds, in memory. */
export async function tarSource(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<FileSource> {
  const files = new Map<string, Uint8Array>();
  let held = 0;
  for await (const file of tarFiles(path)) {
    if (!wanted(file.name)) continue;
    held += file.bytes;
    if (held > MAX_HELD_BYTES) throw damaged(path, "unpacks to more than is sane");
    files.set(file.name, await file.read());
  }
  return memorySource(files, path);
}

async function plainStream(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw damaged(path, `cannot be read: ${(error as Error).message}`);
  }
  const start = new Uint8Array(2);
  await file.read(start);
  await file.seek(0, Deno.SeekMode.Start);
  return GZIP_MAGIC.every((byte, i) => start[i] === byte)
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
}

function innerName(name: string, archive: string): string {
  const parts = name.split("/").filter((part) => part !== "." && part !== "");
  if (name.startsWith("/") || name.includes("\\") || name.includes("\0") || parts.includes("..")) {
    throw new UserError({
      message: "holds a name that points outside of the archive",
      location: { file: archive },
      value: name,
      expected: "relative names without ..",
    }, ExitCode.data);
  }
  return parts.join("/");
}

async function readBody(
  body: ReadableStream<Uint8Array>,
  size: number,
  file: string,
): Promise<Uint8Array> {
  if (size > MAX_FILE_BYTES) throw damaged(file, `says it has ${size} bytes, more than is sane`);
  // Grown by what arrives: a header that lies about its size does not get that much memory.
  const chunks: Uint8Array[] = [];
  let filled = 0;
  try {
    for await (const chunk of body) {
      // The decoder may use its buffer again.
      chunks.push(chunk.slice());
      filled += chunk.length;
    }
  } catch (error) {
    throw damaged(file, `cannot be unpacked: ${(error as Error).message}`);
  }
  if (filled !== size) throw damaged(file, `has ${filled} bytes, ${size} stated`);
  const content = new Uint8Array(filled);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content;
}

function damaged(file: string, message: string): UserError {
  return new UserError({ message, location: { file } }, ExitCode.data);
}
