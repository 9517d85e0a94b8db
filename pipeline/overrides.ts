/** `--set a.b=c`: what the command line lays upon the file. */
import { type Location, nearestName, type Problem, UserError } from "../base/errors.ts";
import { child, emptyMap, type Located, merge } from "./located.ts";
import { itemName, member, memberNames } from "./interpolate.ts";
import { parseValue } from "./yaml_source.ts";

export interface Override {
  /** As the user wrote it, e.g. `--set search.trials=5`; recorded, and shown in problems. */
  readonly option: string;
  /** First `params`, a section or a stage; then keys. */
  readonly path: readonly string[];
  readonly node: Located;
  /** Left out where the file has no such parameter: an environment variable is no demand. */
  readonly optional?: boolean;
}

/** Reads `a.b=c`. @throws {@link UserError} where it is not of that form */
export function parseSet(text: string): Override {
  const option = `--set ${text}`;
  const location: Location = { file: option };
  const equals = text.indexOf("=");
  const path = text.slice(0, Math.max(equals, 0)).split(".");
  if (equals < 1 || path.some((part) => part === "")) {
    throw new UserError({
      message: "cannot be understood",
      location,
      expected: "NAME.KEY=VALUE, e.g. --set search.trials=50",
    });
  }
  if (path.length < 2) {
    throw new UserError({
      message: `"${path[0]}" alone cannot be set`,
      location,
      expected: `${path[0]}.KEY=VALUE`,
    });
  }
  const { node, problems } = parseValue(text.slice(equals + 1), location);
  if (problems.length > 0) throw new UserError(problems);
  return { option, path, node };
}

/** An override that another option stands for, e.g. `--dataset har` for `params.dataset`. */
export function optionOverride(option: string, path: readonly string[], value: string): Override {
  return { option, path, node: { kind: "scalar", value, origin: { file: option } } };
}

/**
 * `tree` with `override` laid upon it.
 *
 * @param rest what of the override's path leads below `tree`
 * @param walked what led to `tree`, for problems
 */
export function applyOverride(
  tree: Located,
  override: Override,
  rest: readonly string[],
  walked: string,
  problems: Problem[],
): Located {
  const [step, ...further] = rest;
  if (step === undefined) return merge(tree, override.node);
  const location: Location = { file: override.option };
  const name = `${walked}.${step}`;
  if (tree.kind === "list") {
    const item = member(tree, step);
    if (item === undefined) {
      const names = memberNames(tree);
      problems.push({
        message: `${walked} has no item "${step}"`,
        location,
        expected: names.length > 0 ? `one of ${names.join(", ")}` : "nothing: the list is empty",
        nearest: nearestName(step, names),
      });
      return tree;
    }
    const changed = applyOverride(item, override, further, name, problems);
    if (further.length > 0 && itemName(item) !== undefined) {
      if (itemName(changed) !== itemName(item)) {
        problems.push({ message: `${name}: the name of an item cannot be set`, location });
      }
    }
    return { ...tree, items: tree.items.map((other) => other === item ? changed : other) };
  }
  if (tree.kind === "scalar" && tree.value !== null) {
    const reference = typeof tree.value === "string" && tree.value.startsWith("${");
    problems.push({
      message: `${walked} is ${JSON.stringify(tree.value)} and has no "${step}"`,
      location,
      help: reference
        ? `Set what it refers to: --set ${String(tree.value).slice(2, -1)}.KEY=VALUE`
        : undefined,
    });
    return tree;
  }
  const map = tree.kind === "map" ? tree : emptyMap(location);
  const before = child(map, step);
  const node = before === undefined && further.length === 0
    ? override.node
    : applyOverride(before ?? emptyMap(location), override, further, name, problems);
  const keyOrigin = map.entries.get(step)?.keyOrigin ?? location;
  return { ...map, entries: new Map([...map.entries, [step, { keyOrigin, node }]]) };
}
