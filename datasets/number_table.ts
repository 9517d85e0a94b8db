/** Tables of decimal numbers in text, parsed from bytes: fast, exact, and strict about every line. */
import { ExitCode, UserError } from "../base/errors.ts";

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Up to so many significant digits an integer is exact in a double. */
const EXACT_DIGITS = 15;

const NEWLINE = 10, RETURN = 13, SPACE = 32, TAB = 9;
const PLUS = 43, MINUS = 45, POINT = 46, ZERO = 48, NINE = 57, UPPER_E = 69, LOWER_E = 101;

export interface NumberTable {
  readonly rows: number;
  /** [rows][columns] */
  readonly values: Float32Array;
}

/**
 * Parses lines of `columns` numbers apart by spaces or tabs; lines end in LF or CRLF, the last one
 * too, since a file without a last newline may have been cut inside a number. Every value is
 * `Math.fround(Number(text))`, exactly.
 *
 * @param file the name shown in errors
 * @param rows how many lines are expected, and by which other file
 * @throws UserError (exit code data) naming file, line and count where the text is cut, foreign, or
 * has another size
 */
export function parseNumberTable(
  bytes: Uint8Array,
  file: string,
  columns: number,
  rows?: { readonly count: number; readonly said_by: string },
): NumberTable {
  const fail = (line: number, message: string, expected: string, value?: unknown): never => {
    throw new UserError(
      { message, location: { file, ...(line > 0 ? { line } : {}) }, value, expected },
      ExitCode.data,
    );
  };
  if (bytes.length === 0) fail(0, "is empty", `lines of ${columns} numbers`);
  if (bytes[bytes.length - 1] !== NEWLINE) {
    fail(0, "ends inside a line: it was cut", "a newline at the end of the file");
  }
  const lines = countLines(bytes);
  if (rows !== undefined && lines !== rows.count) {
    fail(lines, `has ${lines} lines`, `${rows.count} lines, as ${rows.said_by} says`);
  }
  const values = new Float32Array(lines * columns);
  let at = 0;
  for (let line = 1; line <= lines; line++) {
    const base = (line - 1) * columns;
    let found = 0;
    for (;;) {
      let byte = bytes[at]!;
      while (byte === SPACE || byte === TAB) byte = bytes[++at]!;
      if (byte === NEWLINE || (byte === RETURN && bytes[at + 1] === NEWLINE)) {
        at += byte === NEWLINE ? 1 : 2;
        break;
      }
      const start = at;
      let negative = false;
      if (byte === MINUS || byte === PLUS) {
        negative = byte === MINUS;
        byte = bytes[++at]!;
      }
      let mantissa = 0, significant = 0, digits = 0, exponent = 0;
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
        digits++;
        if (significant > 0 || byte !== ZERO) significant++;
        mantissa = mantissa * 10 + (byte - ZERO);
      }
      if (byte === POINT) {
        byte = bytes[++at]!;
        for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
          digits++;
          if (significant > 0 || byte !== ZERO) significant++;
          mantissa = mantissa * 10 + (byte - ZERO);
          exponent--;
        }
      }
      let whole = digits > 0;
      if (whole && (byte === LOWER_E || byte === UPPER_E)) {
        byte = bytes[++at]!;
        const down = byte === MINUS;
        if (byte === MINUS || byte === PLUS) byte = bytes[++at]!;
        let power = 0;
        whole = byte >= ZERO && byte <= NINE;
        for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
          power = Math.min(9999, power * 10 + (byte - ZERO));
        }
        exponent += down ? -power : power;
      }
      if (!whole || !(byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN)) {
        fail(line, `value ${found + 1} is not a number`, "a decimal number", word(bytes, start));
      }
      let value: number;
      if (significant <= EXACT_DIGITS && exponent >= -22 && exponent <= 22) {
        // Integer and power are both exact, so that one division or product rounds once.
        value = exponent < 0
          ? mantissa / EXACT_POWERS[-exponent]!
          : mantissa * EXACT_POWERS[exponent]!;
        if (negative) value = -value;
      } else {
        value = Number(word(bytes, start));
      }
      if (found < columns) {
        values[base + found] = value;
        if (!Number.isFinite(values[base + found])) {
          fail(line, `value ${found + 1} is too large`, "a 32-bit float", word(bytes, start));
        }
      }
      found++;
    }
    if (found !== columns) fail(line, `has ${found} values`, `${columns} values`);
  }
  return { rows: lines, values };
}

/**
 * Parses one integer per line.
 * @throws UserError as {@link parseNumberTable}, and for a value outside `low` to `high`
 */
export function parseIntegers(
  bytes: Uint8Array,
  file: string,
  range: { readonly low: number; readonly high: number },
  rows?: { readonly count: number; readonly said_by: string },
): Int32Array {
  const { values } = parseNumberTable(bytes, file, 1, rows);
  const bad = values.findIndex((v) => !Number.isInteger(v) || v < range.low || v > range.high);
  if (bad >= 0) {
    throw new UserError({
      message: "is not one of the numbers allowed here",
      location: { file, line: bad + 1 },
      value: values[bad],
      expected: `an integer from ${range.low} to ${range.high}`,
    }, ExitCode.data);
  }
  return Int32Array.from(values);
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

/** The word at `start`: a number, or what stands in its place. */
function word(bytes: Uint8Array, start: number): string {
  let end = start;
  while (end < bytes.length) {
    const byte = bytes[end]!;
    if (byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN) break;
    end++;
  }
  return new TextDecoder().decode(bytes.subarray(start, end));
}
