/** Checksums by which published files are known. */
import { createHash } from "node:crypto";

export type ChecksumAlgorithm = "sha256" | "md5";

/** Hexadecimal checksum of bytes. */
export function checksum(bytes: Uint8Array, algorithm: ChecksumAlgorithm): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

/** Hexadecimal checksum of a file of any size; throws what Deno throws where it cannot be read. */
export async function fileChecksum(path: string, algorithm: ChecksumAlgorithm): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of (await Deno.open(path)).readable) hash.update(chunk);
  return hash.digest("hex");
}

/** A file that was read, as `provenance` lists it. */
export function fileRecord(
  name: string,
  bytes: Uint8Array,
): { name: string; bytes: number; sha256: string } {
  return { name, bytes: bytes.length, sha256: checksum(bytes, "sha256") };
}
