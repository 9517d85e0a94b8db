/** Where the files of a data set lie below the folder that the user named. */
import { ExitCode, UserError } from "../base/errors.ts";

/** What {@link locatePlace} looks for, first match first. */
export interface Places {
  /** Folders relative to the user's, `""` being that folder itself. */
  readonly folders: readonly string[];
  /** Whether a folder, by the names in it, is the data set's. */
  readonly isFolder: (names: ReadonlySet<string>) => boolean;
  /** Archives by name, looked for in `folders`. */
  readonly archives: readonly string[];
  /** One line for who has something else. */
  readonly expected: string;
  readonly help: string;
}

export type Place = { readonly kind: "folder" | "file"; readonly path: string };

/** @throws UserError (exit code data) that says what was looked for */
export async function locatePlace(dataDir: string, places: Places): Promise<Place> {
  const found = await Deno.stat(dataDir).catch(() => undefined);
  if (found === undefined) throw absent(dataDir, "there is no such file or folder", places);
  if (found.isFile) return { kind: "file", path: dataDir };
  const folders = places.folders.map((name) => name === "" ? dataDir : `${dataDir}/${name}`);
  for (const folder of folders) {
    const names = new Set<string>();
    try {
      for await (const entry of Deno.readDir(folder)) names.add(entry.name);
    } catch {
      continue;
    }
    if (places.isFolder(names)) return { kind: "folder", path: folder };
    const archive = places.archives.find((name) => names.has(name));
    if (archive !== undefined) return { kind: "file", path: `${folder}/${archive}` };
  }
  throw absent(dataDir, "does not hold this data set", places);
}

function absent(file: string, message: string, { expected, help }: Places): UserError {
  return new UserError({ message, location: { file }, expected, help }, ExitCode.data);
}

/** How a person names the data, for errors. */
export const DATA_DIR_HELP = "name the folder: --data-dir FOLDER, or BROWNOUT_DATA_DIR=FOLDER";
