/** Starts TensorFlow.js' WebGPU backend on the adapter that Deno finds. */
import * as tf from "@tensorflow/tfjs-core";
import { adapterInfo, isSoftware } from "./backend_choice.ts";
import { registerWebgpuGradients } from "./webgpu_gradients.ts";

export async function startWebgpu() {
  await import("@tensorflow/tfjs-backend-webgpu");
  registerWebgpuGradients();
  // Small tensors would be handed to a processor backend, which is not there.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  if (!await tf.setBackend("webgpu")) throw new Error("the WebGPU backend did not start");
  await tf.ready();
  const info = await adapterInfo();
  return {
    description: `WebGPU on ${info?.description || info?.vendor || "an unnamed adapter"}` +
      (info !== undefined && isSoftware(info) ? ", in software" : ""),
    determinism: "the same data, options and seed give the same bytes on the same adapter and " +
      "driver; others may round otherwise",
  };
}
