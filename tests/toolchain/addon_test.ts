import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { UserError } from "../../base/errors.ts";
import { ADDON, addonIsCurrent, buildAddon } from "../../toolchain/addon.ts";

const ROOT = join(import.meta.dirname as string, "..", "..");

const CMAKE = `cmake_minimum_required(VERSION 3.20)
project(answer LANGUAGES CXX)
add_library(brownout SHARED answer.cpp)
set_target_properties(brownout PROPERTIES PREFIX "" SUFFIX ".node")
target_include_directories(brownout PRIVATE \${CMAKE_JS_INC} ../runtime-c/core)
target_compile_definitions(brownout PRIVATE NAPI_VERSION=8)
`;
const source = (answer: string) =>
  `#include <node_api.h>
#include "answer.h"
extern "C" napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value answer;
  napi_create_int32(env, ${answer}, &answer);
  napi_set_named_property(env, exports, "answer", answer);
  return exports;
}
`;

/** A checkout with an addon of one number; its build knows no home folder to keep headers in. */
async function withCheckout(use: (root: string) => Promise<void>) {
  const root = await Deno.makeTempDir({ prefix: "brownout-addon-" });
  try {
    await Deno.copyFile(join(ROOT, "deno.json"), join(root, "deno.json"));
    await Deno.copyFile(join(ROOT, "deno.lock"), join(root, "deno.lock"));
    await Deno.symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
    await Deno.mkdir(join(root, "native"));
    await Deno.mkdir(join(root, "runtime-c/core"), { recursive: true });
    await Deno.mkdir(join(root, "runtime-c/kernels"));
    await Deno.writeTextFile(join(root, "runtime-c/core/answer.h"), "enum { ANSWER = 42 };\n");
    await Deno.writeTextFile(join(root, "native/CMakeLists.txt"), CMAKE);
    await Deno.writeTextFile(join(root, "native/answer.cpp"), source("ANSWER"));
    const manifest = { name: "answer", private: true, binary: { napi_versions: [8] } };
    await Deno.writeTextFile(join(root, "native/package.json"), JSON.stringify(manifest));
    await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("buildAddon() builds what loads, and addonIsCurrent() sees every change", async () => {
  await withCheckout(async (root) => {
    assert.equal(await addonIsCurrent(root), false);
    await buildAddon(root);
    assert.equal(await addonIsCurrent(root), true);
    const addon = createRequire(import.meta.url)(join(root, ADDON)) as { answer: number };
    assert.equal(addon.answer, 42);

    await Deno.writeTextFile(join(root, "runtime-c/core/answer.h"), "enum { ANSWER = 43 };\n");
    assert.equal(await addonIsCurrent(root), false, "a header of the runtime changed");
    await Deno.writeTextFile(join(root, "runtime-c/core/answer.h"), "enum { ANSWER = 42 };\n");
    assert.equal(await addonIsCurrent(root), true);
    await Deno.writeTextFile(join(root, "runtime-c/kernels/dot.c"), "\n");
    assert.equal(await addonIsCurrent(root), false, "a kernel of the runtime came");

    await Deno.writeTextFile(join(root, "native/answer.cpp"), source("no_such_name"));
    await assert.rejects(buildAddon(root), (error: unknown) => {
      assert(error instanceof UserError);
      assert.equal(error.exitCode, 4);
      assert.match(error.message, /no_such_name/);
      return true;
    });
    assert.equal(await addonIsCurrent(root), false, "the old addon is not that of these sources");
  });
});
