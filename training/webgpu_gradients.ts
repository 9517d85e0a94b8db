/**
 * Gradient of a convolution by its filter, for WebGPU. The package's kernel has one invocation for each
 * weight, which walks through the whole batch: some hundred invocations for a small network, of which a GPU
 * runs tens of thousands. Here rows of all samples' maps are dealt out to parts, each with an invocation for
 * each weight, and the parts are summed in their order.
 */
import * as tf from "@tensorflow/tfjs-core";

/** Invocations that are wanted at least. */
const INVOCATIONS = 1 << 17;
const WORKGROUP = 64;

/** What is used of the package's backend class. */
interface WebgpuBackend {
  runWebGPUProgram(
    program: Program,
    inputs: readonly tf.TensorInfo[],
    type: "float32",
    uniforms?: readonly { type: "int32"; data: readonly number[] }[],
  ): tf.TensorInfo;
  disposeData(id: tf.TensorInfo["dataId"]): boolean;
}

/** What the package compiles. */
interface Program {
  readonly variableNames: readonly string[];
  readonly uniforms?: string;
  readonly workgroupSize: readonly [number, number, number];
  /** Whether `uniforms.size` is there. */
  readonly size: true;
  readonly outputShape: readonly number[];
  readonly dispatchLayout: { readonly x: readonly number[] };
  readonly dispatch: readonly [number, number, number];
  /** Programs of equal keys are compiled once. */
  readonly shaderKey: string;
  getUserCode(): string;
}

function flat(
  shaderKey: string,
  variableNames: readonly string[],
  outputShape: readonly number[],
  code: string,
  uniforms?: string,
): Program {
  const size = outputShape.reduce((a, b) => a * b, 1);
  return {
    variableNames,
    ...(uniforms === undefined ? {} : { uniforms }),
    workgroupSize: [WORKGROUP, 1, 1],
    size: true,
    outputShape,
    dispatchLayout: { x: outputShape.map((_, axis) => axis) },
    dispatch: [Math.ceil(size / WORKGROUP), 1, 1],
    shaderKey,
    getUserCode: () => code,
  };
}

/** [parts][weights], of which each part sums over its rows. A row is one of one sample's output map. */
const PARTIAL = `
fn main(index : i32) {
  if (index < uniforms.size) {
    let weights = uniforms.outShape[1];
    let part = index / weights;
    var rest = index % weights;
    let m = rest % uniforms.dyShape[3];
    rest = rest / uniforms.dyShape[3];
    let n = rest % uniforms.xShape[3];
    rest = rest / uniforms.xShape[3];
    let column = rest % uniforms.kernel[1];
    let row = rest / uniforms.kernel[1];
    let first = part * uniforms.rows;
    let end = min(first + uniforms.rows, uniforms.dyShape[0] * uniforms.dyShape[1]);
    var sum = 0.0;
    for (var at = first; at < end; at = at + 1) {
      let sample = at / uniforms.dyShape[1];
      let r = at % uniforms.dyShape[1];
      for (var c = 0; c < uniforms.dyShape[2]; c = c + 1) {
        let x = getX(sample, r * uniforms.strides[0] + row, c * uniforms.strides[1] + column, n);
        sum = sum + x * getDy(sample, r, c, m);
      }
    }
    setOutputAtIndex(index, sum);
  }
}
`;

/** Over the first of two axes. */
const SUM = `
fn main(index : i32) {
  if (index < uniforms.size) {
    var sum = 0.0;
    for (var part = 0; part < uniforms.partsShape[0]; part = part + 1) {
      sum = sum + getParts(part, index);
    }
    setOutputAtIndex(index, sum);
  }
}
`;

/** Parts for so many weights and rows, and the rows of each. */
export function partsFor(weights: number, rows: number): { parts: number; rowsEach: number } {
  const wanted = Math.min(rows, Math.max(1, Math.ceil(INVOCATIONS / weights)));
  const rowsEach = Math.ceil(rows / wanted);
  return { parts: Math.ceil(rows / rowsEach), rowsEach };
}

/** Registers the kernel in place of the package's, which still does what is padded. */
export function registerWebgpuGradients(): void {
  const packaged = tf.getKernel(tf.Conv2DBackpropFilter, "webgpu").kernelFunc;
  tf.unregisterKernel(tf.Conv2DBackpropFilter, "webgpu");
  tf.registerKernel({
    kernelName: tf.Conv2DBackpropFilter,
    backendName: "webgpu",
    kernelFunc: (call) => {
      const { strides, pad, filterShape } = call.attrs as unknown as {
        strides: [number, number];
        pad: unknown;
        filterShape: [number, number, number, number];
      };
      if (pad !== "valid") return packaged(call);
      const { x, dy } = call.inputs as tf.NamedTensorInfoMap;
      const backend = call.backend as WebgpuBackend;
      const weights = filterShape.reduce((a, b) => a * b, 1);
      const { parts, rowsEach } = partsFor(weights, dy!.shape[0]! * dy!.shape[1]!);
      const uniforms = "kernel : vec2<i32>, strides : vec2<i32>, rows : i32,";
      const partial = backend.runWebGPUProgram(
        flat("partialFilterGradient", ["x", "dy"], [parts, weights], PARTIAL, uniforms),
        [x!, dy!],
        "float32",
        [
          { type: "int32", data: filterShape.slice(0, 2) },
          { type: "int32", data: strides },
          { type: "int32", data: [rowsEach] },
        ],
      );
      const summed = backend.runWebGPUProgram(
        flat("sumOfParts", ["parts"], [weights], SUM),
        [partial],
        "float32",
      );
      backend.disposeData(partial.dataId);
      return { ...summed, shape: filterShape };
    },
  });
}
