/** Which code a stage's result depends on: its own transitive local imports and its sources. */
import { fromFileUrl, relative } from "./paths.ts";
import { writeWhole } from "../base/files.ts";
import { digestFile, digestFolder, type FileDigests } from "./digest.ts";

interface ModuleGraph {
  modules: {
    specifier: string;
    local?: string;
    error?: string;
    dependencies?: { specifier: string; code?: { specifier?: string; error?: string } }[];
  }[];
  redirects?: Record<string, string>;
}

/**
 * Digests the local modules that each of `modules` runs, itself included. Imports of types alone do
 * not count, packages count through the lock file.
 *
 * @param modules URLs (`import.meta.url`)
 * @param cacheDir a folder for a temporary file
 * @returns per URL, digest per path relative to `root`
 */
export async function digestImports(
  modules: readonly string[],
  root: string,
  cacheDir: string,
): Promise<Map<string, FileDigests>> {
  const graph = await moduleGraph(modules, root, cacheDir);
  const byUrl = new Map(graph.modules.map((module) => [module.specifier, module]));
  const digests = new Map<string, string>();
  const result = new Map<string, FileDigests>();
  for (const url of modules) {
    const reached = new Set<string>();
    const visit = (specifier: string) => {
      const target = graph.redirects?.[specifier] ?? specifier;
      if (!target.startsWith("file:") || reached.has(target)) return;
      const module = byUrl.get(target);
      if (module?.error !== undefined) {
        throw new Error(`imports of ${target} cannot be read: ${module.error}`);
      }
      reached.add(target);
      for (const { code } of module?.dependencies ?? []) {
        if (code?.specifier !== undefined) visit(code.specifier);
      }
    };
    visit(url);
    const files: [string, string][] = [];
    for (const specifier of reached) {
      const path = fromFileUrl(specifier);
      const digest = digests.get(path) ?? await digestFile(path);
      digests.set(path, digest);
      files.push([relative(root, path), digest]);
    }
    result.set(url, Object.fromEntries(files.sort(([a], [b]) => a < b ? -1 : 1)));
  }
  return result;
}

async function moduleGraph(
  modules: readonly string[],
  root: string,
  cacheDir: string,
): Promise<ModuleGraph> {
  const entry = `${cacheDir}/stages-${Deno.pid}.ts`;
  await writeWhole(entry, modules.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
  try {
    const config = await exists(`${root}/deno.json`) ? ["--config", `${root}/deno.json`] : [];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-lock", ...config, entry],
      cwd: root,
      stdin: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
  } finally {
    await Deno.remove(entry).catch(() => {});
  }
}

/** Digests files and folders that a stage depends on beside its imports; `"absent"` where missing. */
export async function digestSources(paths: readonly string[], root: string): Promise<FileDigests> {
  const digests: FileDigests = {};
  for (const path of [...new Set(paths)].sort()) {
    const info = await Deno.stat(`${root}/${path}`).catch(() => undefined);
    if (info === undefined) digests[path] = "absent";
    else if (info.isDirectory) {
      for (const [file, digest] of Object.entries(await digestFolder(`${root}/${path}`))) {
        digests[`${path.replace(/\/$/, "")}/${file}`] = digest;
      }
    } else digests[path] = await digestFile(`${root}/${path}`);
  }
  return digests;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
