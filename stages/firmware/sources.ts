/** The C sources that an image is built from, copied so that the artifact builds on its own. */
import { basename, dirname, join } from "node:path";
import { sourceFiles } from "../../toolchain/tree.ts";

/** Folders and files of runtime-c that an image of `board` needs. */
export function sourcesOf(board: string, shares: readonly string[]): string[] {
  return [
    "core",
    "kernels",
    "apps",
    "ports/common",
    "ports/host",
    `ports/${board}`,
    ...shares.map((name) => `ports/${name}`),
    "sim/lea",
    "build.mk",
  ];
}

/** Copies the runtime to `<folder>/runtime-c`. */
export async function copyRuntime(
  root: string,
  board: { name: string; shares: readonly string[] },
  folder: string,
): Promise<void> {
  const from = join(root, "runtime-c");
  for (const source of sourcesOf(board.name, board.shares)) {
    const single = (await Deno.stat(join(from, source))).isFile;
    const paths = single ? [""] : await sourceFiles(join(from, source));
    for (const path of paths) {
      await copy(join(from, source, path), join(folder, "runtime-c", source, path));
    }
  }
}

/** Files of the dump that are compiled. */
const MODEL = ["model.c", "model.h", "platform.h", "nvm.bin"];

/** Copies the dumped model to `<folder>/model`. */
export async function copyModel(dump: string, folder: string): Promise<void> {
  for (const name of MODEL) await copy(join(dump, name), join(folder, "model", name));
}

/** Copies the user's application to `<folder>/application`; gives its name there. */
export async function copyApplication(path: string, folder: string): Promise<string> {
  const name = basename(path);
  await copy(path, join(folder, "application", name));
  return name;
}

/** Copies content alone: modes and times of the checkout are not part of an artifact. */
async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.writeFile(to, await Deno.readFile(from));
}
