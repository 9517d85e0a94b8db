/**
 * Counters that firmware keeps across resets, behind its network's NVM: runtime-c/core/kept.h, whose
 * names, order and sizes these are.
 */
import { crc16 } from "./crc16.ts";

const FIELDS = [
  "boots",
  "repeats",
  "commits",
  "reads",
  "read_bytes",
  "writes",
  "write_bytes",
  "macs",
  "pooled",
  "repeated",
] as const;
const SLOT_BYTES = 72;
const BEGUN_BYTES = 4;

/** Totals since the image was first started; the last step may be missing. */
export interface KeptCounters {
  /** Absent: what belongs to no layer (start, delivery, results, releases). */
  layer?: string;
  boots: number;
  /** Of these, boots that found their step begun, and did it again. */
  repeats: number;
  commits: number;
  /** NVM transfers. */
  reads: number;
  read_bytes: number;
  writes: number;
  write_bytes: number;
  /** Multiply-accumulates of steps that were committed. */
  macs: number;
  /** Elements that pools, add and concat took in. */
  pooled: number;
  /** MACs and pooled elements done in vain, at most; of schemes tile and checkpoint. */
  repeated: number;
}

/** End of all NVM of firmware that keeps counters. @param layers of the runtime's table */
export function keptEnd_bytes(nvm_bytes: number, layers: number): number {
  return slotsAt(nvm_bytes, layers + 1);
}

function slotsAt(nvm_bytes: number, layer: number): number {
  return Math.ceil(nvm_bytes / 4) * 4 + BEGUN_BYTES + 2 * SLOT_BYTES * layer;
}

/**
 * Per layer and, last, of what belongs to none; empty where no slot of this image is whole: the
 * firmware keeps none, or never came to a commit.
 * @param part the dump's bytes from an NVM address on; fewer than asked for where it ends
 */
export function readKeptCounters(
  part: (address: number, bytes: number) => Uint8Array,
  layout: { nvm_bytes: number; image_id: number; layers: readonly { name: string }[] },
): KeptCounters[] {
  let found = false;
  const all = [...layout.layers.map(({ name }) => name), undefined].map((layer, index) => {
    const at = slotsAt(layout.nvm_bytes, index);
    const slots = [0, 1].map((slot) => part(at + slot * SLOT_BYTES, SLOT_BYTES))
      .filter((bytes) => bytes.length === SLOT_BYTES)
      .map((bytes) => ({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, SLOT_BYTES) }))
      .filter(({ bytes, view }) =>
        view.getUint16(SLOT_BYTES - 2, true) === crc16(bytes.subarray(0, SLOT_BYTES - 2)) &&
        view.getUint16(4, true) === layout.image_id
      );
    const [one, two] = slots.map(({ view }) => view);
    const newer = one && two &&
        ((two.getUint32(0, true) - one.getUint32(0, true)) >>> 0) < 2 ** 31
      ? two
      : one;
    found ||= newer !== undefined;
    const totals = FIELDS.map((name, i) => {
      const low = newer?.getUint32(8 + 4 * i, true) ?? 0;
      const high = newer?.getUint16(8 + 4 * FIELDS.length + 2 * i, true) ?? 0;
      return [name, high * 2 ** 32 + low] as const;
    });
    return {
      ...(layer !== undefined && { layer }),
      ...Object.fromEntries(totals) as Record<typeof FIELDS[number], number>,
    };
  });
  return found ? all : [];
}
