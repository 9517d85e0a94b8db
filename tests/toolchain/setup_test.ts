import assert from "node:assert/strict";
import { join } from "node:path";
import { ExitCode } from "../../base/errors.ts";
import { aptProgress } from "../../toolchain/apt.ts";
import { missingNpmPackages } from "../../toolchain/npm_packages.ts";
import { installCommand, packagesFor, TOOLS, toolsFor } from "../../toolchain/tools.ts";
import { sourceFiles } from "../../toolchain/tree.ts";

const ROOT = join(import.meta.dirname as string, "..", "..");

/** Runs set-up with only `programs` on `PATH`; each answers as if all of its files were there. */
async function setupWith(programs: readonly string[], task: string) {
  const folder = await Deno.makeTempDir({ prefix: "brownout-path-" });
  try {
    for (const name of programs) {
      const path = join(folder, name);
      await Deno.writeTextFile(path, "#!/bin/sh\necho /there/version 1.0\n");
      await Deno.chmod(path, 0o755);
    }
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", join(ROOT, "cli/setup.ts"), "--for", task],
      env: { PATH: folder, BROWNOUT_NO_APT: "1", NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("ensureSetup() names what is missing, why, and the exact command, and ends with 4", async () => {
  const there = toolsFor("test").map((tool) => tool.candidates[0] as string)
    .filter((name) => name !== "mspdebug" && name !== "clang-16");
  const { code, stdout, stderr } = await setupWith(there, "test");
  assert.equal(code, ExitCode.toolchain);
  assert.equal(stdout, "");
  assert.match(stderr, /clang is missing \(compiler for MSP430\)/);
  assert.match(stderr, /mspdebug is missing/);
  assert(stderr.includes(installCommand(["clang-16", "mspdebug"])), stderr);
  assert.doesNotMatch(stderr, /at .*\.ts:/);
});

Deno.test("ensureSetup() asks only for what the task needs", async () => {
  const { stderr } = await setupWith([], "explore");
  assert.match(stderr, /cmake is missing/);
  assert.doesNotMatch(stderr, /qemu|mspdebug|clang-format/);
});

Deno.test("toolsFor() knows for every tool a task, a package and a name to look for", () => {
  for (const tool of TOOLS) {
    assert(tool.tasks.length > 0 && tool.packages.length > 0 && tool.candidates.length > 0);
  }
  assert.deepEqual(toolsFor("all"), TOOLS);
  const packages = packagesFor(TOOLS);
  assert.deepEqual(packages, [...new Set(packages)].sort());
});

Deno.test("aptProgress() counts packages against what apt plans", () => {
  const progress = aptProgress();
  assert.equal(progress("Reading package lists..."), undefined);
  progress("1 upgraded, 1 newly installed, 0 to remove and 3 not upgraded.");
  assert.equal(
    progress("Get:1 http://host/debian bookworm/main amd64 mspdebug amd64 0.22-2+b3 [100 kB]"),
    "fetching 1 of 2: mspdebug",
  );
  progress("Unpacking readline (8.2) ...");
  assert.equal(progress("Unpacking mspdebug (0.22-2+b3) ..."), "unpacking 2 of 2: mspdebug");
  assert.equal(progress("Setting up readline (8.2) ..."), "setting up 1 of 2: readline");
});

Deno.test("missingNpmPackages() notices an absent package and another version", async () => {
  const root = await Deno.makeTempDir({ prefix: "brownout-npm-" });
  try {
    const imports = { a: "npm:a@1.0.0", b: "npm:@scope/b@2.0.0", c: "npm:c@3.0.0", d: "./d.ts" };
    await Deno.writeTextFile(join(root, "deno.json"), JSON.stringify({ imports }));
    for (const [name, version] of [["a", "1.0.0"], ["@scope/b", "2.0.1"]] as const) {
      await Deno.mkdir(join(root, "node_modules", name), { recursive: true });
      await Deno.writeTextFile(
        join(root, "node_modules", name, "package.json"),
        JSON.stringify({ version }),
      );
    }
    assert.deepEqual(await missingNpmPackages(root), ["@scope/b", "c"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("sourceFiles() leaves out what is generated or half-written", async () => {
  const root = await Deno.makeTempDir({ prefix: "brownout-tree-" });
  try {
    for (
      const path of ["b.ts", "a/c.ts", "out/x", "native/build/y", "node_modules/z", "d.tmp-12"]
    ) {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), "");
    }
    assert.deepEqual(await sourceFiles(root), ["a/c.ts", "b.ts"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
