/** Starts TensorFlow.js' WebAssembly backend. */
import * as tf from "@tensorflow/tfjs-core";
import { getThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { registerWasmGradients } from "./wasm_gradients.ts";
import { registerNarrowConvs } from "./wasm_narrow_conv.ts";

export async function startWasm() {
  const module = import.meta.resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(decodeURIComponent(new URL(".", module).pathname));
  registerWasmGradients();
  registerNarrowConvs();
  if (!await tf.setBackend("wasm")) throw new Error("the WebAssembly backend did not start");
  await tf.ready();
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  const threads = getThreadsCount();
  return {
    description: `WebAssembly ${simd ? "with" : "without"} SIMD, ` +
      (threads === 1
        ? "one thread for each part of a batch, since TensorFlow.js has no threads in Deno"
        : `${threads} threads`),
    determinism: "the same data, options and seed give the same bytes on this backend",
  };
}
