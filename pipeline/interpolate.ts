/** `${params.seed}` and `${platforms}`: references from one part of a configuration to another. */
import { nearestName, type Problem } from "../base/errors.ts";
import { child, type Located, toPlain } from "./located.ts";

/** `$${` writes a literal `${`. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;

/**
 * Replaces references in every text of `node`.
 *
 * A text that is one reference takes the type and the origin of what it refers to; inside a longer
 * text only a scalar can stand.
 *
 * @param scope what may be referred to, by the first name of a reference
 */
export function interpolate(
  node: Located,
  scope: ReadonlyMap<string, Located>,
  problems: Problem[],
): Located {
  switch (node.kind) {
    case "list":
      return { ...node, items: node.items.map((item) => interpolate(item, scope, problems)) };
    case "map":
      return {
        ...node,
        entries: new Map(
          [...node.entries].map(([key, entry]) => [
            key,
            { ...entry, node: interpolate(entry.node, scope, problems) },
          ]),
        ),
      };
    case "scalar": {
      const text = node.value;
      if (typeof text !== "string" || !text.includes("${")) return node;
      const refuse = (message: string, more: Partial<Problem> = {}) => {
        problems.push({ message, location: node.origin, value: text, ...more });
        return undefined;
      };
      const matches = [...text.matchAll(REFERENCE)];
      const [first] = matches;
      if (matches.length === 1 && first && first[0] === text && first[1] !== undefined) {
        return resolve(first[0], first[1], scope, refuse) ?? node;
      }
      const replaced = text.replace(REFERENCE, (whole: string, name: string | undefined) => {
        if (name === undefined) return "${";
        const found = resolve(whole, name, scope, refuse);
        if (found === undefined) return whole;
        if (found.kind === "scalar") return String(found.value);
        refuse(`"${whole}" is a ${found.kind} and cannot stand inside a text`, {
          expected: "a reference that is the whole value",
        });
        return whole;
      });
      return { ...node, value: replaced };
    }
  }
}

function resolve(
  whole: string,
  name: string,
  scope: ReadonlyMap<string, Located>,
  refuse: (message: string, more?: Partial<Problem>) => undefined,
): Located | undefined {
  if (!whole.endsWith("}")) {
    return refuse(`reference "${whole}" is not closed`, { expected: "}" });
  }
  const [head = "", ...rest] = name.trim().split(".");
  let current = scope.get(head);
  if (current === undefined) {
    return refuse(`unknown reference "${whole}"`, {
      expected: `one of ${[...scope.keys()].join(", ")}`,
      nearest: nearestName(head, scope.keys()),
    });
  }
  let walked = head;
  for (const step of rest) {
    const next: Located | undefined = member(current, step);
    if (next === undefined) {
      const names = memberNames(current);
      const nearest = nearestName(step, names);
      return refuse(`unknown reference "${whole}": ${walked} has no "${step}"`, {
        expected: names.length > 0 ? `one of ${names.join(", ")}` : `${walked} alone`,
        nearest: nearest === undefined ? undefined : `\${${walked}.${nearest}}`,
      });
    }
    walked += `.${step}`;
    current = next;
  }
  return current;
}

/** Keys by which a list's items are called by name instead of by number. */
const ITEM_NAMES = ["profile", "name"];

/** The name of a list item, e.g. a platform's profile. */
export function itemName(item: Located): string | undefined {
  for (const key of ITEM_NAMES) {
    const named = child(item, key);
    if (named?.kind === "scalar" && typeof named.value === "string") return named.value;
  }
  return undefined;
}

/** The part of a map, or of a list by number or item name. */
export function member(node: Located, step: string): Located | undefined {
  if (node.kind !== "list") return child(node, step);
  return node.items.find((item) => itemName(item) === step) ??
    (/^\d+$/.test(step) ? node.items[Number(step)] : undefined);
}

/** The names by which {@link member} finds something. */
export function memberNames(node: Located): string[] {
  if (node.kind === "map") return [...node.entries.keys()];
  if (node.kind === "list") return node.items.map((item, index) => itemName(item) ?? `${index}`);
  return [];
}

/** Whether a text holds a reference. */
export function hasReference(node: Located): boolean {
  return JSON.stringify(toPlain(node))?.includes("${") ?? false;
}
