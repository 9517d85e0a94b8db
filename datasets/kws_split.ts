/** Which part of Speech Commands a recording is of: by a hash of its name (Warden, arXiv:1804.03209). */
import { createHash } from "node:crypto";
import type { SplitName } from "./dataset.ts";

/** 2^27 - 1, the number of recordings per word that the published rule allows for. */
const MOST = 134_217_727;

/**
 * The published rule: the SHA-1 of the name up to `_nohash_`, so that all recordings of one speaker
 * lie in one split, and stay there when the set grows.
 *
 * @param file name with or without folder, e.g. `yes/0a7c2a8d_nohash_0.wav`
 */
export function officialSplit(
  file: string,
  validation_percent = 10,
  test_percent = 10,
): SplitName {
  const plain = file.slice(file.lastIndexOf("/") + 1).replace(/_nohash_.*$/, "");
  const hash = BigInt(`0x${createHash("sha1").update(plain).digest("hex")}`);
  const percent = Number(hash % BigInt(MOST + 1)) * (100 / MOST);
  if (percent < validation_percent) return "val";
  return percent < validation_percent + test_percent ? "test" : "train";
}

/** The speaker's id in a file name, or undefined where it has none (silence). */
export function speakerOf(file: string): string | undefined {
  return /(?:^|[/_])([0-9a-f]{8})_nohash_/.exec(file)?.[1];
}
