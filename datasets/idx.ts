/** IDX files, as MNIST and Fashion-MNIST are published: unsigned bytes with their dimensions before. */
import { gunzipSync } from "node:zlib";
import { ExitCode, UserError } from "../base/errors.ts";

/** More than any file of this kind needs; a guard against gzip made to exhaust the machine. */
const MAX_BYTES = 1024 * 1024 * 1024;
const UNSIGNED_BYTE = 0x08;

export interface IdxArray {
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly data: Uint8Array;
}

/** @throws UserError (exit code data) where the gzip data is cut or damaged */
export function gunzip(bytes: Uint8Array, file: string): Uint8Array {
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: MAX_BYTES }));
  } catch (error) {
    throw damaged(file, `cannot be unpacked: ${(error as Error).message}`);
  }
}

/**
 * Reads an IDX array of unsigned bytes.
 *
 * @param dimensions how many are expected: 1 for labels, 3 for images
 * @throws UserError (exit code data) where the file is foreign, cut, or longer than it says
 */
export function parseIdx(bytes: Uint8Array, file: string, dimensions: number): IdxArray {
  const header = 4 + 4 * dimensions;
  const magic = [0, 0, UNSIGNED_BYTE, dimensions];
  if (bytes.length < header || magic.some((byte, i) => bytes[i] !== byte)) {
    throw damaged(
      file,
      "is no IDX file of this kind",
      [...bytes.subarray(0, 4)],
      `first bytes ${magic.join(", ")}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((a, b) => a * b, 1);
  if (shape.includes(0)) throw damaged(file, "is empty", shape, "dimensions of at least 1");
  if (bytes.length - header !== size) {
    throw damaged(
      file,
      bytes.length - header < size ? "was cut" : "is longer than its dimensions say",
      bytes.length,
      `${header + size} bytes for dimensions ${shape.join(" x ")}`,
    );
  }
  return { shape, data: bytes.subarray(header) };
}

function damaged(file: string, message: string, value?: unknown, expected?: string): UserError {
  return new UserError({ message, location: { file }, value, expected }, ExitCode.data);
}
