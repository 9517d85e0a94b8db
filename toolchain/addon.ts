/** The explorer's addon: built by cmake-js from `native/`, again only when something in it changed. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ExitCode, UserError } from "../base/errors.ts";
import { writeWhole } from "../base/files.ts";
import { versionLine } from "./find.ts";
import { runJob } from "./job.ts";
import { sourceFiles } from "./tree.ts";

/** Packages whose headers and build rules go into the addon. */
const BUILD_PACKAGES = ["cmake-js", "node-addon-api", "node-api-headers"];
/** Folders whose files the addon is compiled from. */
const SOURCE_FOLDERS = ["native", "runtime-c/core", "runtime-c/kernels"];

/** Where the addon lies, relative to the root. */
export const ADDON = "native/build/Release/brownout.node";
const STAMP = "native/build/Release/brownout.node.sha256";

/** True where the addon was built from what lies in the tree now, by the compiler found now. */
export async function addonIsCurrent(root: string): Promise<boolean> {
  const [built, stamp] = await Promise.all([
    Deno.stat(join(root, ADDON)).then((status) => status.isFile, () => false),
    Deno.readTextFile(join(root, STAMP)).catch(() => ""),
  ]);
  return built && stamp === await addonDigest(root) + "\n";
}

/**
 * Builds the addon without any download.
 *
 * @throws UserError (exit code 4) with the end of the compiler's output
 */
export async function buildAddon(root: string): Promise<void> {
  const digest = await addonDigest(root);
  // Without a stamp a half-linked addon is never taken for a whole one.
  await Deno.remove(join(root, STAMP)).catch(ignoreNotFound);
  await dropForeignBuild(root);
  await runJob({
    title: "building the explorer's addon (native/)",
    command: [
      Deno.execPath(),
      "run",
      "-A",
      join(root, "node_modules", "cmake-js", "bin", "cmake-js"),
      "compile",
      "-d",
      "native",
      "--parallel",
      String(navigator.hardwareConcurrency),
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
    log: join(root, "build", "logs", "addon.log"),
    progress: (line) => line.match(/^\[ *\d+(?:%|\/\d+)\].*/)?.[0],
    help: "a C++20 compiler, make and cmake are needed; the log holds the whole output",
  });
  const built = await Deno.stat(join(root, ADDON)).catch(() => undefined);
  if (built?.isFile !== true) {
    throw new UserError({
      message: "the build ended without an addon",
      location: { file: join(root, ADDON) },
    }, ExitCode.toolchain);
  }
  await writeWhole(join(root, STAMP), digest + "\n");
}

/** SHA-256 over sources, the packages' versions and the compiler's version line. */
async function addonDigest(root: string): Promise<string> {
  const hash = createHash("sha256");
  const config = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    imports: Record<string, string>;
  };
  for (const name of BUILD_PACKAGES) hash.update(`${name}=${config.imports[name]}\n`);
  hash.update(`${await versionLine("c++")}\n`);
  for (const folder of SOURCE_FOLDERS) {
    for (const path of await sourceFiles(join(root, folder))) {
      const content = await Deno.readFile(join(root, folder, path));
      hash.update(`${folder}/${path} ${content.length}\n`).update(content);
    }
  }
  return hash.digest("hex");
}

/** CMake refuses a build folder that was configured elsewhere or for another generator. */
async function dropForeignBuild(root: string): Promise<void> {
  const folder = join(root, "native", "build");
  const cache = await Deno.readTextFile(join(folder, "CMakeCache.txt")).catch(() => undefined);
  if (cache === undefined) return;
  const value = (key: string) => cache.match(new RegExp(`^${key}:[A-Z]+=(.*)$`, "m"))?.[1];
  const home = value("CMAKE_HOME_DIRECTORY");
  const program = value("CMAKE_MAKE_PROGRAM");
  const usable = home === await Deno.realPath(join(root, "native")) &&
    program !== undefined && await Deno.stat(program).then(() => true, () => false);
  if (!usable) await Deno.remove(folder, { recursive: true });
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
