/** Brings what the machine lacks for a task: npm packages, compilers and simulators, the addon. */
import { join } from "node:path";
import { addonIsCurrent, buildAddon } from "./addon.ts";
import { installPackages, usableApt } from "./apt.ts";
import { libraryLine, locate, missing, missingTools, versionLine } from "./find.ts";
import { installNpmPackages, missingNpmPackages } from "./npm_packages.ts";
import { say } from "./screen.ts";
import { packagesFor, type Task, toolsFor } from "./tools.ts";

const NAME_WIDTH = 22;

export interface SetupRequest {
  /** Root of the checkout. */
  readonly root: string;
  /** Say nothing where nothing is missing; otherwise list the tools and their versions at the end. */
  readonly quiet: boolean;
  /** What the user is about to do: only its needs are looked at. */
  readonly for: Task | "all";
  /** Also bring TensorFlow, the fastest training backend; its libraries weigh 1 GB. */
  readonly tensorflow?: boolean;
  /** Also build GCC for MSP430 from Debian's sources; it is used instead of clang from then on. */
  readonly msp430Gcc?: boolean;
}

/**
 * Makes the machine ready for a task; says on standard error what it brings, and why.
 *
 * Compilers and simulators are installed by apt where this process is root and `BROWNOUT_NO_APT` is
 * not 1. Where another process is at it, waits for that one. Interrupted, it is simply run again.
 *
 * @throws UserError (exit code 4) with the exact command, where it may not install
 */
export async function ensureSetup(request: SetupRequest): Promise<void> {
  if (!await isReady(request)) {
    using _lock = await acquireLock(request.root);
    // Another process may have brought everything while this one waited.
    await bring(request);
  }
  if (request.tensorflow) {
    const { ensureTensorflow } = await import("./tensorflow.ts");
    using _lock = await acquireLock(request.root);
    await ensureTensorflow({ root: request.root, given: Deno.env.get("TENSORFLOW_DIR") });
  }
  if (request.msp430Gcc) {
    const { ensureMsp430Gcc } = await import("./msp430_gcc.ts");
    // It takes long and touches nothing that another run waits for.
    using _lock = await acquireLock(request.root, "msp430-gcc.lock");
    await ensureMsp430Gcc(request.root);
  }
  if (!request.quiet) await tell(request);
}

async function isReady(request: SetupRequest): Promise<boolean> {
  const lacking = await missing(toolsFor(request.for));
  // What can be done without is brought where packages may be installed, and asked for nowhere.
  if (lacking.some((tool) => tool.fallback === undefined)) return false;
  if (lacking.length > 0 && await usableApt() !== undefined) return false;
  if ((await missingNpmPackages(request.root)).length > 0) return false;
  return await addonIsCurrent(request.root);
}

async function bring({ root, for: task }: SetupRequest): Promise<void> {
  const tools = await missing(toolsFor(task));
  if (tools.length > 0) {
    const apt = await usableApt();
    const needed = tools.filter((tool) => tool.fallback === undefined);
    if (apt === undefined && needed.length > 0) throw missingTools(needed);
    if (apt === undefined) return await bringRest(root);
    say("this machine lacks:");
    for (const tool of tools) say(`  ${tool.name.padEnd(NAME_WIDTH)} ${tool.purpose}`);
    await installPackages(apt, packagesFor(tools), root);
    const still = await missing(needed);
    if (still.length > 0) throw missingTools(still);
  }
  await bringRest(root);
}

async function bringRest(root: string): Promise<void> {
  const names = await missingNpmPackages(root);
  if (names.length > 0) await installNpmPackages(root, names);
  if (!await addonIsCurrent(root)) await buildAddon(root);
}

async function tell({ for: task }: SetupRequest): Promise<void> {
  for (const tool of toolsFor(task)) {
    if (tool.fallback !== undefined && await locate(tool) === undefined) {
      say(`${tool.name.padEnd(NAME_WIDTH)} missing: ${tool.fallback} (${tool.packages.join(" ")})`);
      continue;
    }
    const version = tool.fallback === undefined
      ? await versionLine(tool.name)
      : await libraryLine(tool.name);
    say(`${tool.name.padEnd(NAME_WIDTH)} ${await locate(tool)}: ${version}`);
  }
}

/** The lock is the operating system's: it ends with its process, so that none is ever stale. */
async function acquireLock(root: string, name = "setup.lock"): Promise<Deno.FsFile> {
  await Deno.mkdir(join(root, "build"), { recursive: true });
  const path = join(root, "build", name);
  const file = await Deno.open(path, { create: true, read: true, write: true });
  if (!await file.tryLock(true)) {
    say("another process is setting up this checkout; waiting for it");
    await file.lock(true);
  }
  return file;
}
