/** Request files of `deno task explore`: one request or a list, nested or flat, YAML or JSON. */
import { type Location, type Problem, UserError } from "../base/errors.ts";
import { DesignSpace, ExploreRequest, FlatRequest, Objective, Power } from "../network/explore.ts";

import { elements, type ResolvedLayer } from "../network/network.ts";
import { Protocol } from "../network/platform.ts";
import { type PreparedRequest, prepareLayers, prepareRequest } from "../native/mod.ts";
import type { ProfileCache } from "../native/mod.ts";
import { fromPlain, locate, type Located, type Path, toPlain } from "../pipeline/located.ts";
import { check } from "../pipeline/schema_problems.ts";
import { parseYaml } from "../pipeline/yaml_source.ts";

/** The profile of flat requests that name none: the published figures are written that way. */
export const DEFAULT_PROFILE = "msp430fr5994-inas2021";

/** What the command line sets for every request of the file. */
export interface RequestOverrides {
  space?: DesignSpace | undefined;
  protocol?: Protocol | undefined;
  power?: Power | undefined;
  objective?: Objective | undefined;
}

export interface RequestFile {
  requests: PreparedRequest[];
  /** Whether one request was asked, so that one answer is given, or a list. */
  single: boolean;
  /** Choices that were made for the user, each said once. */
  notes: string[];
}

/**
 * Reads and resolves a request file.
 * @param text YAML or JSON @param file the name shown in messages @param root of the checkout
 * @throws UserError naming line, column, value and nearest name of every mistake
 */
export async function readRequests(
  text: string,
  file: string,
  root: string,
  overrides: RequestOverrides = {},
): Promise<RequestFile> {
  const quick = parseJson(text, file);
  let unplaced: UserError | undefined;
  if (quick !== undefined) {
    try {
      return await resolveFile(quick, root, overrides);
    } catch (error) {
      // Plain JSON knows no places: the slower parser finds the same mistakes and where they stand.
      if (!(error instanceof UserError)) throw error;
      unplaced = error;
    }
  }
  const { root: tree, problems } = parseYaml(text, file);
  // Of a list beyond that parser's limits the mistakes are told by their fields alone.
  if (problems.length > 0) throw unplaced ?? new UserError(problems);
  return await resolveFile(tree, root, overrides);
}

function parseJson(text: string, file: string): Located | undefined {
  try {
    return fromPlain(JSON.parse(text), { file });
  } catch {
    return undefined;
  }
}

/** One request of the file, and the path at which it stands. */
interface Item {
  node: Located;
  path: Path;
  /** Of a list whose name says how its networks are powered. */
  power?: Power;
}

async function resolveFile(
  tree: Located,
  root: string,
  overrides: RequestOverrides,
): Promise<RequestFile> {
  const { items, single } = listItems(tree);
  const profiles: ProfileCache = new Map();
  const notes = new Set<string>();
  const problems: Problem[] = [];
  const requests: PreparedRequest[] = [];
  for (const item of items) {
    try {
      requests.push(await resolveItem(item, root, profiles, overrides, notes));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems.map((problem) => placed(problem, item)));
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  return { requests, single, notes: [...notes] };
}

function listItems(tree: Located): { items: Item[]; single: boolean } {
  if (tree.kind === "list") {
    if (tree.items.length === 0) throw wrong("holds no request", tree.origin);
    return {
      items: tree.items.map((node, i) => ({ node, path: [i] })),
      single: false,
    };
  }
  if (tree.kind !== "map") throw wrong("holds no request", tree.origin);
  const groups = Power.options.filter((power) => tree.entries.has(power));
  if (groups.length === 0) {
    return { items: [{ node: tree, path: [] }], single: true };
  }
  const items = groups.flatMap((power) => {
    const group = tree.entries.get(power)!.node;
    if (group.kind !== "list") {
      throw wrong(`"${power}" must be a list of networks`, group.origin);
    }
    return group.items.map((node, i): Item => ({
      node,
      path: [power, i],
      power,
    }));
  });
  return { items, single: false };
}

function wrong(message: string, location: Location): UserError {
  return new UserError({
    message,
    location,
    expected: "a request, a list of requests, or lists called intermittent and continuous",
  });
}

async function resolveItem(
  item: Item,
  root: string,
  profiles: ProfileCache,
  overrides: RequestOverrides,
  notes: Set<string>,
): Promise<PreparedRequest> {
  const field = item.path.join(".");
  const set = <T extends object>(request: T): T => ({
    ...request,
    ...defined(overrides),
  });
  const nested = item.node.kind === "map" && item.node.entries.has("network");
  if (nested) {
    const { value, problems } = check(ExploreRequest, item.node, field);
    if (value === undefined) throw new UserError(problems);
    return await prepareRequest(set(value), root, profiles);
  }
  const { value, problems } = check(FlatRequest, item.node, field);
  if (value === undefined) throw new UserError(problems);
  const power = item.power ?? value.power;
  const profile = value.platform?.profile ?? DEFAULT_PROFILE;
  if (value.platform?.profile === undefined) {
    notes.add(`no platform profile is named: ${DEFAULT_PROFILE} is taken`);
  }
  const layers = resolveFlat(value.layers);
  return await prepareLayers(
    set({
      name: value.name,
      power,
      space: value.space,
      ...defined({
        protocol: value.protocol,
        objective: value.objective,
        pin: value.pin,
        scheme: value.scheme,
        b: value.b,
        after_commit: value.after_commit,
        latency_limit_s: value.latency_limit_s,
      }),
      platform: { ...value.platform, profile },
      input: layers[0]!.input,
      layers,
    }),
    root,
    profiles,
  );
}

function defined<T extends object>(
  fields: T,
): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]: NonNullable<T[K]> };
}

/** Layers whose shapes are spelt out, checked against each other; padding follows from the shapes. */
function resolveFlat(layers: FlatRequest["layers"]): ResolvedLayer[] {
  let before: ResolvedLayer | undefined;
  return layers.map((layer, i) => {
    const name = `${layer.type}${i + 1}`;
    const fail = (
      part: string,
      message: string,
      value: unknown,
      expected: string,
    ): never => {
      throw new UserError({
        message: `layer ${i + 1} (${layer.type}): ${message}`,
        field: `layers.${i}.${part}`,
        value,
        expected,
      });
    };
    const { type, input, output, kernel } = layer;
    const stride = typeof layer.stride === "number"
      ? { h: layer.stride, w: layer.stride }
      : layer.stride;
    if (before !== undefined && elements(before.output) !== elements(input)) {
      fail(
        "input",
        "does not take what the layer before gives",
        input,
        show(before.output),
      );
    }
    const padding = { top: 0, bottom: 0, left: 0, right: 0 };
    if (type === "conv") {
      const rows = implied(input.h, kernel.h, stride.h, output.h);
      const columns = implied(input.w, kernel.w, stride.w, output.w);
      if (rows === undefined || columns === undefined) {
        const side = (size: number, k: number, s: number) =>
          Math.max(0, Math.floor((size - k) / s) + 1);
        const h = side(input.h, kernel.h, stride.h),
          w = side(input.w, kernel.w, stride.w);
        fail(
          "output",
          "does not follow from input, kernel and stride",
          output,
          `${h} x ${w}`,
        );
      } else {
        [padding.top, padding.bottom] = rows;
        [padding.left, padding.right] = columns;
      }
    } else {
      if (kernel.h !== input.h || kernel.w !== input.w) {
        fail(
          "kernel",
          "the kernel must cover the input",
          kernel,
          `${input.h} x ${input.w}`,
        );
      }
      if (output.h !== 1 || output.w !== 1) {
        fail("output", "gives one pixel", output, "1 x 1");
      }
      if (type === "global_avg_pool" && output.channels !== input.channels) {
        fail(
          "output",
          "keeps its channels",
          output.channels,
          String(input.channels),
        );
      }
    }
    before = {
      name,
      type,
      inputs: [i - 1],
      input,
      output,
      kernel,
      stride,
      padding,
      groups: 1,
      activation: "none",
      bias: false,
    };
    return before;
  });
}

/** Padding before and after (the smaller share first) that makes `size` give `out`; undefined: none does. */
function implied(
  size: number,
  kernel: number,
  stride: number,
  out: number,
): [number, number] | undefined {
  const needed = (out - 1) * stride + kernel - size;
  if (needed <= 0) return needed > -stride ? [0, 0] : undefined;
  // More would make whole windows of padding.
  if (needed > 2 * (kernel - 1)) return undefined;
  return [Math.floor(needed / 2), Math.ceil(needed / 2)];
}

function show(
  { h, w, channels }: { h: number; w: number; channels: number },
): string {
  return `${h} x ${w} x ${channels}`;
}

/** Adds place and path to a problem that was found after the file had been checked by its schema. */
function placed(problem: Problem, item: Item): Problem {
  // A problem of another file (a profile) stands where it stands.
  if (problem.location !== undefined) return problem;
  const path = placeOf(problem, item.node);
  const fields = [...item.path, ...path];
  return {
    ...problem,
    location: locate(item.node, path),
    ...(fields.length > 0 ? { field: fields.join(".") } : {}),
  };
}

function placeOf({ field }: Problem, node: Located): Path {
  if (field === undefined) return [];
  const layer = field.match(/^layers\.(\d+)(?:\.(\w+))?/);
  if (layer !== null) {
    const nested = (toPlain(node) as Record<string, unknown>)["network"] !== undefined;
    const at = [...(nested ? ["network"] : []), "layers", Number(layer[1])];
    return layer[2] === undefined ? at : [...at, layer[2]];
  }
  if (field === "profile") return ["platform", "profile"];
  // Contradictions within a platform: `platforms.NAME` or `platforms.NAME.kernel`.
  if (field.startsWith("platforms.")) {
    return field.endsWith(".kernel") ? ["platform", "kernel"] : ["platform"];
  }
  return field.split(".");
}
