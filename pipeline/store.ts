/**
 * The folder of one stage: `artifact/`, `work/` and `record.json`.
 *
 * A finished artifact is committed in steps that can be cut anywhere: the new record is written
 * beside the old one first (`record.next.json`), then the folders change places, then the record
 * does. {@link StageStore.recover} ends what was begun, so that the next run finds the old state or
 * the new one, each whole.
 */
import { z } from "zod";
import { canonicalJson, writeWhole } from "../base/files.ts";
import { digestFolder, digestValue, type FileDigests } from "./digest.ts";
import { fingerprintSchema } from "./fingerprint.ts";

const staleInputSchema = z.strictObject({ stage: z.string(), reasons: z.array(z.string()) });
/** An input taken as it was although it was made for something else, and why it is called so. */
export type StaleInput = z.infer<typeof staleInputSchema>;

export const recordSchema = z.strictObject({
  format: z.literal(1),
  stage: z.string(),
  /** Digest of {@link fingerprint}. */
  key: z.string(),
  fingerprint: fingerprintSchema,
  /** Digest of {@link files}. */
  artifact: z.string(),
  /** Digest per file of the artifact. */
  files: z.record(z.string(), z.string()),
  /** ISO 8601. */
  started: z.string(),
  ended: z.string(),
  seconds: z.number(),
  /** Options that changed the configuration, as written. */
  overridden: z.array(z.string()),
  /** Inputs that were made for other parameters than those of the run. */
  stale_inputs: z.array(staleInputSchema),
  warnings: z.array(z.string()),
});
export type StageRecord = z.infer<typeof recordSchema>;

/** What lies in a stage's folder. */
export type StoredState =
  | { kind: "none" }
  | { kind: "broken"; reason: string; record: StageRecord | undefined }
  | { kind: "whole"; record: StageRecord };

export class StageStore {
  readonly folder: string;
  readonly artifactDir: string;
  readonly workDir: string;

  /** @param runDir `out/<dataset>` */
  constructor(runDir: string, stage: string) {
    this.folder = `${runDir}/${stage}`;
    this.artifactDir = `${this.folder}/artifact`;
    this.workDir = `${this.folder}/work`;
  }

  get #recordPath() {
    return `${this.folder}/record.json`;
  }
  get #nextPath() {
    return `${this.folder}/record.next.json`;
  }
  get #workKeyPath() {
    return `${this.folder}/work.key`;
  }
  get #tempDir() {
    return `${this.folder}/artifact.tmp-${Deno.pid}`;
  }
  get #oldDir() {
    return `${this.folder}/artifact.old`;
  }

  /** Ends a commit that was cut, and removes what killed runs left. The run's lock must be held. */
  async recover(): Promise<void> {
    if (!await exists(this.folder)) return;
    const left: string[] = [];
    for await (const entry of Deno.readDir(this.folder)) {
      if (entry.name.includes(".tmp-")) left.push(entry.name);
    }
    const next = await readRecord(this.#nextPath);
    if (next !== undefined) {
      const candidates = [
        ...left.filter((name) => name.startsWith("artifact.tmp-")).map((n) =>
          `${this.folder}/${n}`
        ),
        this.artifactDir,
      ];
      for (const candidate of candidates) {
        if (await describe(candidate, next) !== undefined) continue;
        await this.#change(candidate);
        break;
      }
    }
    if (!await exists(this.artifactDir) && await exists(this.#oldDir)) {
      await Deno.rename(this.#oldDir, this.artifactDir);
    }
    await remove(this.#nextPath);
    await remove(this.#oldDir);
    for (const name of left) await remove(`${this.folder}/${name}`);
  }

  /** Reads the record and compares the artifact with it, byte for byte. */
  async inspect(): Promise<StoredState> {
    if (!await exists(this.artifactDir)) return { kind: "none" };
    if (!await exists(this.#recordPath)) {
      return { kind: "broken", reason: "artifact has no record", record: undefined };
    }
    const record = await readRecord(this.#recordPath);
    if (record === undefined) {
      return { kind: "broken", reason: "record cannot be read", record: undefined };
    }
    const reason = await describe(this.artifactDir, record);
    return reason === undefined ? { kind: "whole", record } : { kind: "broken", reason, record };
  }

  /**
   * Prepares an empty artifact folder, and `work/` for `key`: kept only where it is of this key and
   * not to be made `anew`.
   */
  async begin(key: string, anew = false): Promise<string> {
    await Deno.mkdir(this.folder, { recursive: true });
    const workKey = await Deno.readTextFile(this.#workKeyPath).catch(() => undefined);
    if (anew || workKey !== key) {
      await remove(this.#workKeyPath);
      await remove(this.workDir);
      await writeWhole(this.#workKeyPath, key);
    }
    await Deno.mkdir(this.workDir, { recursive: true });
    await remove(this.#tempDir);
    await Deno.mkdir(this.#tempDir);
    return this.#tempDir;
  }

  /** Puts the folder of {@link begin} and its record in the place of the old ones. */
  async commit(
    record: Omit<StageRecord, "artifact" | "files" | "format">,
  ): Promise<StageRecord> {
    const files = await digestFolder(this.#tempDir);
    const whole = recordSchema.parse({
      ...record,
      format: 1,
      artifact: digestValue(files),
      files,
    });
    await writeWhole(this.#nextPath, canonicalJson(whole));
    await this.#change(this.#tempDir);
    await remove(this.#oldDir);
    return whole;
  }

  /** Removes what {@link begin} prepared; what was there before stays. */
  async abandon(): Promise<void> {
    await remove(this.#tempDir);
  }

  /** Replaces the record of an artifact that stays. */
  async rewrite(record: StageRecord): Promise<void> {
    await writeWhole(this.#recordPath, canonicalJson(recordSchema.parse(record)));
  }

  async #change(from: string): Promise<void> {
    if (from !== this.artifactDir) {
      await remove(this.#oldDir);
      if (await exists(this.artifactDir)) await Deno.rename(this.artifactDir, this.#oldDir);
      await Deno.rename(from, this.artifactDir);
    }
    await Deno.rename(this.#nextPath, this.#recordPath);
  }
}

async function readRecord(path: string): Promise<StageRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch {
    // Whatever is wrong with it, the answer is the same: the stage is run again, and says so.
    return undefined;
  }
}

/** How the files in `folder` differ from the record, or undefined. */
async function describe(folder: string, record: StageRecord): Promise<string | undefined> {
  let found: FileDigests;
  try {
    found = await digestFolder(folder);
  } catch (error) {
    return `artifact cannot be read: ${(error as Error).message}`;
  }
  for (const [path, digest] of Object.entries(record.files)) {
    if (found[path] === undefined) return `artifact is corrupted: ${path} is missing`;
    if (found[path] !== digest) return `artifact is corrupted: ${path} changed`;
  }
  for (const path of Object.keys(found)) {
    if (record.files[path] === undefined) return `artifact is corrupted: ${path} does not belong`;
  }
  return digestValue(record.files) === record.artifact ? undefined : "record is corrupted";
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
