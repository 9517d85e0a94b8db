/** What the readers of own data have in common. */
import { createHash } from "node:crypto";
import { ExitCode, UserError } from "../base/errors.ts";
import type { Shape } from "../network/network.ts";
import type { Progress } from "../pipeline/stage.ts";
import type { SplitName } from "./dataset.ts";
import type { FileSource } from "./file_source.ts";

export interface OwnContext {
  readonly source: FileSource;
  /** In code-unit order. */
  readonly names: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface OwnSamples {
  readonly input: Shape;
  readonly classes: readonly string[];
  /** [samples][h][w][channels] */
  readonly x: Float32Array;
  /** [samples] */
  readonly y: Int32Array;
  /** Per sample, where the folder holds a split. */
  readonly splits: readonly SplitName[] | undefined;
  /** Per sample, where groups are known. */
  readonly groups: readonly string[] | undefined;
  /** Whether samples were cut from longer recordings. */
  readonly overlapping: boolean;
  readonly record: { name: string; bytes: number; sha256: string };
  readonly cautions: readonly string[];
}

const SPLIT_FOLDERS: Readonly<Record<string, SplitName>> = {
  train: "train",
  training: "train",
  val: "val",
  validation: "val",
  test: "test",
};

/** Where a file lies: its split and class by the folders, its group by the pattern. */
export interface FilePlace {
  readonly split: SplitName | undefined;
  readonly folder: string | undefined;
  readonly group: string | undefined;
}

/**
 * Reads `[train|val|test/][class/]...file`.
 * @throws UserError (exit code data) where the pattern does not match a file
 */
export function filePlace(
  name: string,
  file: string,
  groupPattern: string | undefined,
): FilePlace {
  const parts = name.split("/").slice(0, -1);
  const split = parts[0] === undefined ? undefined : SPLIT_FOLDERS[parts[0]];
  const folder = parts[split === undefined ? 0 : 1];
  let group: string | undefined;
  if (groupPattern !== undefined) {
    group = new RegExp(groupPattern).exec(name)?.[1];
    if (group === undefined) {
      throw new UserError({
        message: "does not match group_pattern",
        location: { file },
        field: "own.group_pattern",
        value: groupPattern,
      }, ExitCode.data);
    }
  }
  return { split, folder, group };
}

/** Splits of all samples, or undefined where no file lies in one; some in and some out is refused. */
export function allOrNone<T>(
  values: readonly (T | undefined)[],
  files: readonly string[],
  what: string,
): T[] | undefined {
  const without = values.findIndex((value) => value === undefined);
  if (without < 0) return values as T[];
  if (values.every((value) => value === undefined)) return undefined;
  throw new UserError({
    message: `has no ${what}, as other files have`,
    location: { file: files[without]! },
  }, ExitCode.data);
}

/** Class numbers of labels, classes in code-unit order (numbers by value). */
export function numberClasses(labels: readonly string[]): { classes: string[]; y: Int32Array } {
  const names = [...new Set(labels)];
  const numeric = names.every((name) => /^-?\d+$/.test(name));
  const classes = numeric ? names.sort((a, b) => Number(a) - Number(b)) : names.sort();
  const numbers = new Map(classes.map((name, i) => [name, i]));
  return { classes, y: Int32Array.from(labels, (label) => numbers.get(label)!) };
}

/** One entry of `provenance.files` for all files of a folder. */
export class FilesDigest {
  readonly #hash = createHash("sha256");
  #files = 0;
  #bytes = 0;

  add(name: string, bytes: Uint8Array): void {
    this.#hash.update(`${name} ${createHash("sha256").update(bytes).digest("hex")}\n`);
    this.#files++;
    this.#bytes += bytes.length;
  }

  record(): OwnSamples["record"] {
    return {
      name: `${this.#files} files (digest of names and digests)`,
      bytes: this.#bytes,
      sha256: this.#hash.digest("hex"),
    };
  }
}

/** Samples one after another into one array. */
export function concatenate(samples: readonly Float32Array[], size: number): Float32Array {
  const x = new Float32Array(samples.length * size);
  samples.forEach((sample, i) => x.set(sample, i * size));
  return x;
}

export function badFile(
  file: string,
  message: string,
  value?: unknown,
  expected?: string,
  line?: number,
): UserError {
  return new UserError({
    message,
    location: line === undefined ? { file } : { file, line },
    value,
    expected,
  }, ExitCode.data);
}
