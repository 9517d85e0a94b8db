/** SHA-256 of texts, files and folders. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../base/files.ts";

export function digestText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Digest of a value by its canonical JSON. */
export function digestValue(value: unknown): string {
  return digestText(canonicalJson(value));
}

/** Digest of a file's bytes, read in pieces. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
    hash.update(buffer.subarray(0, read));
  }
  return hash.digest("hex");
}

/** Digest per file of a folder, by path relative to it with `/`, sorted. */
export type FileDigests = Record<string, string>;

/**
 * Digests all files below `folder`.
 *
 * @throws Error where it holds something that is neither file nor folder: a link would let the
 * content change unseen
 */
export async function digestFolder(folder: string): Promise<FileDigests> {
  const paths: string[] = [];
  const walk = async (relative: string) => {
    for await (const entry of Deno.readDir(relative ? `${folder}/${relative}` : folder)) {
      const path = relative ? `${relative}/${entry.name}` : entry.name;
      if (entry.isDirectory) await walk(path);
      else if (entry.isFile) paths.push(path);
      else throw new Error(`${folder}/${path} is neither file nor folder`);
    }
  };
  await walk("");
  const digests: FileDigests = {};
  for (const path of paths.sort()) digests[path] = await digestFile(`${folder}/${path}`);
  return digests;
}
