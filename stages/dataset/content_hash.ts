/** SHA-256 of large files, remembered by identity, size and times: a second run hashes nothing. */
import { z } from "zod";
import { writeWhole } from "../../base/files.ts";
import { digestFile, digestValue } from "../../pipeline/digest.ts";

/** A file changed so recently may change again without its times telling. */
const SETTLED_MS = 2_000;

const Memory = z.record(z.string(), z.strictObject({ mark: z.string(), sha256: z.string() }));

/**
 * One digest of the contents of `files`, by their names relative to one another; a file that is
 * absent counts as such.
 *
 * @param files absolute paths, in a fixed order
 * @param memoryFile where digests are remembered; it may be lost or damaged at any time
 */
export async function contentHash(files: readonly string[], memoryFile: string): Promise<string> {
  const memory = await recall(memoryFile);
  const digests: string[] = [];
  let learnt = false;
  for (const file of files) {
    const found = await Deno.stat(file).catch(() => undefined);
    if (found === undefined || !found.isFile) {
      digests.push("absent");
      continue;
    }
    const changed = Math.max(found.mtime?.getTime() ?? 0, found.ctime?.getTime() ?? 0);
    const mark = [found.dev, found.ino, found.size, found.mtime?.getTime(), found.ctime?.getTime()]
      .join(":");
    const known = memory[file];
    if (known?.mark === mark) {
      digests.push(known.sha256);
      continue;
    }
    const sha256 = await digestFile(file);
    digests.push(sha256);
    if (Date.now() - changed > SETTLED_MS) {
      memory[file] = { mark, sha256 };
      learnt = true;
    }
  }
  if (learnt) await writeWhole(memoryFile, JSON.stringify(memory));
  return digestValue(digests);
}

async function recall(memoryFile: string): Promise<z.infer<typeof Memory>> {
  try {
    return Memory.parse(JSON.parse(await Deno.readTextFile(memoryFile)));
  } catch {
    // It only saves time: what is not remembered is hashed again.
    return {};
  }
}
