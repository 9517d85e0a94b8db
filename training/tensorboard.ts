/**
 * TensorBoard's event files with scalars: records of a protocol buffer each, framed by lengths and
 * masked CRC-32C sums (TensorFlow, `record_writer.h` and `event.proto`).
 */

/** One point of a curve. */
export interface Scalar {
  readonly tag: string;
  readonly step: number;
  readonly value: number;
}

/** The bytes of an event file. @param time_s wall time of every event, seconds since 1970 */
export function eventFile(scalars: readonly Scalar[], time_s: number): Uint8Array<ArrayBuffer> {
  const version = concat(double(1, time_s), bytes(3, text("brain.Event:2")));
  const events = scalars.map(({ tag, step, value }) => {
    const summary = bytes(1, concat(bytes(1, text(tag)), float(2, value)));
    return concat(double(1, time_s), varint(2, step), bytes(5, summary));
  });
  return concat(...[version, ...events].map(record));
}

function record(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  return concat(length, checksum(length), data, checksum(data));
}

/** CRC-32C, turned and shifted so that sums of sums stay good. */
function checksum(data: Uint8Array): Uint8Array {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc >>> 0;
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const result = new Uint8Array(4);
  new DataView(result.buffer).setUint32(0, masked, true);
  return result;
}

/** Fields of a protocol buffer, by number. */
function varint(field: number, value: number): Uint8Array {
  return concat(unsigned(field << 3), unsigned(value));
}

function double(field: number, value: number): Uint8Array {
  const result = new Uint8Array(9);
  result[0] = (field << 3) | 1;
  new DataView(result.buffer).setFloat64(1, value, true);
  return result;
}

function float(field: number, value: number): Uint8Array {
  const result = new Uint8Array(5);
  result[0] = (field << 3) | 5;
  new DataView(result.buffer).setFloat32(1, value, true);
  return result;
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return concat(unsigned((field << 3) | 2), unsigned(value.length), value);
}

function unsigned(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  while (rest > 127) {
    digits.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from([...digits, rest]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
