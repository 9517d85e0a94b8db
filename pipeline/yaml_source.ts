/** YAML text to a {@link Located} tree; every syntax error becomes a {@link Problem} with its place. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { Location, Problem } from "../base/errors.ts";
import { fromPlain, type Located, type LocatedEntry, type Scalar } from "./located.ts";

/** Deeper nesting than any configuration needs; a guard against input that exhausts the stack. */
const MAX_DEPTH = 64;
/** Nodes after aliases are expanded; a guard against aliases of aliases. */
const MAX_NODES = 100_000;

/** @param file the name shown in problems @returns the tree, and all problems found on the way */
export function parseYaml(text: string, file: string): { root: Located; problems: Problem[] } {
  const counter = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  } catch (error) {
    // The library recurses on nesting: input that exhausts the stack is still the user's to mend.
    const message = error instanceof RangeError ? "is nested too deep" : (error as Error).message;
    const problem = { message: `is not YAML: ${message}`, location: { file } };
    return { root: fromPlain(null, { file }), problems: [problem] };
  }
  const at = (offset: number): Location => {
    const { line, col } = counter.linePos(offset);
    return { file, line, column: col };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    message: error.code === "DUPLICATE_KEY" ? "key stands twice" : `is not YAML: ${error.message}`,
    location: at(error.pos[0]),
  }));
  const start: Location = { file, line: 1, column: 1 };
  if (problems.length > 0) return { root: fromPlain(null, start), problems };

  let nodes = 0;
  const convert = (node: Node | null | undefined, parent: Location, depth: number): Located => {
    const origin = node?.range ? at(node.range[0]) : parent;
    if (depth > MAX_DEPTH || ++nodes > MAX_NODES) {
      throw new TooLarge(depth > MAX_DEPTH ? "is nested too deep" : "is too large", origin);
    }
    if (node === null || node === undefined) return { kind: "scalar", value: null, origin };
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) throw new TooLarge("alias has no anchor", origin);
      return convert(target as Node, origin, depth + 1);
    }
    if (isSeq(node)) {
      return {
        kind: "list",
        items: node.items.map((item) => convert(item as Node, origin, depth + 1)),
        origin,
      };
    }
    if (isMap(node)) {
      const entries = new Map<string, LocatedEntry>();
      for (const pair of node.items) {
        const key = pair.key as Node | null;
        const keyOrigin = key?.range ? at(key.range[0]) : origin;
        if (!isScalar(key) || key.value === null || typeof key.value === "object") {
          problems.push({ message: "key is not a name", location: keyOrigin });
          continue;
        }
        const value = convert(pair.value as Node | null, keyOrigin, depth + 1);
        entries.set(String(key.value), { keyOrigin, node: value });
      }
      return { kind: "map", entries, origin };
    }
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === "number" && !Number.isFinite(value)) {
      problems.push({
        message: "is not a finite number",
        location: origin,
        value: String(value),
        expected: "a finite number",
      });
      return { kind: "scalar", value: 0, origin };
    }
    if (value !== null && !["string", "number", "boolean"].includes(typeof value)) {
      problems.push({
        message: "is not a plain value",
        location: origin,
        expected: "text, number, true, false or null",
      });
      return { kind: "scalar", value: null, origin };
    }
    return { kind: "scalar", value: value as Scalar, origin };
  };
  try {
    return { root: convert(document.contents, start, 0), problems };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    problems.push({ message: error.message, location: error.location });
    return { root: fromPlain(null, start), problems };
  }
}

class TooLarge extends Error {
  readonly location: Location;
  constructor(message: string, location: Location) {
    super(message);
    this.location = location;
  }
}

/** The value of `--set a=VALUE`, read as YAML; `origin` names the option in problems. */
export function parseValue(
  text: string,
  origin: Location,
): { node: Located; problems: Problem[] } {
  const { root, problems } = parseYaml(text, origin.file);
  const moved = problems.map((problem) => ({ ...problem, location: origin, value: text }));
  return { node: relocate(root, origin), problems: moved };
}

/** The same tree, everything in it standing at `origin`. */
function relocate(node: Located, origin: Location): Located {
  switch (node.kind) {
    case "scalar":
      return { ...node, origin };
    case "list":
      return { ...node, origin, items: node.items.map((item) => relocate(item, origin)) };
    case "map":
      return {
        ...node,
        origin,
        entries: new Map(
          [...node.entries].map(([key, entry]) => [
            key,
            { keyOrigin: origin, node: relocate(entry.node, origin) },
          ]),
        ),
      };
  }
}
