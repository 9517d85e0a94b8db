import assert from "node:assert/strict";
import { ROOT } from "../../cli/root.ts";
import { digestImports } from "../../pipeline/code.ts";
import { loadConfiguration } from "../../pipeline/config.ts";
import { ownReasons } from "../../pipeline/fingerprint.ts";
import { parseSet } from "../../pipeline/overrides.ts";
import { registry } from "../../cli/registry.ts";

const text = await Deno.readTextFile(`${ROOT}/pipeline.yaml`);

function parametersWith(...sets: string[]): Map<string, unknown> {
  const { stages } = loadConfiguration(text, "pipeline.yaml", registry, sets.map(parseSet));
  return new Map(stages.map(({ name, parameters }) => [name, parameters]));
}

Deno.test("pipeline.yaml is accepted, with every preset, and names all stages", () => {
  assert.deepEqual([...parametersWith().keys()].sort(), [
    "dataset",
    "dump",
    "explore",
    "firmware",
    "quantize",
    "search",
    "train",
    "verify",
  ]);
});

Deno.test("pipeline.yaml makes a board's capacitor a parameter of the stages that speak of boards", () => {
  const before = parametersWith();
  const now = parametersWith("platforms.msp430fr5994-fram.capacitance_F=0.001");
  const facts = { stage: "", code: {}, sources: {}, lock: "", tools: {} };
  const changed = [...now].filter(([name, parameters]) => {
    const old = { ...facts, parameters: before.get(name) };
    const reasons = ownReasons(old, { ...facts, parameters });
    return reasons.join().startsWith("parameter platforms.msp430fr5994-fram.capacitance_F 0.005");
  });
  assert.deepEqual(changed.map(([name]) => name).sort(), [
    "dump",
    "explore",
    "firmware",
    "search",
    "verify",
  ]);
});

interface Graph {
  modules: {
    specifier: string;
    dependencies?: { isDynamic?: boolean; code?: { specifier?: string } }[];
  }[];
}

/** What is loaded by importing `specifier`, without what is imported only once it is needed. */
function loadedBy(graph: Graph, specifier: string): Set<string> {
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const visit = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { isDynamic, code } of modules.get(name)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier) visit(code.specifier);
    }
  };
  visit(specifier);
  return loaded;
}

async function heavyImports(file: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", file],
    cwd: ROOT,
  }).output();
  const graph = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const loaded = loadedBy(graph, new URL(`file://${ROOT}/${file}`).href);
  return [...loaded].filter((name) =>
    /@tensorflow|\/training\/tensorflow|\/native\/addon\.ts|cmake-js|\/training\/fit\.ts/.test(name)
  );
}

Deno.test("registry loads neither tfjs nor the addon, so that planning is quick and needs no set-up", async () => {
  assert.deepEqual(await heavyImports("cli/registry.ts"), []);
  // The search is able to find them.
  for (const file of ["training/fit.ts", "native/mod.ts"]) {
    assert.notDeepEqual(await heavyImports(file), []);
  }
});

Deno.test("digestImports() reads the imports of every stage", async () => {
  const cacheDir = await Deno.makeTempDir();
  const modules = registry.stages.map(({ module }) => module);
  const digests = await digestImports(modules, ROOT, cacheDir);
  assert.deepEqual([...digests.keys()], modules);
  for (const files of digests.values()) assert.ok(Object.keys(files).length > 5);
  await Deno.remove(cacheDir, { recursive: true });
});
