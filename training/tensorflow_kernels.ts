/** Kernels of the TensorFlow backend that call one of its operations where the package calls several. */
import * as tf from "@tensorflow/tfjs-core";
import { depthwiseFilterGradient } from "./wasm_gradients.ts";

/** What is used of the package's backend class. */
export interface TensorflowBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: {
    readonly TF_ATTR_TYPE: number;
    readonly TF_ATTR_STRING: number;
    readonly TF_ATTR_INT: number;
    readonly TF_FLOAT: number;
  };
  executeSingleOutput(operation: string, attributes: object[], inputs: tf.TensorInfo[]): tf.Tensor;
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
  if (!backend.isUsingGpuDevice) {
    registerFusedConv(backend);
    return;
  }
  // On a GPU TensorFlow has no such kernel that repeats itself, and refuses instead.
  replace(
    tf.DepthwiseConv2dNativeBackpropFilter,
    depthwiseFilterGradient as unknown as tf.KernelFunc,
  );
}

function replace(kernelName: string, kernelFunc: tf.KernelFunc): void {
  tf.unregisterKernel(kernelName, "tensorflow");
  tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc });
}

/** oneDNN's convolution with bias and ReLU, where the package calls three operations. */
function registerFusedConv(backend: TensorflowBackend): void {
  const packaged = tf.getKernel(tf.FusedConv2D, "tensorflow").kernelFunc;
  const fused: tf.KernelFunc = (call) => {
    const { x, filter, bias } = call.inputs as tf.NamedTensorInfoMap;
    const { strides, pad, activation } = call.attrs as unknown as FusedConvAttributes;
    const known = activation === "linear" || activation === "relu";
    if (bias === undefined || !known || pad === "same") return packaged(call);
    const relu = activation === "relu";
    const attributes = fusedConvAttributes(backend, strides, pad, relu);
    return backend.executeSingleOutput("_MklNativeFusedConv2D", attributes, [x!, filter!, bias]);
  };
  replace(tf.FusedConv2D, fused);
  try {
    tf.tidy(() => {
      const one = tf.ones<tf.Rank.R4>([1, 1, 1, 1]);
      tf.fused.conv2d({ x: one, filter: one, strides: [1, 1], pad: "valid", bias: tf.ones([1]) });
    });
  } catch {
    // The operation is TensorFlow's own affair and may be another one in another version.
    replace(tf.FusedConv2D, packaged);
  }
}

interface FusedConvAttributes {
  readonly strides: readonly [number, number];
  readonly pad: "valid" | "same" | tf.backend_util.ExplicitPadding;
  readonly activation: string;
}

function fusedConvAttributes(
  { binding: { TF_ATTR_TYPE, TF_ATTR_STRING, TF_ATTR_INT, TF_FLOAT } }: TensorflowBackend,
  [h, w]: readonly [number, number],
  pad: "valid" | tf.backend_util.ExplicitPadding,
  relu: boolean,
): object[] {
  const ints = (name: string, value: number | number[]) => ({ name, type: TF_ATTR_INT, value });
  const text = (name: string, value: string | string[]) => ({ name, type: TF_ATTR_STRING, value });
  const padded = pad !== "valid";
  return [
    { name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: "TArgs", type: TF_ATTR_TYPE, value: [TF_FLOAT] },
    ints("num_args", 1),
    ints("num_host_args", 0),
    ints("strides", [1, h, w, 1]),
    text("padding", padded ? "EXPLICIT" : "VALID"),
    ...(padded ? [ints("explicit_paddings", pad.flat())] : []),
    text("data_format", "NHWC"),
    text("fused_ops", relu ? ["BiasAdd", "Relu"] : ["BiasAdd"]),
    // The name under which TensorFlow keeps kernels that read and write its own layout.
    text("_kernel", "MklNameChangeOp"),
  ];
}
