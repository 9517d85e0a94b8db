/** Where Speech Commands recordings or features lie, and how the recordings are gone through. */
import { createHash } from "node:crypto";
import { ExitCode, UserError } from "../base/errors.ts";
import { folderSource } from "./file_source.ts";
import { DATA_DIR_HELP, locatePlace, type Places } from "./place.ts";
import type { KwsSettings } from "./settings.ts";
import { tarFiles } from "./tar.ts";

export const BACKGROUND = "_background_noise_";
export const SILENCE = "_silence_";
export const WORDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];

const FEATURES = "kws_mfcc_49x10_f32.npz";
const TRAINING_ARCHIVES = ["speech_commands_v0.02.tar.gz", "speech_commands_v0.01.tar.gz"];
const TEST_ARCHIVES = [
  "speech_commands_test_set_v0.02.tar.gz",
  "speech_commands_test_set_v0.01.tar.gz",
];

const PLACES: Places = {
  folders: ["", "speech_commands", "speech-commands", "speech_commands_v0.02"],
  isFolder: (names) =>
    names.has(BACKGROUND) || names.has(FEATURES) || WORDS.every((word) => names.has(word)),
  archives: [...TRAINING_ARCHIVES, ...TEST_ARCHIVES],
  expected: `a folder of words (yes, no, ...), ${TRAINING_ARCHIVES[0]}, ${
    TEST_ARCHIVES[0]
  } or ${FEATURES}`,
  help: DATA_DIR_HELP,
};

/** Recordings in a folder or tar archive, or features that someone computed. */
export type KwsPlace = {
  readonly kind: "folder" | "archive" | "features";
  readonly path: string;
};

/** @throws UserError (exit code data) */
export async function locateKws(
  dataDir: string,
  from: KwsSettings["from"] = "auto",
): Promise<KwsPlace> {
  const place = await locatePlace(dataDir, PLACES);
  if (place.kind === "file") {
    return { kind: place.path.endsWith(".npz") ? "features" : "archive", path: place.path };
  }
  const source = folderSource(place.path);
  const features = await source.has(FEATURES);
  const training = await isFolder(`${place.path}/${BACKGROUND}`);
  const recordings = training || await isFolder(`${place.path}/${WORDS[0]}`);
  if (from === "features" ? !features : from === "recordings" && !recordings) {
    throw new UserError({
      message: `holds no ${from}`,
      location: { file: place.path },
      expected: PLACES.expected,
    }, ExitCode.data);
  }
  return features && (from === "features" || (from === "auto" && !training))
    ? { kind: "features", path: source.show(FEATURES) }
    : { kind: "folder", path: place.path };
}

/** Files that decide the result. */
export async function kwsFiles(place: KwsPlace): Promise<string[]> {
  if (place.kind !== "folder") return [place.path];
  const names = await folderSource(place.path).list();
  return names.filter((name) => recordingOf(name) !== undefined)
    .map((name) => `${place.path}/${name}`);
}

/** The folder of a recording, or undefined where a name is none: `yes/0a7c2a8d_nohash_0.wav`. */
export function recordingOf(name: string): string | undefined {
  return /^([A-Za-z_]+)\/[^/]+\.wav$/.exec(name)?.[1];
}

/** Goes through recordings, any number of times. */
export interface Recordings {
  show(name: string): string;
  /** Calls `visit` for every recording; `read` may be called inside of it only. */
  each(
    visit: (name: string, read: () => Promise<Uint8Array>) => Promise<void> | void,
  ): Promise<void>;
}

export function recordingsOf({ kind, path }: KwsPlace, signal: AbortSignal): Recordings {
  if (kind === "archive") {
    return {
      show: (name) => `${path}!${name}`,
      async each(visit) {
        for await (const file of tarFiles(path)) {
          signal.throwIfAborted();
          if (recordingOf(file.name) !== undefined) await visit(file.name, file.read);
        }
      },
    };
  }
  const source = folderSource(path);
  return {
    show: source.show,
    async each(visit) {
      for (const name of await source.list()) {
        signal.throwIfAborted();
        if (recordingOf(name) !== undefined) await visit(name, () => source.read(name));
      }
    },
  };
}

/** One entry of `provenance.files` for many recordings, in whatever order they came. */
export class RecordingsDigest {
  readonly #digests: string[] = [];
  #bytes = 0;

  add(name: string, bytes: Uint8Array): void {
    this.#digests.push(`${name} ${createHash("sha256").update(bytes).digest("hex")}`);
    this.#bytes += bytes.length;
  }

  record(): { name: string; bytes: number; sha256: string } {
    const hash = createHash("sha256").update(this.#digests.sort().join("\n"));
    return {
      name: `${this.#digests.length} recordings (digest of names and digests)`,
      bytes: this.#bytes,
      sha256: hash.digest("hex"),
    };
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isDirectory, () => false);
}
