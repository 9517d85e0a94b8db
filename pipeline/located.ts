/**
 * A configuration tree in which every value knows where it was written, so that a mistake found
 * after merging and interpolation still points at a line and column (or at the `--set` it came from).
 */
import type { Location } from "../base/errors.ts";

export type Scalar = string | number | boolean | null;

export interface LocatedScalar {
  kind: "scalar";
  value: Scalar;
  origin: Location;
}
export interface LocatedList {
  kind: "list";
  items: Located[];
  origin: Location;
}
export interface LocatedMap {
  kind: "map";
  entries: Map<string, LocatedEntry>;
  origin: Location;
}
export interface LocatedEntry {
  /** Where the key stands; a misspelt key is reported here. */
  keyOrigin: Location;
  node: Located;
}
export type Located = LocatedScalar | LocatedList | LocatedMap;

/** Steps from the root of a tree: map keys and list indices. */
export type Path = readonly (string | number)[];

/** The plain value of a tree. */
export function toPlain(node: Located): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(toPlain);
    case "map": {
      const plain: Record<string, unknown> = {};
      for (const [key, { node: child }] of node.entries) {
        // A plain assignment to "__proto__" would set the prototype instead of a field.
        Object.defineProperty(plain, key, {
          value: toPlain(child),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      return plain;
    }
  }
}

/** A tree of a plain value in which everything comes from one place. */
export function fromPlain(value: unknown, origin: Location): Located {
  if (Array.isArray(value)) {
    return { kind: "list", items: value.map((item) => fromPlain(item, origin)), origin };
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).map(([key, child]) =>
      [key, { keyOrigin: origin, node: fromPlain(child, origin) }] as const
    );
    return { kind: "map", entries: new Map(entries), origin };
  }
  return { kind: "scalar", value: (value ?? null) as Scalar, origin };
}

/** An empty map that stands at `origin`. */
export function emptyMap(origin: Location): LocatedMap {
  return { kind: "map", entries: new Map(), origin };
}

/** The node one step below, or undefined. */
export function child(node: Located, step: string | number): Located | undefined {
  if (node.kind === "map") return node.entries.get(String(step))?.node;
  if (node.kind === "list" && typeof step === "number") return node.items[step];
  return undefined;
}

/** The node at `path`, or undefined. */
export function descend(node: Located, path: Path): Located | undefined {
  let current: Located | undefined = node;
  for (const step of path) {
    current = current && child(current, step);
  }
  return current;
}

/**
 * Where the value at `path` stands; where it is missing, where its nearest existing parent stands.
 */
export function locate(node: Located, path: Path): Location {
  let current = node;
  for (const step of path) {
    const next = child(current, step);
    if (next === undefined) break;
    current = next;
  }
  return current.origin;
}

/** Where the key that ends `path` stands, or its nearest parent where there is no such key. */
export function locateKey(node: Located, path: Path): Location {
  const parent = descend(node, path.slice(0, -1));
  const entry = parent?.kind === "map" ? parent.entries.get(String(path.at(-1))) : undefined;
  return entry?.keyOrigin ?? locate(node, path);
}

/** `over` laid upon `base`: maps are merged key by key, anything else is replaced. */
export function merge(base: Located, over: Located): Located {
  if (base.kind !== "map" || over.kind !== "map") return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    entries.set(key, before ? { ...entry, node: merge(before.node, entry.node) } : entry);
  }
  return { kind: "map", entries, origin: base.origin };
}
