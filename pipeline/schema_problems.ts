/** zod's issues as problems that name the place, the value, what was expected and the nearest name. */
import type { z } from "zod";
import { nearestName, type Problem } from "../base/errors.ts";
import { descend, locate, type Located, locateKey, type Path, toPlain } from "./located.ts";

/**
 * Checks the plain value of `node` by `schema`.
 *
 * @param field dotted prefix of the field names in problems, e.g. `search`
 */
export function check<T>(
  schema: z.ZodType<T>,
  node: Located,
  field: string,
): { value: T; problems: [] } | { value: undefined; problems: Problem[] } {
  const result = schema.safeParse(toPlain(node));
  if (result.success) return { value: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue) =>
    toProblems(issue, node, field, schema, [])
  );
  return { value: undefined, problems };
}

type Issue = z.core.$ZodIssue;

function toProblems(
  issue: Issue,
  node: Located,
  field: string,
  schema: z.ZodType,
  prefix: Path,
): Problem[] {
  const path = [...prefix, ...issue.path.map((step) => typeof step === "symbol" ? "?" : step)];
  const name = (steps: Path) => [field, ...steps].filter((part) => part !== "").join(".");
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({
      message: `unknown key "${key}"`,
      location: locateKey(node, [...path, key]),
      field: name([...path, key]),
      expected: known.length > 0 ? `one of ${known.join(", ")}` : "no key here",
      nearest: nearestName(key, known),
    }));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The alternative that came furthest is the one the user meant.
    const best = issue.errors.reduce((a, b) => weight(b) > weight(a) ? b : a);
    if (weight(best) > 0) {
      return best.flatMap((inner) => toProblems(inner, node, field, schema, path));
    }
  }
  const found = descend(node, path);
  const plain = found && toPlain(found);
  const choices = choicesOf(issue);
  return [{
    message: found === undefined ? "is missing" : issue.message,
    location: locate(node, path),
    field: name(path),
    value: plain,
    expected: expectation(issue),
    nearest: typeof plain === "string" && choices ? nearestName(plain, choices) : undefined,
  }];
}

function weight(issues: readonly Issue[]): number {
  return Math.min(...issues.map((issue) => issue.path.length));
}

function choicesOf(issue: Issue): string[] | undefined {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code === "invalid_union") {
    const values = issue.errors.flat().flatMap((inner) => choicesOf(inner) ?? []);
    return values.length > 0 ? values : undefined;
  }
  return undefined;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected;
    case "invalid_value":
      return issue.values.length === 1
        ? String(issue.values[0])
        : `one of ${issue.values.join(", ")}`;
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${
        sized(issue.origin)
      }`;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${
        sized(issue.origin)
      }`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_union": {
      const all = issue.errors.flat().map(expectation);
      return [...new Set(all)].join(" or ") || issue.message;
    }
    default:
      return issue.message;
  }
}

function sized(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" || origin === "set" ? " items" : "";
}

/** What is read of zod's definitions; only to name the keys that would have been right. */
interface Definition {
  type: string;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  valueType?: z.ZodType;
  innerType?: z.ZodType;
  in?: z.ZodType;
  options?: z.ZodType[];
  left?: z.ZodType;
  right?: z.ZodType;
  items?: z.ZodType[];
}

/** The keys that `schema` allows at `path`; empty where that cannot be told. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  const found = schemasAt([schema], path).flatMap((found) =>
    Object.keys(definition(found).shape ?? {})
  );
  return [...new Set(found)];
}

function definition(schema: z.ZodType): Definition {
  return (schema as unknown as { _zod: { def: Definition } })._zod.def;
}

function schemasAt(schemas: z.ZodType[], path: Path): z.ZodType[] {
  const open = schemas.flatMap(unwrap);
  const [step, ...rest] = path;
  if (step === undefined) return open;
  const next = open.flatMap((schema) => {
    const def = definition(schema);
    const inner = def.shape?.[String(step)] ?? def.items?.[Number(step)] ?? def.element ??
      def.valueType;
    return inner ? [inner] : [];
  });
  return next.length > 0 ? schemasAt(next, rest) : [];
}

function unwrap(schema: z.ZodType): z.ZodType[] {
  const def = definition(schema);
  const inner = [def.innerType, def.in, def.left, def.right, ...(def.options ?? [])]
    .filter((part) => part !== undefined);
  return inner.length > 0 && def.shape === undefined ? inner.flatMap(unwrap) : [schema];
}
