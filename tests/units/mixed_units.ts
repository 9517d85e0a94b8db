/** Finds sums, differences and comparisons of two names whose unit suffixes differ. */

/** Suffixes by which names say their unit (README, "How it is written"). */
const UNITS = ["J", "s", "ms", "us", "ns", "V", "F", "W", "A", "Hz", "ohm", "bytes", "elements"];

const SUFFIX = `_(${UNITS.join("|")})`;
/** A name, a field of something, or a call without arguments, with a unit at its end. */
const NAME = String.raw`[A-Za-z_][\w.?!]*(?:->[\w.]+)*` + SUFFIX + String.raw`(?:\(\))?`;
const PAIR = new RegExp(
  String
    .raw`(?<![\w.>])(${NAME})(?![\w.([])\s*(\+=|-=|[+-]|[<>]=?|===?|!==?)(?![+=>-])\s*(${NAME})(?![\w.([])(?!\s*[*/]\s*\S)`,
  "g",
);

export interface Mixed {
  line: number;
  text: string;
}

/** Comments and strings are not looked at. A factor of a product has another unit than its name. */
export function mixedUnits(source: string): Mixed[] {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  const code = source
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/\/\/[^\n]*/g, blank)
    .replace(/"(?:[^"\\\n]|\\.)*"/g, blank);
  const found: Mixed[] = [];
  for (const match of code.matchAll(PAIR)) {
    const [text, , left, operator, , right] = match;
    const before = code.slice(0, match.index).trimEnd().at(-1);
    if (left === right || operator === "->" || before === "*" || before === "/") continue;
    found.push({ line: code.slice(0, match.index).split("\n").length, text: text.trim() });
  }
  return found;
}
