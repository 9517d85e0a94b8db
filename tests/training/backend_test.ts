import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { ExitCode, UserError } from "../../base/errors.ts";
import { describeBackend, selectBackend } from "../../training/backend.ts";
import { chooseBackend } from "../../training/backend_choice.ts";

Deno.test("selectBackend() takes the best that runs here and says why the better ones do not", async () => {
  const backend = await selectBackend("auto");
  assert.equal(tf.getBackend(), backend.name);
  assert.equal(backend.name, "wasm");
  assert.deepEqual(backend.passed_over.map(({ name }) => name), ["tensorflow", "webgpu"]);
  const lines = describeBackend(backend).join("\n");
  for (const { name, reason } of backend.passed_over) {
    assert.match(lines, new RegExp(`${name} passed over: ${reason}`));
  }
});

for (const name of ["tensorflow", "webgpu"]) {
  Deno.test(`selectBackend() refuses ${name} by name where it is not set up`, async () => {
    await assert.rejects(selectBackend(name), (error: UserError) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exitCode, ExitCode.toolchain);
      assert.match(error.message, new RegExp(`training backend ${name} cannot be used`));
      return true;
    });
  });
}

Deno.test("the pure JavaScript backend is neither a choice nor registered", async () => {
  await assert.rejects(chooseBackend("cpu"), /no training backend called "cpu"/);
  await selectBackend("auto");
  assert.equal(tf.findBackendFactory("cpu"), null);
  assert.deepEqual(Object.keys(tf.engine().registryFactory), ["wasm"]);
  assert.deepEqual(tf.getKernelsForBackend("cpu"), []);
});

Deno.test("chooseBackend() names the nearest backend", async () => {
  await assert.rejects(chooseBackend("wasn"), /did you mean: wasm/);
});
