import { type BackendName, chooseBackend } from "../../training/backend_choice.ts";
import { conform } from "./conformance.ts";

/** A software adapter takes seconds per case. */
const EFFORT = { probes: 1, epochs: 1 };

const found: BackendName[] = [];
for (const name of ["webgpu", "webgpu-software"] as const) {
  await chooseBackend(name).then(() => found.push(name), () => {});
}
if (found.length > 0) {
  const backend = found[0]!;
  const tests = backend === "webgpu" ? conform(backend) : conform(backend, EFFORT);
  for (const test of tests) Deno.test(test);
} else {
  console.error("SKIPPED: conformance of webgpu. No adapter; mesa-vulkan-drivers brings one");
  Deno.test({ name: "webgpu: conformance", ignore: true, fn: () => {} });
}
