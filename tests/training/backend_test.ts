import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { ExitCode, UserError } from "../../base/errors.ts";
import { describeBackend, selectBackend } from "../../training/backend.ts";
import { backendNames, chooseBackend, isSoftware } from "../../training/backend_choice.ts";

Deno.test("selectBackend() takes the best that runs here and says why the better ones do not", async () => {
  const backend = await selectBackend("auto");
  assert.equal(tf.getBackend(), backend.name);
  const better = backendNames.slice(0, backendNames.indexOf(backend.name));
  assert.deepEqual(backend.passed_over.map(({ name }) => name), better);
  const lines = describeBackend(backend).join("\n");
  for (const { name, reason } of backend.passed_over) {
    assert.ok(lines.includes(`${name} passed over: ${reason}`));
    assert.match(reason, /bring/, "it must say what would bring it");
  }
});

Deno.test("selectBackend() refuses by name each backend that is not there", async () => {
  for (const name of backendNames) {
    const obstacle = await chooseBackend(name).then(() => undefined, (error: unknown) => error);
    if (obstacle === undefined) continue;
    await assert.rejects(selectBackend(name), (error: UserError) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exitCode, ExitCode.toolchain);
      assert.match(error.message, new RegExp(`training backend ${name} cannot be used`));
      return true;
    });
  }
});

Deno.test("chooseBackend() never takes a software adapter by itself", async () => {
  const { name, passed_over } = await chooseBackend("auto");
  assert.notEqual(name, "webgpu-software");
  assert.ok(passed_over.every((other) => other.name !== "webgpu-software"));
});

Deno.test("isSoftware() tells processors in disguise from GPUs", () => {
  const adapter = (description: string, isFallbackAdapter = false) => ({
    description,
    isFallbackAdapter,
  });
  for (const name of ["llvmpipe (LLVM 15.0.6, 256 bits)", "SwiftShader Device"]) {
    assert.equal(isSoftware(adapter(name)), true);
  }
  assert.equal(isSoftware(adapter("NVIDIA H200")), false);
  assert.equal(isSoftware(adapter("something", true)), true);
});

Deno.test("the pure JavaScript backend is neither a choice nor registered", async () => {
  await assert.rejects(chooseBackend("cpu"), /no training backend called "cpu"/);
  await selectBackend("wasm");
  assert.equal(tf.findBackendFactory("cpu"), null);
  assert.deepEqual(tf.getKernelsForBackend("cpu"), []);
});

Deno.test("chooseBackend() names the nearest backend", async () => {
  await assert.rejects(chooseBackend("wasn"), /did you mean: wasm/);
});
