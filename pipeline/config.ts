/**
 * `pipeline.yaml` to a checked graph. Everything that is wrong is found here, all at once, before
 * anything runs, and is reported with its place.
 */
import { z } from "zod";
import { nearestName, type Problem, UserError } from "../base/errors.ts";
import { findCycles, type Needs, topologicalOrder } from "./graph.ts";
import { hasReference, interpolate } from "./interpolate.ts";
import {
  child,
  descend,
  emptyMap,
  fromPlain,
  type Located,
  type LocatedMap,
  merge,
  toPlain,
} from "./located.ts";
import { applyOverride, type Override } from "./overrides.ts";
import type { Registry } from "./registry.ts";
import { check } from "./schema_problems.ts";
import type { StageDefinition } from "./stage.ts";
import { parseYaml } from "./yaml_source.ts";

/** One stage of the graph, checked. */
export interface StageNode {
  /** Its name in the file, and its folder. */
  readonly name: string;
  readonly definition: StageDefinition;
  /** Names of the stages it needs. */
  readonly needs: readonly string[];
  /** Which of them serves each kind that the definition reads. */
  readonly inputOfKind: ReadonlyMap<string, string>;
  /** Checked `with`. */
  readonly parameters: unknown;
  /** `with` as written, for problems that preflight finds. */
  readonly written: Located;
}

export interface Configuration {
  readonly file: string;
  /** `params.dataset`: names the folder below `out/`. */
  readonly dataset: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Each stands after all that it needs. */
  readonly stages: readonly StageNode[];
  readonly needs: Needs;
  /** The options that changed something, as written. */
  readonly overridden: readonly string[];
}

/** Names that become folders. */
const FOLDER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

const anyMap = z.record(z.string(), z.unknown()).nullish();
const stageShape = z.strictObject({
  uses: z.string().optional(),
  needs: z.array(z.string()).nullish(),
  with: anyMap,
});

/**
 * Reads and checks a configuration.
 *
 * @param file name of the file, for problems
 * @throws {@link UserError} with every problem found
 */
export function loadConfiguration(
  text: string,
  file: string,
  registry: Registry,
  options: readonly Override[] = [],
): Configuration {
  const { root, problems } = parseYaml(text, file);
  if (problems.length > 0) throw new UserError(problems);
  const sections = Object.keys(registry.sections);
  const presetShape = z.looseObject(
    Object.fromEntries(sections.map((name) => [name, z.unknown().optional()])),
  ).catchall(anyMap).nullish();
  const shape = z.strictObject({
    version: z.literal(1),
    params: anyMap,
    ...Object.fromEntries(sections.map((name) => [name, z.unknown().optional()])),
    presets: z.record(z.string(), presetShape).nullish(),
    stages: z.record(z.string(), stageShape),
  });
  problems.push(...check(shape, root, "").problems);
  if (root.kind !== "map") throw new UserError(problems);

  const stages = mapAt(root, "stages");
  const declared = mapAt(root, "params").entries;
  const overrides = options.filter(({ optional, path: [head, name = ""] }) =>
    !optional || (head === "params" && declared.has(name))
  );
  const heads = [
    "params",
    ...sections.filter((name) => root.entries.has(name)),
    ...stages.entries.keys(),
  ];
  for (const override of overrides) {
    const [head = ""] = override.path;
    if (!heads.includes(head)) {
      problems.push({
        message: `nothing is called "${head}"`,
        location: { file: override.option },
        expected: `one of ${heads.join(", ")}`,
        nearest: nearestName(head, heads),
      });
    }
  }
  const params = overriddenParams(mapAt(root, "params"), overrides, problems);
  const dataset = datasetName(params, problems);
  const graph = checkGraph(stages, registry, sections, problems);
  checkPresetNames(mapAt(root, "presets"), stages, sections, problems);

  const checked = checkParameters(root, params, dataset, graph, registry, overrides, problems);
  for (const [name, entry] of mapAt(root, "presets").entries) {
    if (name === dataset) continue;
    // A preset that is not chosen now is checked as well: its mistakes are found today.
    const other = mergeParam(params, "dataset", fromPlain(name, entry.keyOrigin));
    checkParameters(root, other, name, graph, registry, [], problems);
  }
  if (problems.length > 0) throw new UserError(distinct(problems));

  const needs = new Map(graph.map((node) => [node.name, node.needs]));
  const byName = new Map(checked.map((node) => [node.name, node]));
  return {
    file,
    dataset,
    params: toPlain(params) as Record<string, unknown>,
    stages: topologicalOrder(needs).map((name) => byName.get(name)!),
    needs,
    overridden: overrides.map((override) => override.option),
  };
}

function mapAt(node: Located, key: string): LocatedMap {
  const found = child(node, key);
  return found?.kind === "map" ? found : emptyMap(found?.origin ?? node.origin);
}

function overriddenParams(
  written: LocatedMap,
  overrides: readonly Override[],
  problems: Problem[],
): Located {
  for (const [name, { node }] of written.entries) {
    if (hasReference(node)) {
      problems.push({
        message: "a parameter cannot refer to something else",
        location: node.origin,
        field: `params.${name}`,
        value: toPlain(node),
        expected: "a plain value",
      });
    }
  }
  let params: Located = written;
  for (const override of overrides) {
    const [head, ...rest] = override.path;
    if (head !== "params") continue;
    const [name = ""] = rest;
    if (!written.entries.has(name)) {
      const names = [...written.entries.keys()];
      problems.push({
        message: `there is no parameter "${name}"`,
        location: { file: override.option },
        expected: `one of ${names.join(", ")}`,
        nearest: nearestName(name, names),
      });
      continue;
    }
    params = applyOverride(params, override, rest, "params", problems);
  }
  return params;
}

function mergeParam(params: Located, name: string, node: Located): Located {
  const over = emptyMap(node.origin);
  over.entries.set(name, { keyOrigin: node.origin, node });
  return merge(params, over);
}

function datasetName(params: Located, problems: Problem[]): string {
  const node = child(params, "dataset");
  const value = node && toPlain(node);
  if (typeof value === "string" && FOLDER_NAME.test(value)) return value;
  problems.push({
    message: node === undefined ? "is missing" : "cannot name a folder",
    location: (node ?? params).origin,
    field: "params.dataset",
    value,
    expected: "a name of letters, digits, '-', '_' and '.'",
  });
  return "";
}

interface GraphNode {
  name: string;
  definition: StageDefinition;
  needs: string[];
  inputOfKind: Map<string, string>;
  /** Whether one of its needs could not be understood; it may be the input that is missing. */
  unsure: boolean;
  with: Located;
}

function checkGraph(
  stages: LocatedMap,
  registry: Registry,
  sections: readonly string[],
  problems: Problem[],
): GraphNode[] {
  const names = [...stages.entries.keys()];
  const kinds = new Map(registry.stages.map((definition) => [definition.name, definition]));
  const nodes: GraphNode[] = [];
  const kindOf = new Map<string, string>();
  const needsOf = new Map<string, string[]>();
  for (const [name, entry] of stages.entries) {
    const field = `stages.${name}`;
    if (!FOLDER_NAME.test(name) || name === "params" || sections.includes(name)) {
      problems.push({
        message: `a stage cannot be called "${name}"`,
        location: entry.keyOrigin,
        field,
        expected: "a name of letters, digits, '-', '_' and '.' that names no section",
      });
    }
    const uses = child(entry.node, "uses");
    const kind = uses?.kind === "scalar" && typeof uses.value === "string" ? uses.value : name;
    kindOf.set(name, kind);
    const definition = kinds.get(kind);
    if (definition === undefined) {
      problems.push({
        message: `there is no stage of kind "${kind}"`,
        location: uses?.origin ?? entry.keyOrigin,
        field: uses ? `${field}.uses` : field,
        value: kind,
        expected: `one of ${[...kinds.keys()].join(", ")}`,
        nearest: nearestName(kind, kinds.keys()),
      });
    }
    const list = child(entry.node, "needs");
    const needs: string[] = [];
    let unsure = false;
    for (const [index, item] of (list?.kind === "list" ? list.items : []).entries()) {
      const need = toPlain(item);
      if (typeof need !== "string") continue;
      const at = { location: item.origin, field: `${field}.needs.${index}`, value: need };
      if (!names.includes(need)) {
        unsure = true;
        problems.push({
          message: `there is no stage "${need}"`,
          ...at,
          expected: `one of ${names.join(", ")}`,
          nearest: nearestName(need, names),
        });
      } else if (needs.includes(need)) {
        problems.push({ message: `"${need}" stands twice`, ...at });
      } else needs.push(need);
    }
    needsOf.set(name, needs);
    if (definition) {
      const written = mapAt(entry.node, "with");
      const origin = child(entry.node, "with") ? written.origin : entry.keyOrigin;
      const inputOfKind = new Map<string, string>();
      nodes.push({ name, definition, needs, inputOfKind, unsure, with: { ...written, origin } });
    }
  }
  for (const node of nodes) checkInputs(node, kindOf, stages, problems);
  for (const cycle of findCycles(needsOf)) {
    const closing = cycle.at(-2) ?? "";
    const list = descend(stages, [closing, "needs"]);
    const item = list?.kind === "list"
      ? list.items.find((candidate) => toPlain(candidate) === cycle.at(-1))
      : undefined;
    problems.push({
      message: `stages need each other in a circle: ${cycle.join(" -> ")}`,
      location: (item ?? stages).origin,
      field: `stages.${closing}.needs`,
    });
  }
  return nodes;
}

function checkInputs(
  node: GraphNode,
  kindOf: ReadonlyMap<string, string>,
  stages: LocatedMap,
  problems: Problem[],
): void {
  const entry = stages.entries.get(node.name)!;
  const written = child(entry.node, "needs");
  const at = { location: written?.origin ?? entry.keyOrigin, field: `stages.${node.name}.needs` };
  for (const kind of node.definition.needs) {
    const serving = node.needs.filter((need) => kindOf.get(need) === kind);
    const [input] = serving;
    if (serving.length > 1) {
      problems.push({
        message: `${node.name} reads one stage of kind "${kind}"`,
        ...at,
        value: serving,
        expected: `one of ${serving.join(", ")}`,
      });
    } else if (input !== undefined) {
      node.inputOfKind.set(kind, input);
    } else if (!node.unsure) {
      const able = [...kindOf].filter(([, other]) => other === kind).map(([name]) => name);
      problems.push({
        message: `${node.name} lacks its input "${kind}"`,
        ...at,
        value: node.needs,
        expected: able.length > 0
          ? `${able.join(" or ")} among its needs`
          : `a stage of kind ${kind} in this file and among its needs`,
        nearest: able[0],
      });
    }
  }
}

function checkPresetNames(
  presets: LocatedMap,
  stages: LocatedMap,
  sections: readonly string[],
  problems: Problem[],
): void {
  const names = [...stages.entries.keys(), ...sections];
  for (const [preset, { node }] of presets.entries) {
    if (node.kind !== "map") continue;
    for (const [stage, entry] of node.entries) {
      if (names.includes(stage)) continue;
      problems.push({
        message: `there is no stage or section "${stage}"`,
        location: entry.keyOrigin,
        field: `presets.${preset}.${stage}`,
        expected: `one of ${names.join(", ")}`,
        nearest: nearestName(stage, names),
      });
    }
  }
}

function checkParameters(
  root: Located,
  params: Located,
  dataset: string,
  graph: readonly GraphNode[],
  registry: Registry,
  overrides: readonly Override[],
  problems: Problem[],
): StageNode[] {
  const overridden = (tree: Located, name: string) =>
    overrides.filter((override) => override.path[0] === name).reduce(
      (changed, override) =>
        applyOverride(changed, override, override.path.slice(1), name, problems),
      tree,
    );
  const preset = mapAt(mapAt(root, "presets"), dataset);
  const scope = new Map([["params", params]]);
  for (const [name, schema] of Object.entries(registry.sections)) {
    const written = child(preset, name) ?? child(root, name);
    if (written === undefined) continue;
    const section = interpolate(
      overridden(written, name),
      new Map([["params", params]]),
      problems,
    );
    problems.push(...check(schema, section, name).problems);
    scope.set(name, section);
  }
  return graph.map((node) => {
    const chosen = merge(node.with, mapAt(preset, node.name));
    const before = problems.length;
    const written = interpolate(overridden(chosen, node.name), scope, problems);
    const result = before === problems.length
      ? check(node.definition.parameters, written, node.name)
      : { value: undefined, problems: [] };
    problems.push(...result.problems);
    return {
      name: node.name,
      definition: node.definition,
      needs: node.needs,
      inputOfKind: node.inputOfKind,
      parameters: result.value,
      written,
    };
  });
}

/** The same mistake seen through several stages (a shared section) is one mistake. */
function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ message, location, value }) => {
    const key = JSON.stringify([message, location, value]);
    return seen.has(key) ? false : (seen.add(key), true);
  });
}
