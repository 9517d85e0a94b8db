/** The log of the micro-benchmark firmware (runtime-c/apps/microbench): its text, checked and read. */
import { ExitCode, UserError } from "../base/errors.ts";
import { crc16 } from "./crc16.ts";

/** Measured once per size; conv: a tile of 48 products per element, which no profile has a line for. */
export const SIZED = ["nvm_write", "nvm_read", "mac", "conv"] as const;
/** Measured once. */
export const SINGLE = [
  "add",
  "multiply",
  "divide",
  "max",
  "requantise",
  "commit",
  "boot",
] as const;
export type SizedOperation = (typeof SIZED)[number];
export type SingleOperation = (typeof SINGLE)[number];

export interface SizedPoint {
  elements: number;
  /** Of one call, the loop around it taken off. */
  cycles: number;
}

export interface BenchLog {
  board: string;
  clock_Hz: number;
  kernel: string;
  sized: Record<SizedOperation, SizedPoint[]>;
  single: Record<SingleOperation, number>;
}

const HEADER = "brownout-microbench ";
const VERSION = "1";
const MAX_NUMBER = 2 ** 32 - 1;

/**
 * The text of the log within a file: a dump of memory holds it somewhere, and the firmware's own
 * strings beside it, so the last place is taken from which a whole log can follow.
 */
function findText(bytes: Uint8Array): { text: string; at: number } | undefined {
  const text = new TextDecoder("latin1").decode(bytes);
  let found: { text: string; at: number } | undefined;
  for (let at = text.indexOf(HEADER); at >= 0; at = text.indexOf(HEADER, at + 1)) {
    const rest = text.slice(at);
    const end = /^end [^\n]*\n?/m.exec(rest);
    const stop = /[^\n\r\x20-\x7e]/.exec(rest)?.index ?? rest.length;
    // The firmware's string constants are cut short by a zero.
    if (found !== undefined && (end === null || end.index > stop)) continue;
    found = { text: rest.slice(0, end === null ? stop : end.index + end[0].length), at };
  }
  return found;
}

/**
 * Reads a log, as text or within a dump of memory or NVM.
 * @throws UserError with line, field, value and what was expected
 */
export function parseBenchLog(bytes: Uint8Array, file: string): BenchLog {
  const fail = (
    message: string,
    line?: number,
    more: { value?: unknown; expected?: string } = {},
  ) =>
    new UserError({ message, location: { file, ...(line && { line }) }, ...more }, ExitCode.data);
  const found = findText(bytes);
  if (found === undefined) {
    throw fail("holds no micro-benchmark log", undefined, {
      expected: `a line "${HEADER}${VERSION}" and what follows it`,
    });
  }
  const text = found.text.replaceAll("\r\n", "\n");
  const lines = text.split("\n");
  const field = (index: number, name: string, pattern: RegExp): string => {
    const line = lines[index];
    const value = line?.startsWith(`${name} `) ? line.slice(name.length + 1) : undefined;
    if (value !== undefined && pattern.test(value)) return value;
    throw fail(line === undefined ? "ends too early" : `is no "${name}" line`, index + 1, {
      value: line,
      expected: `${name} and ${pattern.source}`,
    });
  };
  const version = field(0, HEADER.trim(), /^\d{1,9}$/);
  if (version !== VERSION) {
    throw fail("is a log of another version", 1, { value: version, expected: VERSION });
  }
  const board = field(1, "board", /^[a-z][a-z0-9_]{0,30}$/);
  const clock_Hz = Number(field(2, "clock", /^[1-9]\d{0,9}$/));
  const kernel = field(3, "kernel", /^[a-z][a-z0-9_]{0,30}$/);

  const single: Partial<Record<SingleOperation | "empty", number>> = {};
  const sized: BenchLog["sized"] = { nvm_write: [], nvm_read: [], mac: [], conv: [] };
  let index = 4;
  for (; index < lines.length && !lines[index]!.startsWith("end "); index++) {
    const line = lines[index]!;
    if (line === "" && index === lines.length - 1) break;
    const [, what, ...numbers] = /^([a-z_]+) (\d{1,10}) (\d{1,5}) (\d{1,10})$/.exec(line) ?? [];
    const [elements, times, cycles] = numbers.map(Number) as [number, number, number];
    if (what === undefined || cycles > MAX_NUMBER || times < 1) {
      throw fail("is no measurement", index + 1, {
        value: line,
        expected: "name, elements, times in a row, cycles of all",
      });
    }
    const each = cycles / times - (single.empty ?? 0);
    if (what === "empty" && single.empty === undefined && index === 4) {
      single.empty = each;
    } else if (single.empty === undefined) {
      throw fail(`"${what}" stands before "empty", which is taken off it`, index + 1);
    } else if ((SIZED as readonly string[]).includes(what)) {
      const points = sized[what as SizedOperation];
      if (points.some((point) => point.elements === elements) || elements < 1) {
        throw fail(`measures ${what} of ${elements} elements again, or of none`, index + 1);
      }
      points.push({ elements, cycles: positive(each, index) });
    } else if ((SINGLE as readonly string[]).includes(what)) {
      if (single[what as SingleOperation] !== undefined) {
        throw fail(`measures ${what} again`, index + 1);
      }
      single[what as SingleOperation] = positive(each, index);
    } else {
      throw fail("measures what no profile has", index + 1, {
        value: what,
        expected: ["empty", ...SIZED, ...SINGLE].join(", "),
      });
    }
  }
  function positive(cycles: number, index: number): number {
    if (cycles > 0) return cycles;
    throw fail("takes less than the empty loop", index + 1, { value: lines[index] });
  }
  const [, count, crc] = /^end (\d{1,5}) ([0-9a-f]{4})$/.exec(lines[index] ?? "") ?? [];
  if (count === undefined) {
    throw fail("ends without an end line: it was cut short", Math.min(index + 1, lines.length), {
      value: lines[index],
      expected: "end, number of measurements, CRC-16",
    });
  }
  if (Number(count) !== index - 4) {
    throw fail(`tells ${count} measurements and holds ${index - 4}`, index + 1);
  }
  const before = text.slice(0, text.length - (lines.slice(index).join("\n").length));
  const computed = crc16(new TextEncoder().encode(before)).toString(16).padStart(4, "0");
  if (computed !== crc) {
    throw fail("is damaged: its CRC-16 differs", index + 1, { value: crc, expected: computed });
  }
  for (const what of SINGLE) {
    if (single[what] === undefined) throw fail(`lacks a measurement of ${what}`);
  }
  for (const what of SIZED) {
    if (sized[what].length < 2) throw fail(`lacks ${what} of at least two sizes`);
  }
  return { board, clock_Hz, kernel, sized, single: single as BenchLog["single"] };
}
