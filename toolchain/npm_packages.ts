/** The npm packages that `deno.json` names: present in `node_modules`, in the version asked for. */
import { join } from "node:path";
import { runJob } from "./job.ts";

/** The `npm:` packages of `deno.json` whose version in `node_modules` is another or none. */
export async function missingNpmPackages(root: string): Promise<string[]> {
  const config = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    imports: Record<string, string>;
  };
  const wanted = Object.values(config.imports).flatMap((specifier) => {
    const match = specifier.match(/^npm:(.+)@([^@/]+)$/);
    return match === null ? [] : [{ name: match[1] as string, version: match[2] as string }];
  });
  const present = await Promise.all(wanted.map(async ({ name, version }) => {
    const path = join(root, "node_modules", name, "package.json");
    const text = await Deno.readTextFile(path).catch(() => "{}");
    return (JSON.parse(text) as { version?: string }).version === version;
  }));
  return wanted.filter((_, index) => !present[index]).map(({ name }) => name);
}

/** Installs what the lock file names; no package's own script is run. */
export async function installNpmPackages(root: string, names: readonly string[]): Promise<void> {
  const shown = names.length > 4 ? `${names.slice(0, 4).join(", ")}, ...` : names.join(", ");
  await runJob({
    title: `installing npm packages (${names.length} missing: ${shown})`,
    command: [Deno.execPath(), "install"],
    cwd: root,
    env: { NO_COLOR: "1" },
    log: join(root, "build", "logs", "npm.log"),
    help: "run by hand: deno install",
  });
}
