/**
 * Starts TensorFlow through the binding that `deno task setup --tensorflow` compiled. Of
 * `@tensorflow/tfjs-node-gpu` only the kernels and their backend are loaded: its entry module would look
 * for a binding of its own and bring a second TensorFlow.js.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { THREADS_VARIABLE } from "../toolchain/tensorflow_binding.ts";
import { readTensorflow } from "../toolchain/tensorflow_place.ts";
import { registerTensorflowKernels, type TensorflowBackend } from "./tensorflow_kernels.ts";

/**
 * Threads of one operation where a network has the machine to itself, whatever cores there are: where
 * TensorFlow splits a sum among its threads, their number decides how it rounds.
 */
const THREADS = 8;

interface Binding {
  readonly TF_Version: string;
}

/**
 * @param threads of one operation; 1 where this thread is one of several that compute side by side
 * @returns TensorFlow's version, and whether it computes on a GPU
 */
export async function startTensorflow(
  place: string,
  threads = THREADS,
): Promise<{ version: string; gpu: boolean }> {
  const record = await readTensorflow(place);
  if (record === undefined) throw new Error(`TensorFlow is not set up in ${place}`);
  // What only its developers need stays off the terminal, but for a line or two while it is loaded.
  setDefault("TF_CPP_MIN_LOG_LEVEL", "2");
  setDefault("TF_ENABLE_ONEDNN_OPTS", "1");
  // For the same bytes every time: a fixed number of threads, which are no other context's; no sums in
  // random order on a GPU, and no shortened factors there.
  Deno.env.set(THREADS_VARIABLE, String(threads));
  Deno.env.set("TF_OVERRIDE_GLOBAL_THREADPOOL", "1");
  Deno.env.set("TF_DETERMINISTIC_OPS", "1");
  Deno.env.set("NVIDIA_TF32_OVERRIDE", "0");
  // Node.js 23 took this away, the package still calls it.
  const utilities = util as unknown as Record<string, unknown>;
  utilities["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  // Not called `require`: deno would take what it loads for imports of this file.
  const packaged = createRequire(join(place, record.package, "package.json"));
  quietly(() => packaged("./dist/register_all_kernels"));
  const { NodeJSKernelBackend } = packaged("./dist/nodejs_kernel_backend");
  const module = { exports: {} as Binding };
  process.dlopen(module, join(place, record.binding));
  let backend: TensorflowBackend | undefined;
  tf.registerBackend("tensorflow", () => {
    // Called by this name the package does not warn where there is no GPU: we say it ourselves.
    backend = new NodeJSKernelBackend(module.exports, "@tensorflow/tfjs-node");
    return backend as unknown as tf.KernelBackend;
  });
  if (!await tf.setBackend("tensorflow") || backend === undefined) {
    throw new Error("TensorFlow did not start");
  }
  registerTensorflowKernels(backend);
  return { version: module.exports.TF_Version, gpu: backend.isUsingGpuDevice };
}

function setDefault(name: string, value: string): void {
  if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
}

/** Without the notice that the platform was set twice. */
function quietly(action: () => void): void {
  const warn = console.warn;
  console.warn = () => {};
  try {
    action();
  } finally {
    console.warn = warn;
  }
}
