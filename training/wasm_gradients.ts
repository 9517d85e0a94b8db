/**
 * Gradient kernels that the WebAssembly backend lacks or computes slowly, written as convolutions, so
 * that they run in the same optimised code as the forward pass.
 *
 * For y = conv(x, w):  dL/dx = conv(dL/dy with zeros between and around, w turned by 180 degrees), and
 * dL/dw = conv(x with batch and channels exchanged, dL/dy as the kernel, dilated by the stride).
 */
import * as tf from "@tensorflow/tfjs-core";

interface ConvAttributes {
  strides: [number, number] | number;
  pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: "floor" | "round" | "ceil";
  inputShape?: [number, number, number, number];
  filterShape?: [number, number, number, number];
  /** Of pools, which are unpadded here. */
  filterSize?: [number, number];
}

interface Geometry {
  stride: [number, number];
  top: number;
  bottom: number;
  left: number;
  right: number;
}

let registered = false;

/** Registers the kernels, once. */
export function registerWasmGradients(): void {
  if (registered) return;
  registered = true;
  const backendName = "wasm";
  tf.unregisterKernel(tf.Conv2DBackpropInput, backendName);
  tf.unregisterKernel(tf.MaxPoolGrad, backendName);
  const kernels: Record<string, (args: KernelArguments) => tf.Tensor> = {
    [tf.Conv2DBackpropInput]: ({ inputs, attrs }) =>
      tf.tidy(() => {
        const filter = inputs["filter"] as tf.Tensor4D;
        const shape = attrs.inputShape!;
        const geometry = geometryOf(shape, filter.shape, attrs, false);
        const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
        const spread = insertZeros(inputs["dy"] as tf.Tensor4D, geometry.stride);
        return tf.conv2d(spread, turned, 1, around(shape, spread.shape, filter.shape, geometry));
      }),
    [tf.Conv2DBackpropFilter]: ({ inputs, attrs }) =>
      tf.tidy(() => {
        const x = inputs["x"] as tf.Tensor4D;
        const [kh, kw, n, m] = attrs.filterShape!;
        const { stride, top, bottom, left, right } = geometryOf(
          x.shape,
          attrs.filterShape!,
          attrs,
          false,
        );
        const taps = tf.conv2d(
          tf.transpose(x, [3, 1, 2, 0]),
          tf.transpose(inputs["dy"] as tf.Tensor4D, [1, 2, 0, 3]),
          1,
          [[0, 0], [top, bottom], [left, right], [0, 0]],
          "NHWC",
          stride,
        );
        // Rows that the last stride did not reach are taps beyond the kernel.
        const exact = taps.shape[1] === kh && taps.shape[2] === kw
          ? taps
          : tf.slice(taps, [0, 0, 0, 0], [n, kh, kw, m]);
        return tf.transpose(exact, [1, 2, 0, 3]);
      }),
    [tf.DepthwiseConv2dNativeBackpropInput]: ({ inputs, attrs }) =>
      tf.tidy(() => {
        const filter = inputs["filter"] as tf.Tensor4D;
        const shape = attrs.inputShape!;
        const geometry = geometryOf(shape, filter.shape, attrs, true);
        const spread = insertZeros(inputs["dy"] as tf.Tensor4D, geometry.stride);
        return tf.depthwiseConv2d(
          spread,
          tf.reverse(filter, [0, 1]),
          1,
          around(shape, spread.shape, filter.shape, geometry) as unknown as "valid",
        );
      }),
    [tf.DepthwiseConv2dNativeBackpropFilter]: depthwiseFilterGradient,
    // The kernel that ships starts its maximum at the smallest positive number: it is wrong wherever a
    // window holds only negative values.
    [tf.MaxPoolGrad]: ({ inputs, attrs }) =>
      tf.tidy(() => maxPoolGradient(inputs as unknown as MaxPoolInputs, attrs)),
  };
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: kernelFunc as unknown as tf.KernelFunc,
    });
  }
}

/** Tap by tap: sums over whole maps, which every backend adds up in one order. */
export function depthwiseFilterGradient({ inputs, attrs }: KernelArguments): tf.Tensor {
  return tf.tidy(() => {
    const x = inputs["x"] as tf.Tensor4D;
    const dy = inputs["dy"] as tf.Tensor4D;
    const filterShape = attrs.filterShape!;
    const [kh, kw, n] = filterShape;
    const { stride: [sh, sw], top, bottom, left, right } = geometryOf(
      x.shape,
      filterShape,
      attrs,
      true,
    );
    const padded = tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]]);
    const [batch, rows, columns] = dy.shape;
    const taps: tf.Tensor1D[] = [];
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++) {
        const seen = tf.stridedSlice(
          padded,
          [0, i, j, 0],
          [batch, i + (rows - 1) * sh + 1, j + (columns - 1) * sw + 1, n],
          [1, sh, sw, 1],
        );
        taps.push(tf.sum(tf.mul(seen, dy), [0, 1, 2]));
      }
    }
    return tf.reshape(tf.stack(taps), filterShape);
  });
}

interface MaxPoolInputs {
  dy: tf.Tensor4D;
  input: tf.Tensor4D;
  output: tf.Tensor4D;
}

/** Of equal maxima in a window, the first in row order takes the gradient. */
function maxPoolGradient(
  { dy, input, output }: MaxPoolInputs,
  { filterSize, strides }: ConvAttributes,
): tf.Tensor4D {
  const [kh, kw] = filterSize!;
  const [sh, sw] = strides as [number, number];
  const [batch, height, width, channels] = input.shape;
  const [, rows, columns] = dy.shape;
  const reachedRows = (rows - 1) * sh + 1;
  const reachedColumns = (columns - 1) * sw + 1;
  let left: tf.Tensor4D = tf.onesLike(dy);
  const parts: tf.Tensor4D[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const seen = tf.stridedSlice(
        input,
        [0, i, j, 0],
        [batch, i + reachedRows, j + reachedColumns, channels],
        [1, sh, sw, 1],
      );
      const chosen = tf.mul<tf.Tensor4D>(tf.cast(tf.equal(seen, output), "float32"), left);
      left = tf.sub(left, chosen);
      parts.push(tf.pad(insertZeros(tf.mul(dy, chosen), [sh, sw]), [
        [0, 0],
        [i, height - reachedRows - i],
        [j, width - reachedColumns - j],
        [0, 0],
      ]));
    }
  }
  return tf.addN(parts);
}

export interface KernelArguments {
  inputs: Record<string, tf.Tensor>;
  attrs: ConvAttributes;
}

function geometryOf(
  input: [number, number, number, number],
  filter: [number, number, number, number],
  { strides, pad, dimRoundingMode }: ConvAttributes,
  depthwise: boolean,
): Geometry {
  const { padInfo, strideHeight, strideWidth } = tf.backend_util.computeConv2DInfo(
    input,
    filter,
    strides,
    1,
    pad,
    dimRoundingMode,
    depthwise,
  );
  const { top, bottom, left, right } = padInfo;
  return { stride: [strideHeight, strideWidth], top, bottom, left, right };
}

/** Padding that makes a stride-1 convolution of `dy` come out as large as the input was. */
function around(
  input: readonly number[],
  dy: readonly number[],
  filter: readonly number[],
  { top, left }: Geometry,
): tf.backend_util.ExplicitPadding {
  const above = filter[0]! - 1 - top;
  const before = filter[1]! - 1 - left;
  const below = input[1]! - dy[1]! - above + filter[0]! - 1;
  const after = input[2]! - dy[2]! - before + filter[1]! - 1;
  if (Math.min(above, before, below, after) < 0) {
    throw new RangeError(`padding ${top}, ${left} is not smaller than the kernel ${filter}`);
  }
  return [[0, 0], [above, below], [before, after], [0, 0]];
}

/** Puts stride - 1 zeros between rows and between columns: R x C becomes s + 1 x (C-1) s + 1. */
function insertZeros(dy: tf.Tensor4D, [sh, sw]: [number, number]): tf.Tensor4D {
  if (sh === 1 && sw === 1) return dy;
  const [batch, rows, columns, channels] = dy.shape;
  const wide = tf.pad(tf.reshape(dy, [batch * rows * columns, 1, channels]), [[0, 0], [
    0,
    sw - 1,
  ], [0, 0]]);
  const tall = tf.pad(tf.reshape(wide, [batch * rows, 1, columns * sw * channels]), [[0, 0], [
    0,
    sh - 1,
  ], [0, 0]]);
  const exact: tf.Tensor = tf.slice(
    tf.reshape(tall, [batch, rows * sh, columns * sw, channels]),
    [0, 0, 0, 0],
    [batch, (rows - 1) * sh + 1, (columns - 1) * sw + 1, channels],
  );
  return exact as tf.Tensor4D;
}
