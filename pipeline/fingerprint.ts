/** All that a stage's result depends on; its digest is the cache key, its difference the reason. */
import { z } from "zod";
import { digestValue } from "./digest.ts";

const digests = z.record(z.string(), z.string());

export const fingerprintSchema = z.strictObject({
  /** Kind of the stage. */
  stage: z.string(),
  /** Checked parameters. */
  parameters: z.unknown(),
  /** Per stage read: the digest of its artifact. */
  inputs: digests,
  /** Own transitive local imports: digest per path. */
  code: digests,
  /** Further files that the result depends on: digest per path. */
  sources: digests,
  /** Digest of `deno.lock`. */
  lock: z.string(),
  /** What the stage adds: compiler version lines, the training backend. */
  tools: digests,
});
export type Fingerprint = z.infer<typeof fingerprintSchema>;

/** The cache key. */
export function keyOf(fingerprint: Fingerprint): string {
  return digestValue(fingerprint);
}

/** A fingerprint without what its inputs decide. */
export type OwnFingerprint = Omit<Fingerprint, "inputs">;

/** Why `now` differs from `before`, apart from inputs; empty where it does not. */
export function ownReasons(before: OwnFingerprint, now: OwnFingerprint): string[] {
  const reasons: string[] = [];
  if (before.stage !== now.stage) reasons.push(`kind of stage ${before.stage} -> ${now.stage}`);
  reasons.push(...valueReasons(before.parameters, now.parameters, ""));
  reasons.push(...fileReasons(before.code, now.code));
  reasons.push(...fileReasons(before.sources, now.sources));
  if (before.lock !== now.lock) reasons.push("deno.lock changed");
  for (const name of keysOfBoth(before.tools, now.tools)) {
    const [old, current] = [before.tools[name], now.tools[name]];
    if (old !== current) reasons.push(`${name} ${show(old)} -> ${show(current)}`);
  }
  // A module may be listed among the sources as well.
  return [...new Set(reasons)];
}

/** Which inputs are others than those that the artifact was made of. */
export function inputReasons(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] {
  return keysOfBoth(before, now).filter((name) => before[name] !== now[name]).map((name) =>
    before[name] === undefined
      ? `input ${name} is new`
      : now[name] === undefined
      ? `input ${name} is gone`
      : `input ${name} changed`
  );
}

function fileReasons(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] {
  return keysOfBoth(before, now).filter((path) => before[path] !== now[path]).map((path) => {
    const gone = now[path] === undefined || now[path] === "absent";
    const fresh = before[path] === undefined || before[path] === "absent";
    return `source ${path} ${fresh ? "is new" : gone ? "is gone" : "changed"}`;
  });
}

/** `parameter a.b 1 -> 2` for every leaf that differs; list items by name where they have one. */
function valueReasons(before: unknown, now: unknown, path: string): string[] {
  const [old, current] = [parts(before), parts(now)];
  if (old && current && old.list === current.list) {
    const reasons = keysOfBoth(old.members, current.members).flatMap((key) =>
      valueReasons(old.members[key], current.members[key], path ? `${path}.${key}` : key)
    );
    // Equal members in another order are still another list.
    const reordered = old.list &&
      Object.keys(old.members).join("\n") !== Object.keys(current.members).join("\n");
    if (reasons.length === 0 && reordered) return [`parameter ${path} is in another order`];
    return reasons;
  }
  if (digestValue(before ?? null) === digestValue(now ?? null)) return [];
  return [`parameter ${path || "with"} ${show(before)} -> ${show(now)}`];
}

function parts(value: unknown): { list: boolean; members: Record<string, unknown> } | undefined {
  if (Array.isArray(value)) {
    const names = value.map((item, index) => {
      const named = item !== null && typeof item === "object"
        ? (item as Record<string, unknown>)["profile"] ?? (item as Record<string, unknown>)["name"]
        : undefined;
      return typeof named === "string" ? named : String(index);
    });
    const unique = new Set(names).size === names.length;
    return {
      list: true,
      members: Object.fromEntries(value.map((item, i) => [unique ? names[i] : String(i), item])),
    };
  }
  if (value !== null && typeof value === "object") {
    return { list: false, members: value as Record<string, unknown> };
  }
  return undefined;
}

function keysOfBoth(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function show(value: unknown): string {
  if (value === undefined) return "(not set)";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? text.slice(0, 57) + "..." : text;
}
