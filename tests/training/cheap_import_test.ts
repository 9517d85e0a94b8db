import assert from "node:assert/strict";

/** Whether TensorFlow.js has been loaded once these modules are. */
async function loadsTensorFlow(...modules: string[]): Promise<boolean> {
  const imports = modules.map((module) =>
    `await import(${JSON.stringify(new URL(`../../${module}`, import.meta.url).href)});`
  );
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `${imports.join("\n")}\nconsole.log("_tfGlobals" in globalThis);`],
    cwd: import.meta.dirname!,
    stderr: "inherit",
  }).output();
  assert.ok(success);
  return new TextDecoder().decode(stdout).trim() === "true";
}

Deno.test("naming the stages does not load TensorFlow.js: a cached run need not wait for it", async () => {
  assert.equal(await loadsTensorFlow("stages/search/run.ts", "stages/train/run.ts"), false);
});

Deno.test("the look for TensorFlow.js sees it where it is loaded", async () => {
  assert.equal(await loadsTensorFlow("training/forward.ts"), true);
});
