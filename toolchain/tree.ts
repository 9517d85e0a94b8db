/** The files of the checkout that are written by hand: nothing generated, nothing installed. */
import { join } from "node:path";

const GENERATED = new Set(["node_modules", "build", "out", ".git"]);

/**
 * Paths of all files below `folder`, relative to it with `/`, sorted; links are not followed.
 * Folders named `build`, `out`, `node_modules` and `.git` are left out.
 */
export async function sourceFiles(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (relative: string) => {
    for await (const entry of Deno.readDir(join(folder, relative))) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory && !GENERATED.has(entry.name)) await walk(path);
      else if (entry.isFile && !/\.tmp-\d+$/.test(entry.name)) paths.push(path);
    }
  };
  await walk("");
  return paths.sort();
}
