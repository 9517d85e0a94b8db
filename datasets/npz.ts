/** `.npy` arrays of other people, and `.npz` archives of them. */
import { parse } from "npyjs";
import { ExitCode, UserError } from "../base/errors.ts";

export interface NumberArray {
  readonly shape: readonly number[];
  /** In C order. */
  readonly data: Float32Array | Float64Array | Int32Array;
}

/**
 * Reads a numeric array: any real type NumPy writes on this byte order; 64-bit integers must be safe.
 * @throws UserError (exit code data) where the file is foreign, cut, in Fortran order or not numeric
 */
export function parseNpy(bytes: Uint8Array, file: string): NumberArray {
  let parsed: ReturnType<typeof parse>;
  try {
    const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
    parsed = parse((whole ? bytes : bytes.slice()).buffer as ArrayBuffer);
  } catch (error) {
    throw damaged(file, `array cannot be read: ${(error as Error).message}`);
  }
  const { data, shape, dtype, fortranOrder } = parsed as typeof parsed & { dtype: string };
  if (fortranOrder) throw damaged(file, "is in Fortran order", undefined, "C order");
  if (!/^(b1|[iu][1248]|f[248])$/.test(dtype)) {
    throw damaged(file, "holds no real numbers", dtype, "integers or floats");
  }
  if (shape.some((length) => !Number.isSafeInteger(length) || length < 0)) {
    throw damaged(file, "has a shape that makes no sense", shape);
  }
  const size = shape.reduce((a, b) => a * b, 1);
  const values = data as unknown as ArrayLike<number | bigint | boolean>;
  if (values.length !== size) {
    throw damaged(
      file,
      values.length < size ? "was cut" : "is longer than its shape says",
      values.length,
      `${size} elements`,
    );
  }
  if (data instanceof Float32Array || data instanceof Float64Array || data instanceof Int32Array) {
    return { shape, data };
  }
  const numbers = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    numbers[i] = Number(values[i]);
    if (typeof values[i] === "bigint" && !Number.isSafeInteger(numbers[i])) {
      throw damaged(file, `element ${i} is too large`, String(values[i]));
    }
  }
  return { shape, data: numbers };
}

/**
 * Reads an array of text (`<U...`) with one dimension.
 * @throws UserError (exit code data)
 */
export function parseNpyStrings(bytes: Uint8Array, file: string): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = [0x93, ...new TextEncoder().encode("NUMPY")];
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte)) {
    throw damaged(file, "is no .npy file");
  }
  const [from, length] = bytes[6]! <= 1
    ? [10, view.getUint16(8, true)]
    : [12, view.getUint32(8, true)];
  const header = new TextDecoder("latin1").decode(bytes.subarray(from, from + length));
  const width = Number(/'descr'\s*:\s*'<U(\d+)'/.exec(header)?.[1]);
  const count = Number(/'shape'\s*:\s*\((\d+),\)/.exec(header)?.[1]);
  if (!Number.isSafeInteger(width) || !Number.isSafeInteger(count)) {
    throw damaged(file, "holds no list of texts", header.trim());
  }
  if (bytes.length !== from + length + 4 * width * count) throw damaged(file, "was cut");
  return Array.from({ length: count }, (_, i) => {
    let text = "";
    for (let k = 0; k < width; k++) {
      const code = view.getUint32(from + length + 4 * (i * width + k), true);
      if (code === 0) break;
      if (code > 0x10ffff) throw damaged(file, `text ${i} is damaged`);
      text += String.fromCodePoint(code);
    }
    return text;
  });
}

function damaged(file: string, message: string, value?: unknown, expected?: string): UserError {
  return new UserError({ message, location: { file }, value, expected }, ExitCode.data);
}
