/** Files as artifacts need them: canonical JSON, arrays as `.npy`, and writes that are whole or absent. */
import { dump, parse } from "npyjs";
import { dirname } from "node:path";
import type { z } from "zod";
import { ExitCode, UserError } from "./errors.ts";

/** JSON with sorted keys, two-space indent and a final newline: equal values give equal bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sortKeys(value), null, 2) + "\n";
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value !== null && typeof value === "object") {
    const source = value as Record<string, unknown>;
    return Object.fromEntries(
      Object.keys(source).sort().map((key) => [key, sortKeys(source[key])]),
    );
  }
  return value;
}

/** Writes to a temporary name beside `path`, then renames: nothing that was there is lost half-way. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp-${Deno.pid}`;
  try {
    if (typeof content === "string") await Deno.writeTextFile(temporary, content);
    else await Deno.writeFile(temporary, content);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Checks `value` by `schema`, then writes it as canonical JSON. */
export async function writeJson<T>(path: string, schema: z.ZodType<T>, value: T): Promise<void> {
  await writeWhole(path, canonicalJson(schema.parse(value)));
}

/** Reads a JSON artifact and checks it by `schema`; throws {@link UserError} that names file and field. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new UserError(
      { message: `cannot be read: ${(error as Error).message}`, location: { file: path } },
      ExitCode.data,
    );
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      { message: `is not JSON: ${(error as Error).message}`, location: { file: path } },
      ExitCode.data,
    );
  }
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw new UserError(
    result.error.issues.map((issue) => ({
      message: issue.message,
      location: { file: path },
      field: issue.path.join("."),
    })),
    ExitCode.data,
  );
}

export type NumericArray =
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Int32Array
  | Float64Array;

/** A dense array in C order. */
export interface NdArray<T extends NumericArray = NumericArray> {
  shape: number[];
  data: T;
}

/** Writes an array so that NumPy opens it. */
export async function writeNpy(path: string, array: NdArray): Promise<void> {
  const size = array.shape.reduce((a, b) => a * b, 1);
  if (size !== array.data.length) {
    throw new RangeError(
      `shape ${array.shape} has ${size} elements, data has ${array.data.length}`,
    );
  }
  await writeWhole(path, new Uint8Array(dump(array.data, array.shape)));
}

/** Reads a `.npy` file; throws {@link UserError} where it is absent, truncated or of another type. */
export async function readNpy<T extends NumericArray>(
  path: string,
  type: { new (length: number): T },
): Promise<NdArray<T>> {
  return await readArray(path, [type]);
}

/** Codes of a map or of weights as they are stored. */
export type Codes = Int8Array | Int16Array;

/** {@link readNpy} of int8 or int16, as the file has it. */
export async function readCodes(path: string): Promise<NdArray<Codes>> {
  return await readArray<Codes>(path, [Int8Array, Int16Array]);
}

async function readArray<T extends NumericArray>(
  path: string,
  types: { new (length: number): T }[],
): Promise<NdArray<T>> {
  try {
    const bytes = await Deno.readFile(path);
    const { data, shape, fortranOrder } = parse(bytes.buffer as ArrayBuffer);
    const size = shape.reduce((a, b) => a * b, 1);
    const wanted = (array: unknown): array is T => types.some((type) => array instanceof type);
    if (!wanted(data)) {
      const names = types.map(({ name }) => name).join(" or ");
      throw new Error(`holds ${data.constructor.name}, expected ${names}`);
    }
    if (fortranOrder) throw new Error("is in Fortran order");
    if (data.length !== size) throw new Error(`holds ${data.length} elements, shape says ${size}`);
    return { shape, data };
  } catch (error) {
    throw new UserError(
      { message: `array cannot be read: ${(error as Error).message}`, location: { file: path } },
      ExitCode.data,
    );
  }
}
