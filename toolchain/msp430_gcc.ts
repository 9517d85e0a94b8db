/** GCC for MSP430: found where it is, built once from Debian's sources where it is asked for. */
import { join } from "node:path";
import { ExitCode, UserError } from "../base/errors.ts";
import { installPackages, usableApt } from "./apt.ts";
import { onPath } from "./find.ts";
import { runJob } from "./job.ts";
import { say } from "./screen.ts";
import { installCommand } from "./tools.ts";

/** What the recipe (msp430_gcc.sh) needs. */
export const MSP430_GCC_PACKAGES: readonly string[] = [
  "binutils-source",
  "bison",
  "build-essential",
  "flex",
  "gcc-12-source",
  "libgmp-dev",
  "libmpc-dev",
  "libmpfr-dev",
  "patch",
  "xz-utils",
];

/** Absolute paths, as make variables of runtime-c/ports/msp430fr5994/chip.mk. */
export interface Msp430Gcc {
  CC: string;
  OBJCOPY: string;
  SIZE: string;
}

/**
 * The checkout's own build first, then `PATH`; undefined where a part of it is missing, or where
 * `BROWNOUT_MSP430_GCC` is `none`, which leaves MSP430 to clang.
 */
export async function locateMsp430Gcc(root: string): Promise<Msp430Gcc | undefined> {
  if (Deno.env.get("BROWNOUT_MSP430_GCC") === "none") return undefined;
  const find = async (name: string) => {
    const own = join(placeOf(root), "bin", `msp430-elf-${name}`);
    const status = await Deno.stat(own).catch(() => undefined);
    return status?.isFile ? own : await onPath([`msp430-elf-${name}`]);
  };
  const [CC, OBJCOPY, SIZE] = await Promise.all(["gcc", "objcopy", "size"].map(find));
  return CC && OBJCOPY && SIZE ? { CC, OBJCOPY, SIZE } : undefined;
}

/** Its version line, e.g. for a cache key. */
export async function msp430GccVersion({ CC }: Msp430Gcc): Promise<string> {
  const command = new Deno.Command(CC, { args: ["--version"], stdin: "null", stderr: "null" });
  return new TextDecoder().decode((await command.output()).stdout).split("\n")[0]!.trim();
}

/**
 * Builds it in `build/msp430-gcc`, where it stays; some ten minutes on two cores, once.
 * Interrupted, it goes on where it stopped.
 * @throws UserError (exit code 4) where packages are missing, or the build fails
 */
export async function ensureMsp430Gcc(root: string): Promise<void> {
  const there = await locateMsp430Gcc(root);
  if (there !== undefined) {
    say(`msp430-elf-gcc ${there.CC}: ${await msp430GccVersion(there)}`);
    return;
  }
  const help = installCommand(MSP430_GCC_PACKAGES);
  const apt = await usableApt();
  if (apt !== undefined) await installPackages(apt, MSP430_GCC_PACKAGES, root);
  else if (!await Deno.stat("/usr/src/gcc-12").then(() => true, () => false)) {
    throw new UserError({
      message: "the sources of GCC are missing (Debian packages binutils-source, gcc-12-source)",
      help: `install with: ${help}`,
    }, ExitCode.toolchain);
  }
  const work = join(root, "build", "msp430-gcc", "work");
  const jobs = String(Math.max(1, navigator.hardwareConcurrency));
  await runJob({
    title: "building GCC 12 for msp430-elf from Debian's sources; once",
    command: ["sh", join(root, "toolchain/msp430_gcc.sh"), placeOf(root), work, jobs],
    cwd: root,
    log: join(root, "build", "logs", "msp430-gcc.log"),
    progress: (line) => line.startsWith("STEP ") ? line.slice(5) : undefined,
    help: "the next call goes on where this one stopped",
  });
  await Deno.remove(work, { recursive: true });
}

function placeOf(root: string): string {
  return join(root, "build", "msp430-gcc", "tree");
}
