/** In place of a search: a network that the user brings as an ONNX file, with its weights. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { type Imported, importOnnx } from "../../network/onnx/import.ts";
import type { Shape } from "../../network/network.ts";

export interface ImportedFile extends Imported {
  readonly sha256: string;
}

/** @param file relative to the checkout, as every path of the configuration */
export function onnxPath(root: string, file: string): string {
  return resolve(root, file);
}

/**
 * Reads the model.
 * @param input of the data set; undefined: whatever the model reads
 * @throws UserError where the file is missing, cannot be read as a network, or reads another shape
 */
export async function readImported(
  root: string,
  file: string,
  input?: Shape,
): Promise<ImportedFile> {
  const path = onnxPath(root, file);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new UserError({
      message: `cannot be read: ${(error as Error).message}`,
      location: { file: path },
      field: "search.onnx",
      value: file,
      expected: "an .onnx file",
    }, ExitCode.data);
  }
  const imported = importOnnx(bytes, { file: path, input });
  const reads = imported.network.input;
  if (
    input !== undefined &&
    (reads.h !== input.h || reads.w !== input.w || reads.channels !== input.channels)
  ) {
    throw new UserError({
      message: "the model reads another shape than the data set has",
      location: { file: path },
      field: "search.onnx",
      value: reads,
      expected: JSON.stringify(input),
    }, ExitCode.data);
  }
  return { ...imported, sha256: createHash("sha256").update(bytes).digest("hex") };
}
