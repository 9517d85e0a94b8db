/** The state of an unfinished training in one file, so that a killed run goes on where it was. */
import { z } from "zod";
import { writeWhole } from "../base/files.ts";
import { EpochRecord } from "../network/artifacts/training.ts";

const Header = z.strictObject({
  /** Equal for equal network, data and options; a checkpoint of anything else is not used. */
  identity: z.string(),
  step: z.number().int().nonnegative(),
  records: z.array(EpochRecord),
  lengths: z.array(z.number().int().nonnegative()),
});

type Header = z.infer<typeof Header>;

export interface Checkpoint {
  readonly identity: string;
  readonly step: number;
  readonly records: readonly EpochRecord[];
  /** Parameters, moments and best parameters, in the trainer's order. */
  readonly arrays: readonly Float32Array[];
}

/** Writes whole or not at all: 4 bytes of header length, a JSON header, then the arrays. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { arrays, ...rest } = checkpoint;
  const header = new TextEncoder().encode(
    JSON.stringify({ ...rest, lengths: arrays.map(({ length }) => length) }),
  );
  const floats = arrays.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(4 + header.length + 4 * floats);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, 4);
  let offset = 4 + header.length;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
    offset += array.byteLength;
  }
  await writeWhole(path, bytes);
}

/**
 * The checkpoint at `path`, or undefined where there is none of this identity, or a damaged one (a
 * power failure may leave a file without its bytes): training then starts again, with the same result.
 */
export async function readCheckpoint(
  path: string,
  identity: string,
): Promise<Checkpoint | undefined> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const header = readHeader(bytes);
  if (header?.value.identity !== identity) return undefined;
  const { step, records, lengths } = header.value;
  let offset = header.end;
  const floats = lengths.reduce((sum, length) => sum + length, 0);
  if (bytes.length !== offset + 4 * floats) return undefined;
  const arrays = lengths.map((length) => {
    const array = new Float32Array(bytes.slice(offset, offset + 4 * length).buffer);
    offset += 4 * length;
    return array;
  });
  return { identity, step, records, arrays };
}

function readHeader(bytes: Uint8Array<ArrayBuffer>): { value: Header; end: number } | undefined {
  if (bytes.length < 4) return undefined;
  const end = 4 + new DataView(bytes.buffer).getUint32(0, true);
  try {
    return {
      value: Header.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)))),
      end,
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
