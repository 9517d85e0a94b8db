/** Intel HEX, as mspdebug's `hexout` and compilers write it. */
import { ExitCode, UserError } from "../base/errors.ts";

/** Memory that a file tells of: what it leaves out reads as 0xff. */
export interface HexImage {
  /** Address of the first byte. */
  start: number;
  bytes: Uint8Array;
}

/** An image larger than the boards' address spaces is no dump of theirs. */
const MAX_BYTES = 1 << 20;

/** @throws UserError with the line that is wrong */
export function parseIntelHex(text: string, file: string): HexImage {
  const fail = (message: string, line: number, value?: string) =>
    new UserError({ message, location: { file, line }, value }, ExitCode.data);
  const pieces: { at: number; bytes: Uint8Array }[] = [];
  let upper = 0, ended = false;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "") continue;
    const at = index + 1;
    if (ended) throw fail("stands behind the end record", at, line);
    if (!/^:([0-9a-fA-F]{2}){5,}$/.test(line)) throw fail("is no Intel HEX record", at, line);
    const bytes = Uint8Array.fromHex(line.slice(1));
    const [count, high, low, type] = bytes as unknown as [number, number, number, number];
    if (bytes.length !== count + 5) throw fail("has another length than it tells", at, line);
    if (bytes.reduce((sum, byte) => sum + byte, 0) % 256 !== 0) {
      throw fail("has a wrong checksum", at, line);
    }
    const data = bytes.slice(4, -1);
    if (type === 0) pieces.push({ at: upper + high * 256 + low, bytes: data });
    else if (type === 1) ended = true;
    else if ((type === 2 || type === 4) && count === 2) {
      upper = (data[0]! * 256 + data[1]!) * (type === 2 ? 16 : 65536);
    } else if (type !== 3 && type !== 5) throw fail("is of an unknown type", at, line);
  }
  const last = text.split("\n").length;
  if (!ended) throw fail("ends without an end record: it was cut short", last);
  if (pieces.length === 0) throw fail("holds no data", last);
  const start = pieces.reduce((least, piece) => Math.min(least, piece.at), Infinity);
  const end = pieces.reduce((most, { at, bytes }) => Math.max(most, at + bytes.length), 0);
  if (end - start > MAX_BYTES) throw fail(`spans ${end - start} bytes of memory`, last);
  const bytes = new Uint8Array(end - start).fill(0xff);
  for (const piece of pieces) bytes.set(piece.bytes, piece.at - start);
  return { start, bytes };
}
