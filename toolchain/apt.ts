/** Installs Debian packages, where this process may. */
import { join } from "node:path";
import { onPath } from "./find.ts";
import { runJob } from "./job.ts";
import { installCommand } from "./tools.ts";

const ENVIRONMENT = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
const LOCK_WAIT = "DPkg::Lock::Timeout=300";

/** Path of `apt-get` where packages may be installed by us: as root, and not forbidden. */
export async function usableApt(): Promise<string | undefined> {
  if (Deno.uid() !== 0 || Deno.env.get("BROWNOUT_NO_APT") === "1") return undefined;
  return await onPath(["apt-get"]);
}

/**
 * Brings `packages` by one `update` and one `install`.
 *
 * @throws UserError (exit code 4) with the end of the log and the command to run by hand
 */
export async function installPackages(
  apt: string,
  packages: readonly string[],
  root: string,
): Promise<void> {
  const help = `run by hand: ${installCommand(packages)}`;
  const log = (name: string) => join(root, "build", "logs", `${name}.log`);
  await runJob({
    title: "fetching the list of Debian packages",
    command: [apt, "-o", LOCK_WAIT, "update"],
    cwd: root,
    env: ENVIRONMENT,
    log: log("apt-update"),
    help,
  });
  await runJob({
    title: `installing ${packages.join(" ")}`,
    command: [
      apt,
      "-o",
      LOCK_WAIT,
      "-o",
      "Dpkg::Use-Pty=0",
      "install",
      "-y",
      "--no-install-recommends",
      ...packages,
    ],
    cwd: root,
    env: ENVIRONMENT,
    log: log("apt-install"),
    progress: aptProgress(),
    help,
  });
}

/** Counts packages as apt fetches, unpacks and configures them. */
export function aptProgress(): (line: string) => string | undefined {
  let total = "?";
  let unpacked = 0;
  let configured = 0;
  return (line) => {
    const planned = line.match(/^(\d+) upgraded, (\d+) newly installed/);
    if (planned !== null) total = String(Number(planned[1]) + Number(planned[2]));
    const fetched = line.match(/^Get:(\d+) .* (\S+) (?:all|amd64|arm64) /);
    if (fetched !== null) return `fetching ${fetched[1]} of ${total}: ${fetched[2]}`;
    const step = line.match(/^(Unpacking|Setting up) (\S+)/);
    if (step === null) return line.startsWith("Need to get ") ? line : undefined;
    const count = step[1] === "Unpacking" ? ++unpacked : ++configured;
    return `${step[1]?.toLowerCase()} ${count} of ${total}: ${step[2]}`;
  };
}
