/**
 * The explorer: the best execution and preservation design of every layer of a network on a platform.
 *
 * ```ts
 * const answer = await exploreNetwork(network, { profile: "msp430fr5994-spi", capacitance_F: 0.001 });
 * if (answer.feasible) console.log(answer.latency_s, answer.layers.map((layer) => layer.name));
 * ```
 *
 * The work is done by the C++ addon, off the event loop, on several threads; the answer never depends on
 * how many. Units: seconds, joules, bytes.
 */
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { nearestName, UserError } from "../base/errors.ts";
import { PUBLISHED_ORDERS, type Scheme } from "../network/design.ts";
import { padChannels, padLooseChannels } from "../network/channel_padding.ts";
import type {
  DesignSpace,
  ExploreAnswer,
  ExploreRequest,
  Objective,
  Pin,
  Power,
} from "../network/explore.ts";
import {
  elements,
  type Network,
  type ResolvedLayer,
  resolveLayers,
  type Shape,
} from "../network/network.ts";
import {
  type Platform,
  type PlatformChoice,
  type PlatformProfile,
  type Protocol,
  readProfile,
  resolvePlatform,
} from "../network/platform.ts";
import { loadExplorer, type NativeLayer, type NativeRequest } from "./addon.ts";
import { nativeLayer, type Setting, showAnswer } from "./convert.ts";
import { preservationOf } from "./preservation.ts";
import { runOnRelaxations, showRunOn } from "./run_on.ts";

export { loadExplorer } from "./addon.ts";
export { exploreSpace, type SpaceTable } from "./space.ts";
export { SpaceQuery } from "./space_query.ts";

export interface ExploreOptions {
  /** Threads of the explorer; default: all. The answer does not depend on it. */
  threads?: number | undefined;
  /** Aborting it rejects with its reason within a tenth of a second. */
  signal?: AbortSignal | undefined;
  /**
   * After which full spaces are left with the best found, a bound and its gap; the answer then
   * depends on the machine. Default: none.
   */
  time_limit_s?: number | undefined;
  /** Root of the checkout, where `platforms/` and the addon lie; default: this one. */
  root?: string | undefined;
}

/** What {@link prepareLayers} resolves: a request whose shapes are known already. */
export interface ResolvedRequest extends
  Pick<
    ExploreRequest,
    | "name"
    | "power"
    | "space"
    | "objective"
    | "pin"
    | "latency_limit_s"
    | "scheme"
    | "b"
    | "after_commit"
  > {
  protocol?: Protocol | undefined;
  platform: PlatformChoice;
  input: Shape;
  layers: ResolvedLayer[];
  /** The layers are those of a space, not of one network: which of them write a network's output. */
  loose_outputs?: ReadonlySet<number> | undefined;
}

/** A request with platform and shapes resolved: what the model takes. */
export interface PreparedRequest extends Setting {
  name: string;
  layers: ResolvedLayer[];
  native: NativeRequest;
}

/** Profiles that were read already, by name; hand one to several calls. */
export type ProfileCache = Map<string, PlatformProfile>;

/**
 * Resolves a request against the platform profiles of `root`.
 * @throws UserError on an unknown profile, shapes that do not fit, or what the explorer cannot do
 */
export function prepareRequest(
  request: ExploreRequest,
  root?: string,
  profiles?: ProfileCache,
): Promise<PreparedRequest> {
  const { network, ...rest } = request;
  const layers = resolveLayers(network);
  return prepareLayers(
    { ...rest, input: network.input, layers },
    root,
    profiles,
  );
}

/** {@link prepareRequest} for layers whose shapes are known already. */
export async function prepareLayers(
  request: ResolvedRequest,
  root: string = join(import.meta.dirname!, ".."),
  profiles: ProfileCache = new Map(),
): Promise<PreparedRequest> {
  const { profile: name, ...overrides } = request.platform;
  const profile = profiles.get(name) ??
    await readProfile(join(root, "platforms"), name);
  profiles.set(name, profile);
  const platform = resolvePlatform(profile, overrides);
  const { power, layers } = request;
  const protocol = request.protocol ?? platform.protocol;
  checkSupported(request, protocol, platform);
  checkPublished(request, protocol);
  const { space, objective, latency_limit_s, input } = request;
  // Published designs are left as they were published.
  const multiple = space === "full" ? platform.length_multiple : 1;
  const { loose_outputs } = request;
  const padding = padChannels(layers, input, loose_outputs === undefined ? multiple : 1);
  const walked = loose_outputs === undefined
    ? padding.layers
    : padLooseChannels(layers, loose_outputs, multiple);
  const channels = loose_outputs === undefined
    ? padding.input.length
    : input.channels + input.channels % multiple;
  const natives = walked.map(nativeLayer);
  const preservation = preservationOf(request);
  return {
    name: request.name,
    protocol,
    power,
    platform,
    space,
    objective: request.objective,
    scheme: preservation.scheme,
    layers,
    native: {
      protocol,
      power,
      platform,
      space,
      ...preservation,
      ...(objective === undefined ? {} : { objective }),
      ...(latency_limit_s === undefined ? {} : { latency_limit_s }),
      input_elements: elements({ ...input, channels }),
      layers: pinLayers(request, natives),
    },
  };
}

/** @throws UserError on a pin for a layer that the network has not, or outside the full space */
function pinLayers(
  { name, space, layers, pin }: ResolvedRequest,
  natives: NativeLayer[],
): NativeLayer[] {
  if (pin === undefined) return natives;
  if (space !== "full") {
    throw new UserError({
      message: `${name}: axes can be pinned in the full space only`,
      field: "pin",
      value: pin,
      expected: "space: full",
    });
  }
  const names = layers.map((layer) => layer.name);
  for (const key of Object.keys(pin)) {
    if (key === "*" || names.includes(key)) continue;
    throw new UserError({
      message: `${name}: no layer "${key}" to pin`,
      field: `pin.${key}`,
      value: key,
      expected: ["*", ...names].join(", "),
      nearest: nearestName(key, names),
    });
  }
  return natives.map((native, i) => {
    const fixed = pin[names[i]!] ?? pin["*"];
    if (fixed === undefined) return native;
    const { loop_order, ...rest } = fixed;
    const order = loop_order === undefined
      ? undefined
      : PUBLISHED_ORDERS[loop_order as keyof typeof PUBLISHED_ORDERS] ??
        loop_order;
    return {
      ...native,
      pin: { ...rest, ...(order === undefined ? {} : { loop_order: order }) },
    };
  });
}

/** @throws UserError on a layer type that the published model does not know */
function checkPublished(
  { name, layers }: ResolvedRequest,
  protocol: Protocol,
): void {
  const known: readonly string[] = ["conv", "fc", "global_avg_pool", "flatten"];
  const foreign = layers.find(({ type }) => !known.includes(type));
  if (protocol !== "inas2021" || foreign === undefined) return;
  throw new UserError({
    message: `${name}: protocol inas2021 knows no ${foreign.type} layer (${foreign.name})`,
    field: "protocol",
    value: protocol,
    expected: "brownout",
    help: "Choose a platform whose profile is not msp430fr5994-inas2021, or ask for the protocol.",
  });
}

function checkSupported(
  request: ResolvedRequest,
  protocol: Protocol,
  platform: Platform,
): void {
  const full = request.space === "full";
  if (full && protocol !== "brownout") {
    throw new UserError({
      message: `${request.name}: the full space is that of protocol brownout`,
      field: "space",
      value: request.space,
      expected: "published",
      help: "Protocol inas2021 describes the published designs only.",
    });
  }
  if (protocol !== "brownout") {
    if (request.scheme !== undefined && request.scheme !== "tile") {
      throw new UserError({
        message: `${request.name}: protocol ${protocol} knows scheme tile only`,
        field: "scheme",
        value: request.scheme,
        expected: "tile, or protocol brownout",
      });
    }
    return;
  }
  if (request.power === "continuous") {
    throw new UserError({
      message: `${request.name}: protocol brownout describes intermittent power only`,
      field: "power",
      value: request.power,
      expected: "intermittent",
      help:
        "For the published model ask for protocol inas2021. Plugged in, the runtime does the same " +
        "batches and commits: after_commit run_on tells their time as running_s.",
    });
  }
  if (platform.element_bytes === 1 && platform.kernel === "lea") {
    throw new UserError({
      message: `${request.name}: LEA multiplies 16-bit numbers`,
      field: "platform.element_bytes",
      value: platform.element_bytes,
      expected: "2, or another kernel",
    });
  }
}

/**
 * Explores a list of networks in one go; layers that are alike are explored once.
 * @returns one answer per request, in the order asked; infeasible ones say what binds
 * @throws UserError on requests that cannot be understood or done, and where the addon is missing
 */
export async function explore(
  requests: readonly ExploreRequest[],
  options?: ExploreOptions,
): Promise<ExploreAnswer[]>;
/** Explores one network. */
export async function explore(
  request: ExploreRequest,
  options?: ExploreOptions,
): Promise<ExploreAnswer>;
export async function explore(
  asked: ExploreRequest | readonly ExploreRequest[],
  options: ExploreOptions = {},
): Promise<ExploreAnswer | ExploreAnswer[]> {
  const requests: readonly ExploreRequest[] = Array.isArray(asked)
    ? asked
    : [asked as ExploreRequest];
  const profiles: ProfileCache = new Map();
  const prepared: PreparedRequest[] = [];
  for (const request of requests) {
    prepared.push(await prepareRequest(request, options.root, profiles));
  }
  const answers = await explorePrepared(prepared, options);
  return Array.isArray(asked) ? answers : answers[0]!;
}

/** {@link explore} for requests that are prepared already. */
export async function explorePrepared(
  prepared: readonly PreparedRequest[],
  options: ExploreOptions = {},
): Promise<ExploreAnswer[]> {
  const { signal, threads = availableParallelism(), root } = options;
  signal?.throwIfAborted();
  const bounded = prepared.flatMap((p, index) =>
    p.native.scheme === "tile" && p.native.after_commit === "run_on" ? [index] : []
  );
  // In one go with their relaxations: layers that are alike are explored once.
  const answers = await exploreNative(
    [
      ...prepared.map((p) => p.native),
      ...bounded.flatMap((index) => runOnRelaxations(prepared[index]!.native)),
    ],
    threads,
    signal,
    root,
    options.time_limit_s,
  );
  return prepared.map((p, i) => {
    const shown = showAnswer(p.name, p.layers, p.native.layers, answers[i]!, p);
    if (p.native.after_commit !== "run_on" || !shown.feasible) return shown;
    const place = bounded.indexOf(i), at = prepared.length + 2 * place;
    const relaxed = place < 0 ? undefined : answers.slice(at, at + 2);
    return { ...shown, run_on: showRunOn(p, answers[i]!, relaxed, root) };
  });
}

async function exploreNative(
  requests: NativeRequest[],
  threads: number,
  signal: AbortSignal | undefined,
  root: string | undefined,
  time_limit_s: number | undefined,
) {
  const { promise, cancel } = loadExplorer(root).explore(
    requests,
    threads,
    time_limit_s,
  );
  signal?.addEventListener("abort", cancel, { once: true });
  // An abort between the last look and the listener would go unnoticed.
  if (signal?.aborted) cancel();
  try {
    const answers = await promise;
    if (answers === null) {
      signal?.throwIfAborted();
      throw new Error("the explorer stopped without being asked to");
    }
    return answers;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/** What {@link exploreNetwork} may be told beside network and platform. */
export interface NetworkOptions extends ExploreOptions {
  space?: DesignSpace | undefined;
  power?: Power | undefined;
  protocol?: Protocol | undefined;
  objective?: Objective | undefined;
  /** By layer name, `*` for the others. */
  pin?: Record<string, Pin> | undefined;
  latency_limit_s?: number | undefined;
  scheme?: Scheme | undefined;
  b?: number | undefined;
}

/**
 * Explores one network on one platform, by default under the platform's own protocol, intermittent power
 * and the published space.
 * @returns `feasible`, `latency_s` (null where infeasible), per layer the design and its costs
 * @throws UserError as {@link explore}
 */
export function exploreNetwork(
  network: Network,
  platform: PlatformChoice,
  options: NetworkOptions = {},
): Promise<ExploreAnswer> {
  const {
    space = "published",
    power = "intermittent",
    protocol,
    objective,
    pin,
    latency_limit_s,
    scheme,
    b,
    ...rest
  } = options;
  return explore({
    name: network.name,
    power,
    space,
    ...(protocol !== undefined ? { protocol } : {}),
    ...(objective !== undefined ? { objective } : {}),
    ...(pin !== undefined ? { pin } : {}),
    ...(latency_limit_s !== undefined ? { latency_limit_s } : {}),
    ...(scheme !== undefined ? { scheme } : {}),
    ...(b !== undefined ? { b } : {}),
    platform,
    network,
  }, rest);
}
