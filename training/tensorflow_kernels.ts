/** Kernels of the TensorFlow backend that call one of its operations where the package calls several. */
import * as tf from "@tensorflow/tfjs-core";
import { depthwiseFilterGradient } from "./wasm_gradients.ts";

/** What is used of the package's backend class. */
export interface TensorflowBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number };
  executeSingleOutput(operation: string, attributes: object[], inputs: tf.Tensor[]): tf.Tensor;
}

/** Gradient through a ReLU: inputs `dy` and `y`, the ReLU's output. */
export const RELU_GRADIENT = "ReluGradient";

export function registerTensorflowKernels(backend: TensorflowBackend): void {
  const { TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
  const type = [{ name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT }];
  tf.registerKernel({
    kernelName: RELU_GRADIENT,
    backendName: "tensorflow",
    kernelFunc: ({ inputs }) =>
      backend.executeSingleOutput("ReluGrad", type, [
        inputs["dy"] as tf.Tensor,
        inputs["y"] as tf.Tensor,
      ]),
  });
  if (!backend.isUsingGpuDevice) return;
  // On a GPU TensorFlow has no such kernel that repeats itself, and refuses instead.
  tf.unregisterKernel(tf.DepthwiseConv2dNativeBackpropFilter, "tensorflow");
  tf.registerKernel({
    kernelName: tf.DepthwiseConv2dNativeBackpropFilter,
    backendName: "tensorflow",
    kernelFunc: depthwiseFilterGradient as unknown as tf.KernelFunc,
  });
}
