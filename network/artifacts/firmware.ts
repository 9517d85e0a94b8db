/** What the firmware stage writes beside images: `<platform>/size.json`, and `vectors.bin`. */
import { z } from "zod";

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

/** Bytes of a `vectors.bin` of `count` vectors. */
export function vectorsBytes(count: number, inputs: number, outputs: number): number {
  return HEADER_BYTES + 2 * count * (inputs + outputs);
}

/**
 * `vectors.bin` of the first `count` vectors.
 * @param inputs int16 [K][elements of the input map] @param outputs int16 [K][elements of the output map]
 */
export function vectorsFile(
  inputs: Int16Array,
  outputs: Int16Array,
  sizes: { inputs: number; outputs: number },
  count: number = outputs.length / sizes.outputs,
): Uint8Array {
  if (inputs.length * sizes.outputs !== outputs.length * sizes.inputs) {
    throw new RangeError(`${inputs.length} input codes for ${outputs.length} output codes`);
  }
  const bytes = new Uint8Array(vectorsBytes(count, sizes.inputs, sizes.outputs));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VECTORS_MAGIC, true);
  view.setUint16(4, count, true);
  view.setUint16(6, sizes.inputs, true);
  view.setUint16(8, sizes.outputs, true);
  let at = HEADER_BYTES;
  const put = (codes: Int16Array) => {
    for (const code of codes) {
      view.setInt16(at, code, true);
      at += 2;
    }
  };
  for (let i = 0; i < count; i++) {
    put(inputs.subarray(i * sizes.inputs, (i + 1) * sizes.inputs));
    put(outputs.subarray(i * sizes.outputs, (i + 1) * sizes.outputs));
  }
  return bytes;
}
