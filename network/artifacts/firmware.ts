/** What the firmware stage writes beside images: `<platform>/size.json`, and `vectors.bin`. */
import { z } from "zod";
import type { Codes } from "../../base/files.ts";

const count = z.number().int().nonnegative();

/** `<platform>/size.json`: what the images take of the board's memories, as linked. */
export const FirmwareSize = z.strictObject({
  platform: z.string(),
  board: z.string(),
  network: z.string(),
  image_id: count,
  /** Version line of the compiler. */
  compiler: z.string(),
  /** File name of the user's application; absent: golden vectors in turn (apps/demo.c). */
  application: z.string().optional(),
  /** Of kernel lea: what firmware.elf computes through, TI's DSPLib or our stand-in for it. */
  lea: z.enum(["DSPLib", "stand-in"]).optional(),
  /** Of firmware.elf; the regions are those of the linker script. */
  regions: z.array(z.strictObject({ name: z.string(), used_bytes: count, limit_bytes: count })),
  /** Code and read-only data without image and vectors. */
  program_bytes: count,
  /** nvm.bin as it is linked into the program memory. */
  image_bytes: count,
  /** Variables outside of VM. */
  static_ram_bytes: count,
  /** Kept free for the stack. */
  stack_bytes: count,
  /** Used by this network, and kept for it. */
  vm: z.strictObject({ used_bytes: count, reserved_bytes: count, limit_bytes: count }),
  nvm: z.strictObject({ used_bytes: count, limit_bytes: count }),
  /** Golden vectors from the first on: in firmware.elf, and in simulation.elf. */
  vectors: z.strictObject({ firmware: count, simulation: count, all: count }),
});
export type FirmwareSize = z.infer<typeof FirmwareSize>;

/** Of `vectors.bin` (runtime-c/apps/vectors.h). */
export const VECTORS_MAGIC = 0x43455642;
const HEADER_BYTES = 12;

/** Bytes of a `vectors.bin` of `count` vectors; `inputs` and `outputs` are elements. */
export function vectorsBytes(
  count: number,
  { inputs, outputs }: { inputs: number; outputs: number },
  element_bytes: number,
): number {
  return HEADER_BYTES + element_bytes * count * (inputs + outputs);
}

/** Codes as the runtime stores them: little-endian. */
export function codeBytes(codes: Codes): Uint8Array {
  const bytes = new Uint8Array(codes.byteLength);
  const view = new DataView(bytes.buffer);
  codes.forEach((code, i) =>
    codes.BYTES_PER_ELEMENT === 1 ? view.setInt8(i, code) : view.setInt16(2 * i, code, true)
  );
  return bytes;
}

/**
 * `vectors.bin` of the first `count` vectors.
 * @param inputs codes [K][elements of the input map] @param outputs codes [K][elements of the output map]
 */
export function vectorsFile(
  inputs: Codes,
  outputs: Codes,
  sizes: { inputs: number; outputs: number },
  count: number = outputs.length / sizes.outputs,
): Uint8Array {
  if (inputs.length * sizes.outputs !== outputs.length * sizes.inputs) {
    throw new RangeError(`${inputs.length} input codes for ${outputs.length} output codes`);
  }
  const bytes = new Uint8Array(vectorsBytes(count, sizes, outputs.BYTES_PER_ELEMENT));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VECTORS_MAGIC, true);
  view.setUint16(4, count, true);
  view.setUint16(6, sizes.inputs, true);
  view.setUint16(8, sizes.outputs, true);
  view.setUint16(10, outputs.BYTES_PER_ELEMENT, true);
  let at = HEADER_BYTES;
  const put = (codes: Codes) => {
    bytes.set(codeBytes(codes), at);
    at += codes.byteLength;
  };
  for (let i = 0; i < count; i++) {
    put(inputs.subarray(i * sizes.inputs, (i + 1) * sizes.inputs));
    put(outputs.subarray(i * sizes.outputs, (i + 1) * sizes.outputs));
  }
  return bytes;
}
