/** Named files of a data set, in a folder or in an archive; the loader need not know which. */
import { Uint8ArrayReader, ZipReader } from "@zip.js/zip.js";
import type { FileEntry } from "@zip.js/zip.js";
import { ExitCode, UserError } from "../base/errors.ts";

export interface FileSource {
  /** Names of all files in code-unit order; what hides behind a leading dot is left out. */
  list(): Promise<string[]>;
  has(name: string): Promise<boolean>;
  /** How a person finds the file; shown in errors. */
  show(name: string): string;
  /** @throws UserError (exit code data) where the file is missing or damaged */
  read(name: string): Promise<Uint8Array>;
}

/** More than any data set needs; a guard against archives made to exhaust the machine. */
const MAX_ENTRIES = 200_000;
const MAX_FILE_BYTES = 512 * 1024 * 1024;
/** Deeper than any data set; a guard against links that lead back up. */
const MAX_DEPTH = 12;

/** Files below a folder, by path relative to it. */
export function folderSource(folder: string): FileSource {
  const show = (name: string) => `${folder}/${name}`;
  return {
    show,
    list: () => listFolder(folder),
    has: (name) => Deno.stat(show(name)).then((found) => found.isFile, () => false),
    async read(name) {
      try {
        return await Deno.readFile(show(name));
      } catch (error) {
        throw damaged(show(name), `cannot be read: ${(error as Error).message}`);
      }
    },
  };
}

/** Files of a map, as an archive that was read whole leaves them. */
export function memorySource(files: ReadonlyMap<string, Uint8Array>, label: string): FileSource {
  const show = (name: string) => `${label}!${name}`;
  return {
    show,
    list: () => Promise.resolve(visible([...files.keys()])),
    has: (name) => Promise.resolve(files.has(name)),
    read(name) {
      const bytes = files.get(name);
      if (bytes === undefined) return Promise.reject(damaged(show(name), "is not in the archive"));
      return Promise.resolve(bytes);
    },
  };
}

/**
 * Files of a zip archive held in memory; nothing is ever written to disk. Sizes and checksums are
 * checked.
 *
 * @param label the archive's name, shown in errors
 * @throws UserError where it is no zip, or holds names that point outside of it
 */
export async function zipSource(bytes: Uint8Array, label: string): Promise<FileSource> {
  const reader = new ZipReader(new Uint8ArrayReader(bytes), {
    checkSignature: true,
    // Refuses names that point outside of the archive, on any system.
    filenameValidation: "balanced",
    useWebWorkers: false,
  });
  const files = new Map<string, FileEntry>();
  try {
    let entries = 0;
    for await (const entry of reader.getEntriesGenerator()) {
      if (++entries > MAX_ENTRIES) throw new Error(`holds more than ${MAX_ENTRIES} files`);
      if (!entry.directory) files.set(entry.filename, entry);
    }
  } catch (error) {
    throw damaged(label, `archive cannot be read: ${(error as Error).message}`);
  }
  const show = (name: string) => `${label}!${name}`;
  return {
    show,
    list: () => Promise.resolve(visible([...files.keys()])),
    has: (name) => Promise.resolve(files.has(name)),
    async read(name) {
      const entry = files.get(name);
      if (entry === undefined) throw damaged(show(name), "is not in the archive");
      try {
        return await inflate(entry);
      } catch (error) {
        throw damaged(show(name), `cannot be unpacked: ${(error as Error).message}`);
      }
    },
  };
}

/** The same files, all names below `prefix`. */
export function below(source: FileSource, prefix: string): FileSource {
  const start = `${prefix}/`;
  return {
    list: async () =>
      (await source.list()).filter((name) => name.startsWith(start))
        .map((name) => name.slice(start.length)),
    has: (name) => source.has(`${prefix}/${name}`),
    show: (name) => source.show(`${prefix}/${name}`),
    read: (name) => source.read(`${prefix}/${name}`),
  };
}

/** By code units, so that the order is every machine's. */
function visible(names: string[]): string[] {
  return names.filter((name) => !name.split("/").some((part) => part.startsWith("."))).sort();
}

async function listFolder(folder: string): Promise<string[]> {
  const names: string[] = [];
  const walk = async (prefix: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) throw damaged(`${folder}/${prefix}`, "lies too deep: a link to itself?");
    try {
      for await (const entry of Deno.readDir(`${folder}/${prefix}`)) {
        if (entry.name.startsWith(".")) continue;
        const name = prefix + entry.name;
        const found = entry.isSymlink
          ? await Deno.stat(`${folder}/${name}`).catch(() => undefined)
          : entry;
        if (found?.isDirectory) await walk(`${name}/`, depth + 1);
        else if (found?.isFile) names.push(name);
      }
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw damaged(`${folder}/${prefix}`, `cannot be listed: ${(error as Error).message}`);
    }
  };
  await walk("", 0);
  return names.sort();
}

async function inflate(entry: FileEntry): Promise<Uint8Array> {
  const size = entry.uncompressedSize;
  if (entry.encrypted) throw new Error("is encrypted");
  if (size > MAX_FILE_BYTES) throw new Error(`says it has ${size} bytes, more than is sane`);
  const content = new Uint8Array(size);
  let filled = 0;
  // The size that the archive states is a limit: set() throws on what inflates to more.
  await entry.getData(
    new WritableStream<Uint8Array>({
      write(chunk) {
        content.set(chunk, filled);
        filled += chunk.length;
      },
    }),
  );
  if (filled !== size) throw new Error(`has ${filled} bytes, ${size} stated`);
  return content;
}

function damaged(file: string, message: string): UserError {
  return new UserError({ message, location: { file } }, ExitCode.data);
}
