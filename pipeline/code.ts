/** Which code a stage's result depends on: its own transitive local imports and its sources. */
import { fileURLToPath } from "node:url";
import { relative } from "./paths.ts";
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

/** A file named relative to its module: a worker, a WebAssembly binary, a table. */
const COMPANION = /(?:new URL|import\.meta\.resolve)\(\s*["'](\.{1,2}\/[^"'*]+)["']/g;
const MODULE = /\.(?:ts|js|mjs|mts)$/;

/**
 * Digests the local modules that each of `modules` runs, itself included, and the files that these
 * name by `new URL("./…", import.meta.url)` or `import.meta.resolve("./…")`, workers with their own
 * imports. Imports of types alone do not count, packages count through the lock file.
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
  const edges = await localEdges(modules, root, cacheDir);
  const digests = new Map<string, string>();
  const result = new Map<string, FileDigests>();
  for (const url of modules) {
    const reached = new Set<string>();
    const visit = (specifier: string) => {
      if (reached.has(specifier)) return;
      reached.add(specifier);
      edges.get(specifier)?.forEach(visit);
    };
    visit(url);
    const files: [string, string][] = [];
    for (const specifier of reached) {
      const path = fileURLToPath(specifier);
      const digest = digests.get(path) ?? await digestFile(path);
      digests.set(path, digest);
      files.push([relative(root, path), digest]);
    }
    result.set(url, Object.fromEntries(files.sort(([a], [b]) => a < b ? -1 : 1)));
  }
  return result;
}

/** For every local module that is reached, the local files that it uses. */
async function localEdges(
  modules: readonly string[],
  root: string,
  cacheDir: string,
): Promise<Map<string, string[]>> {
  const roots = new Set(modules);
  for (;;) {
    const before = roots.size;
    const { modules: found, redirects } = await moduleGraph([...roots], root, cacheDir);
    const edges = new Map<string, string[]>();
    for (const { specifier, error, dependencies } of found) {
      if (!specifier.startsWith("file:")) continue;
      if (error !== undefined) {
        throw new Error(`imports of ${specifier} cannot be read: ${error}`);
      }
      const imports = (dependencies ?? []).flatMap(({ code }) => code?.specifier ?? [])
        .map((target) => redirects?.[target] ?? target)
        .filter((target) => target.startsWith("file:"));
      const companions = MODULE.test(specifier) ? await companionsOf(specifier) : [];
      for (const companion of companions) if (MODULE.test(companion)) roots.add(companion);
      edges.set(specifier, [...imports, ...companions]);
    }
    // Workers are roots of their own: with those just found, the graph may be larger.
    if (roots.size === before) return edges;
  }
}

async function companionsOf(specifier: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(specifier));
  const companions: string[] = [];
  for (const [, relativePath] of text.matchAll(COMPANION)) {
    const url = new URL(relativePath!, specifier);
    const info = await Deno.stat(url).catch(() => undefined);
    if (info?.isFile) companions.push(url.href);
  }
  return companions;
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
    const graph = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
    return { ...graph, modules: graph.modules.filter(({ local }) => local !== entry) };
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
