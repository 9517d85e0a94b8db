/**
 * What a board's NVM says: progress, waiting results, releases. Reads a dump of it by the layout that
 * the firmware was built with, and judges as the runtime does at a boot (runtime-c/core/protocol.h).
 */
import { crc32 } from "node:zlib";
import { ExitCode, UserError } from "../base/errors.ts";
import type { LayoutArtifact } from "./artifacts/layout.ts";
import { crc16 } from "./crc16.ts";
import { type KeptCounters, readKeptCounters } from "./kept_counters.ts";

const MAGIC = 0x4f4e5242;
const HEADER_BYTES = 32;
const RECORD_BYTES = 16;
const RELEASE_BYTES = 8;
const MARK_BYTES = 8;

export interface BoardRecord {
  slot: number;
  valid: boolean;
  /** Why it is not. */
  reason?: string;
  sequence: number;
  layer: number;
  inference: number;
  batch: number;
}

export interface BoardRelease {
  slot: number;
  valid: boolean;
  inference: number;
  sequence: number;
}

/** Outputs of the layer at hand that are done, of scheme hawaii. */
export interface BoardMark {
  slot: number;
  valid: boolean;
  outputs: number;
}

export interface BoardResult {
  slot: number;
  inference: number;
  /** Handed out and released, or waiting for the application. */
  released: boolean;
  codes: number[];
  /** Of the largest code. */
  class: string;
}

export interface BoardState {
  network: string;
  platform: string;
  /** How progress is kept. */
  scheme: string;
  /** Where NVM address 0 lies in the dump. */
  offset: number;
  image: { id: number; constants: "whole" | "damaged" | "not in the dump" | "being copied" };
  records: BoardRecord[];
  progress: {
    /**
     * copying: the image is on its way into NVM; fresh: nothing ever ran; running: a layer;
     * delivering: the result; idle: waits for an input.
     */
    state: "copying" | "fresh" | "running" | "delivering" | "idle";
    /** copying, fresh: of the constants, what a first start has copied or checked. */
    done_bytes?: number;
    /** Commits since the image was programmed, modulo 2^32. */
    sequence: number;
    /** At hand, or the last one. */
    inference: number;
    layer?: string;
    /** To be done next, of so many. */
    batch?: number;
    batches?: number;
  };
  marks: BoardMark[];
  releases: BoardRelease[];
  /** Everything up to and with this inference is released. */
  released: number;
  results: BoardResult[];
  /** Of firmware that keeps them (`firmware.counters`); else empty. */
  counters: KeptCounters[];
}

/** Serial arithmetic: whether `a` comes after `b`, in `bits` bits. */
function later(a: number, b: number, bits: 16 | 32): boolean {
  const difference = bits === 32 ? (a - b) >>> 0 : (a - b) & 0xffff;
  return difference !== 0 && difference < 2 ** (bits - 1);
}

function headerAt(
  bytes: Uint8Array,
  at: number,
): { id: number; bytes: number; crc: number } | undefined {
  if (at < 0 || at + HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  if (view.getUint32(28, true) !== crc32(bytes.subarray(at, at + 28))) return undefined;
  return {
    id: view.getUint16(6, true),
    bytes: view.getUint32(8, true),
    crc: view.getUint32(12, true),
  };
}

/** Of the CRC-16 of a first start's records (runtime-c/core/image.h). */
const STEP_CRC_START = 0x1d0f;

/** How far a first start has come with this image; undefined where no record of it tells. */
function stepsDone_bytes(records: readonly Uint8Array[], layout: LayoutArtifact) {
  const done = records.flatMap((piece) => {
    if (piece.length < RECORD_BYTES) return [];
    const view = new DataView(piece.buffer, piece.byteOffset, RECORD_BYTES);
    const right = view.getUint16(14, true) === crc16(piece.subarray(0, 14), STEP_CRC_START) &&
      view.getUint16(12, true) === layout.image_id;
    return right ? [view.getUint32(0, true)] : [];
  });
  return done.length === 0 ? undefined : Math.max(...done);
}

/** Offsets at which an image header stands. */
function findHeaders(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(MAGIC & 0xff); at >= 0; at = bytes.indexOf(MAGIC & 0xff, at + 1)) {
    if (headerAt(bytes, at) !== undefined) found.push(at);
  }
  return found;
}

/**
 * @param bytes dump of NVM, or of a memory that holds it
 * @param file its name, for messages @param at offset of NVM address 0 in the dump; found where absent
 * @throws UserError where the dump holds no such image, another network's, or too little
 */
export function readBoardMemory(
  bytes: Uint8Array,
  layout: LayoutArtifact,
  file: string,
  at?: number,
): BoardState {
  const fail = (
    message: string,
    more: { value?: unknown; expected?: string; help?: string } = {},
  ) => new UserError({ message, location: { file }, ...more }, ExitCode.data);
  const { nvm, image_id } = layout;
  const region = (name: string) => {
    const found = layout.regions.find((region) => region.name === name);
    if (found === undefined) throw new Error(`layout without region ${name}`);
    return found;
  };
  const headers = at === undefined ? findHeaders(bytes) : [at + nvm.header];
  const known = headers.map((place) => ({ place, header: headerAt(bytes, place) }));
  const own = known.find(({ header }) => header?.id === image_id);
  const recordsFrom = (offset: number) =>
    [0, 1].map((slot) => {
      const from = offset + region("records").address + slot * RECORD_BYTES;
      return bytes.subarray(from, from + RECORD_BYTES);
    });
  // The header is copied last.
  const copied = own?.header === undefined
    ? stepsDone_bytes(recordsFrom(at ?? 0), layout)
    : undefined;
  if (own?.header === undefined && copied === undefined) {
    const other = known.find(({ header }) => header !== undefined)?.header;
    if (other !== undefined) {
      throw fail("is of another image than this layout", {
        value: `image id ${other.id}`,
        expected: `${image_id} (network ${layout.network} on ${layout.platform})`,
        help: "Use the layout.json that the firmware was built with.",
      });
    }
    throw fail("holds no whole image header", {
      value: `${bytes.length} bytes`,
      expected: `a dump of NVM from address 0 to ${nvm.header + HEADER_BYTES} at least`,
      help: at === undefined
        ? "Where the image is damaged, give --at <offset of NVM address 0 in the dump>."
        : "The offset of --at may be wrong, or the image was never programmed.",
    });
  }
  const offset = own === undefined ? at ?? 0 : own.place - nvm.header;
  if (offset < 0) {
    throw fail("begins behind the progress records", {
      value: `header at ${offset + nvm.header}`,
      expected: `${nvm.header} bytes before it`,
    });
  }
  const part = (address: number, size: number) =>
    bytes.subarray(offset + address, offset + address + size);
  const viewOf = (piece: Uint8Array) =>
    new DataView(piece.buffer, piece.byteOffset, piece.byteLength);

  const pieces = recordsFrom(offset);
  const done_bytes = stepsDone_bytes(pieces, layout);
  const records = pieces.map((piece, slot): BoardRecord => {
    const view = viewOf(piece);
    const record = {
      sequence: view.getUint32(0, true),
      layer: view.getUint16(4, true),
      inference: view.getUint16(6, true),
      batch: view.getUint32(8, true),
    };
    const reason = stepsDone_bytes([piece], layout) !== undefined
      ? `of the first start: ${record.sequence} bytes of the constants are done`
      : view.getUint16(14, true) !== crc16(piece.subarray(0, 14))
      ? piece.every((byte) => byte === 0xff || byte === 0) ? "erased" : "torn: its CRC-16 is wrong"
      : view.getUint16(12, true) !== image_id
      ? `of image ${view.getUint16(12, true)}`
      : record.layer > layout.layers.length + 1
      ? `names layer ${record.layer} of ${layout.layers.length}`
      : undefined;
    return { slot, valid: reason === undefined, ...(reason && { reason }), ...record };
  });
  const [first, second] = records as [BoardRecord, BoardRecord];
  const newest = first.valid && second.valid
    ? later(second.sequence, first.sequence, 32) ? second : first
    : [first, second].find(({ valid }) => valid);

  const newestCrc = newest === undefined
    ? 0
    : viewOf(part(region("records").address + newest.slot * RECORD_BYTES, RECORD_BYTES))
      .getUint16(14, true);
  const marksAt = layout.regions.find(({ name }) => name === "marks")?.address;
  const marks = marksAt === undefined ? [] : [0, 1].map((slot): BoardMark => {
    const piece = part(marksAt + slot * MARK_BYTES, MARK_BYTES);
    const view = viewOf(piece);
    const outputs = view.getUint32(0, true);
    const valid = newest !== undefined && outputs > 0 &&
      view.getUint16(4, true) === newest.sequence % 65536 &&
      view.getUint16(6, true) === crc16(piece.subarray(0, 6), newestCrc);
    return { slot, valid, outputs: valid ? outputs : 0 };
  });

  const releases = [0, 1].map((slot): BoardRelease => {
    const piece = part(region("releases").address + slot * RELEASE_BYTES, RELEASE_BYTES);
    const view = viewOf(piece);
    const valid = view.getUint16(6, true) === crc16(piece.subarray(0, 6)) &&
      view.getUint16(4, true) === image_id;
    return {
      slot,
      valid,
      inference: view.getUint16(0, true),
      sequence: view.getUint16(2, true),
    };
  });
  const newestRelease = releases.filter(({ valid }) => valid)
    .reduce<BoardRelease | undefined>(
      (best, release) =>
        best === undefined || later(release.sequence, best.sequence, 16) ? release : best,
      undefined,
    );
  const released = newestRelease?.inference ?? 0;

  const { elements } = layout.output;
  const width = layout.element_bytes;
  const results = [0, 1].flatMap((slot): BoardResult[] => {
    const piece = part(nvm.results + slot * nvm.result_stride_bytes, 8 + width * elements);
    const view = viewOf(piece);
    const inference = view.getUint16(0, true);
    const crc = crc16(piece.subarray(8), crc16(piece.subarray(0, 6)));
    const whole = view.getUint16(2, true) === image_id && view.getUint16(4, true) === elements &&
      view.getUint16(6, true) === crc && inference % 2 === slot;
    if (!whole) return [];
    const codes = Array.from(
      { length: elements },
      (_, i) => width === 1 ? view.getInt8(8 + i) : view.getInt16(8 + 2 * i, true),
    );
    const best = codes.indexOf(codes.reduce((a, b) => Math.max(a, b)));
    return [{
      slot,
      inference,
      released: !later(inference, released, 16),
      codes,
      class: layout.classes[best] ?? `output ${best}`,
    }];
  }).sort((a, b) => later(a.inference, b.inference, 16) ? 1 : -1);

  const constants = part(nvm.header + HEADER_BYTES, layout.constants_bytes);
  return {
    network: layout.network,
    platform: layout.platform,
    scheme: layout.scheme,
    offset,
    image: {
      id: image_id,
      constants: own?.header === undefined
        ? "being copied"
        : constants.length < layout.constants_bytes
        ? "not in the dump"
        : crc32(constants) === own.header.crc && own.header.bytes === layout.constants_bytes
        ? "whole"
        : "damaged",
    },
    records,
    progress: newest === undefined
      ? {
        state: own?.header === undefined ? "copying" : "fresh",
        sequence: 0,
        inference: 0,
        ...(done_bytes !== undefined && { done_bytes }),
      }
      : progressOf(newest, layout),
    marks,
    releases,
    released,
    results,
    counters: readKeptCounters(part, layout),
  };
}

function progressOf(
  record: BoardRecord,
  layout: LayoutArtifact,
): BoardState["progress"] {
  const { sequence, inference, batch } = record;
  const layer = layout.layers[record.layer];
  if (layer === undefined) {
    const state = record.layer === layout.layers.length ? "delivering" : "idle";
    return { state, sequence, inference };
  }
  return {
    state: "running",
    sequence,
    inference,
    layer: layer.name,
    batch,
    ...(layer.batches !== undefined && { batches: layer.batches }),
  };
}
