/**
 * Convolutions with four output channels, as they occur in these networks forward and, where the input has
 * four, in gradients: XNNPACK computes eight channels in the time of four. Two neighbouring outputs are
 * computed as one of eight channels, by the kernel beside itself moved by one, at stride 2: in memory the
 * result is the same map. What comes into each sum are zeros, so that no bit changes.
 */
import * as tf from "@tensorflow/tfjs-core";

/** Output channels of which two fill what is computed at once. */
const HALF = 4;

interface ConvAttributes {
  strides: [number, number] | number;
  pad: unknown;
  dataFormat: string;
  dilations: [number, number] | number;
}

/** Replaces the WebAssembly backend's convolutions, once. */
export function registerNarrowConvs(): void {
  for (const kernelName of [tf.Conv2D, tf.FusedConv2D]) {
    const plain = tf.getKernel(kernelName, "wasm")!;
    tf.unregisterKernel(kernelName, "wasm");
    tf.registerKernel({
      ...plain,
      kernelFunc: (call) => {
        const { inputs, attrs } = call;
        const { x, filter } = inputs as unknown as { x: tf.Tensor4D; filter: tf.Tensor4D };
        const padding = paddingOf(x, filter, attrs as unknown as ConvAttributes);
        if (padding === undefined || inputs["preluActivationWeights"] !== undefined) {
          return plain.kernelFunc(call);
        }
        return tf.tidy(() => inPairs(kernelName, inputs, attrs!, padding));
      },
    });
  }
}

/** Zeros above, below, left and right of a conv that pairs suit; undefined for others. */
function paddingOf(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { strides, pad, dataFormat, dilations }: ConvAttributes,
): [number, number, number, number] | undefined {
  const dense = [strides, dilations].flat().every((step) => step === 1);
  if (!dense || dataFormat !== "NHWC" || filter.shape[3] !== HALF) return undefined;
  if (pad !== "valid" && !Array.isArray(pad)) return undefined;
  const [, [top, bottom], [left, right]] = Array.isArray(pad)
    ? pad as [number, number][] as [number[], [number, number], [number, number]]
    : [[], [0, 0], [0, 0]] as [number[], [number, number], [number, number]];
  const rows = x.shape[1] + top + bottom - filter.shape[0] + 1;
  const columns = x.shape[2] + left + right - filter.shape[1] + 1;
  const [kernelRows, kernelColumns, n] = filter.shape;
  // A kernel larger than the map, as in the gradient by a kernel, takes longer to copy than is won.
  return x.shape[0] * rows * columns > kernelRows * kernelColumns * n
    ? [top, bottom, left, right]
    : undefined;
}

function inPairs(
  kernelName: string,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
  [top, bottom, left, right]: [number, number, number, number],
): tf.Tensor4D {
  const { x, filter, bias } = inputs as unknown as Record<"x" | "filter", tf.Tensor4D> & {
    bias?: tf.Tensor;
  };
  const [kernelRows, kernelColumns, , channels] = filter.shape;
  const rows = x.shape[1] + top + bottom - kernelRows + 1;
  const columns = x.shape[2] + left + right - kernelColumns + 1;
  // Pairs are neighbours in memory: of a row, or of the only column.
  const down = columns === 1;
  const odd = (down ? rows : columns) % 2;
  const beside = (before: number, after: number): tf.Tensor =>
    tf.pad(filter, [
      down ? [before, after] : [0, 0],
      down ? [0, 0] : [before, after],
      [0, 0],
      [0, 0],
    ]);
  const map = tf.engine().runKernel(kernelName, {
    ...inputs as tf.NamedTensorMap,
    filter: tf.concat([beside(0, 1), beside(1, 0)], 3),
    ...(bias === undefined ? {} : { bias: tf.concat([bias, bias]) }),
  }, {
    ...attrs,
    strides: down ? [2, 1] : [1, 2],
    pad: [[0, 0], [top, bottom + (down ? odd : 0)], [left, right + (down ? 0 : odd)], [0, 0]],
  }) as tf.Tensor4D;
  const whole: tf.Tensor = tf.reshape(
    map,
    [x.shape[0], down ? rows + odd : rows, down ? 1 : columns + odd, channels],
  );
  return (odd === 0
    ? whole
    : tf.slice(whole, [0, 0, 0, 0], [x.shape[0], rows, columns, channels])) as tf.Tensor4D;
}
