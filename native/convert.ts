/** Between the vocabulary of `network/` and the addon's plain objects. */
import { UserError } from "../base/errors.ts";
import { type Design, PUBLISHED_ORDERS, type Scheme } from "../network/design.ts";
import type {
  Binding,
  CostedDesign,
  DesignSpace,
  ExploreAnswer,
  FeasibleLayer,
  InfeasibleLayer,
  LayerAnswer,
  Objective,
  Power,
} from "../network/explore.ts";
import { elements, type ResolvedLayer, walkShape, weightShape } from "../network/network.ts";
import { energyBudget_J, type Platform, type Protocol } from "../network/platform.ts";
import type {
  NativeAnswer,
  NativeCosted,
  NativeLayer,
  NativeLayerAnswer,
  NativeRejection,
  NativeShares,
} from "./addon.ts";

/** What every conversion needs to know of a request. */
export interface Setting {
  protocol: Protocol;
  power: Power;
  platform: Platform;
  space?: DesignSpace;
  objective?: Objective | undefined;
  scheme?: Scheme | undefined;
}

/** Whether power cycles last until power fails, instead of ending with a commit. */
const untilFailure = ({ scheme = "tile" }: Setting) => scheme !== "tile";

const UNITS: Record<Binding, string> = {
  vm: "byte",
  energy: "J",
  nvm: "byte",
  alignment: "element",
  latency: "s",
};
const BINDINGS: readonly Binding[] = [
  "vm",
  "nvm",
  "energy",
  "alignment",
  "latency",
];

/** Fields of the addon's layer with a width limit (runtime-c/core/format.h), and that limit. */
const LIMITS: readonly [keyof NativeLayer, number][] = [
  ["h", 65535],
  ["w", 65535],
  ["n", 65535],
  ["r", 65535],
  ["c", 65535],
  ["m", 65535],
  ["kernel_h", 65535],
  ["kernel_w", 65535],
  ["stride_h", 255],
  ["stride_w", 255],
  ["pad_top", 255],
  ["pad_left", 255],
];

/** The walk counts bytes in 32 bits, sides in 16. */
const MAX_ELEMENTS = 2 ** 28;
const MAX_SIDE = 65535;

/** @param index of the layer, for messages @throws UserError where the explorer cannot walk it */
export function nativeLayer(layer: ResolvedLayer, index: number): NativeLayer {
  const field = `layers.${index} (${layer.name})`;
  const { input, output, kernel, stride } = layer;
  const kind = layer.type === "fc" ? "conv" : layer.type === "flatten" ? "none" : layer.type;
  if (kind === "conv" && layer.groups !== 1) {
    throw new UserError({
      message: `layer ${layer.name}: the runtime has no grouped convolution`,
      field,
      value: layer.groups,
      expected: "groups: 1, or a depthwise_conv",
    });
  }
  if ((kind === "add" || kind === "concat") && layer.inputs.length !== 2) {
    throw new UserError({
      message: `layer ${layer.name}: the runtime's ${kind} reads two maps`,
      field,
      value: layer.inputs.length,
      expected: `2 inputs; for more write one ${kind} behind the other`,
    });
  }
  const native: NativeLayer = {
    kind,
    has_bias: layer.bias,
    ...walkShape(layer),
    inputs: layer.inputs,
    output_elements: elements(output),
  };
  for (const [field, most] of LIMITS) {
    if (kind !== "none" && (native[field] as number) > most) {
      throw new UserError({
        message: `layer ${layer.name}: ${field} is beyond what the runtime's format holds`,
        value: native[field],
        expected: `at most ${most}`,
      });
    }
  }
  const padded = {
    h: (output.h - 1) * stride.h + kernel.h,
    w: (output.w - 1) * stride.w + kernel.w,
    channels: input.channels,
  };
  const sizes = [
    elements(input),
    elements(output),
    elements(padded),
    weightCount(layer),
  ];
  const tooLarge = Math.max(...sizes) > MAX_ELEMENTS ||
    Math.max(padded.h, padded.w) > MAX_SIDE;
  if (kind !== "none" && tooLarge) {
    throw new UserError({
      message: `layer ${layer.name} is larger than the explorer counts`,
      field,
      value: { input, output, kernel },
      expected:
        `at most ${MAX_SIDE} rows and columns, and ${MAX_ELEMENTS} elements of a map or of weights`,
    });
  }
  return native;
}

function weightCount(layer: ResolvedLayer): number {
  const shape = weightShape(layer);
  return shape.length === 0 ? 0 : shape.reduce((a, b) => a * b, 1);
}

/** Orders as answers write them: I, W, O where the protocol is the published one. */
function showDesign(design: Design, { protocol }: Setting): Design {
  const { Tr, Tc, Tm, Tn, loop_order, mac_span, S, B } = design;
  const published = Object.entries(PUBLISHED_ORDERS).find(([, order]) => order === loop_order);
  const shown = protocol === "inas2021" && published !== undefined ? published[0] : loop_order;
  return {
    Tr,
    Tc,
    Tm,
    Tn,
    loop_order: shown,
    mac_span,
    S,
    ...(B === undefined ? {} : { B }),
  };
}

function showShares(shares: NativeShares): NativeShares {
  const {
    preservation_share_time,
    preservation_share_energy,
    recovery_share_time,
    recovery_share_energy,
  } = shares;
  return {
    preservation_share_time,
    preservation_share_energy,
    recovery_share_time,
    recovery_share_energy,
  };
}

function showCosted(costed: NativeCosted, setting: Setting): CostedDesign {
  const intermittent = setting.power === "intermittent";
  return {
    ...showDesign(costed, setting),
    latency_s: costed.latency_s,
    ...(intermittent
      ? {
        energy_max_J: costed.energy_max_J,
        ...(untilFailure(setting) ? {} : {
          energy_min_J: costed.energy_min_J,
          energy_mean_J: costed.energy_J / costed.power_cycles,
        }),
        power_cycles: costed.power_cycles,
      }
      : {}),
    energy_J: costed.energy_J,
    vm_bytes: costed.vm_bytes,
    ...(setting.protocol === "brownout"
      ? {
        plane_bytes: costed.plane_bytes,
        ...showShares(costed),
      }
      : {}),
    written_bytes: costed.written_bytes,
  };
}

function showRejections(
  rejected: NativeLayerAnswer["rejected"],
  setting: Setting,
): FeasibleLayer["rejected"] {
  return Object.fromEntries(
    BINDINGS.flatMap((binding) => {
      const found = rejected[binding];
      return found === undefined ? [] : [[binding, {
        count: found.count,
        witness: showDesign(found.witness, setting),
        violation: found.violation,
        unit: UNITS[binding],
        sole: found.sole,
      }]];
    }),
  );
}

/** Limit that a violation is relative to; alignment has none and comes last. */
function limitOf(binding: Binding, platform: Platform): number {
  switch (binding) {
    case "vm":
      return platform.vm_bytes;
    case "nvm":
      return platform.nvm_bytes;
    case "energy":
      return energyBudget_J(platform).safe_J;
    default:
      return 0;
  }
}

/** The rejection that is easiest to mend: sole misses first, then the smallest relative excess. */
function nearestMiss(
  rejected: NativeLayerAnswer["rejected"],
  platform: Platform,
): [Binding, NativeRejection] {
  const excess = ([binding, miss]: [Binding, NativeRejection]) =>
    limitOf(binding, platform) > 0 ? miss.violation / limitOf(binding, platform) : Infinity;
  const misses = BINDINGS.flatMap((binding): [Binding, NativeRejection][] => {
    const found = rejected[binding];
    return found === undefined ? [] : [[binding, found]];
  });
  const sole = misses.filter(([, miss]) => miss.sole);
  const [nearest] = (sole.length > 0 ? sole : misses).sort((a, b) => excess(a) - excess(b));
  if (nearest === undefined) {
    throw new Error("an infeasible layer without a rejected design");
  }
  return nearest;
}

function showLayer(
  { name, input, output }: ResolvedLayer,
  native: NativeLayer,
  layer: NativeLayerAnswer | null,
  choice: number,
  setting: Setting,
): LayerAnswer {
  const coverage = layer?.coverage === undefined ? {} : { coverage: layer.coverage };
  const { platform, protocol, power } = setting;
  if (layer === null) return idleLayer(name, setting);
  const best = layer.best[choice];
  const others = layer.best.map((costed) => showCosted(costed, setting));
  if (layer.coverage?.total === 0) {
    throw new UserError({
      message: `layer ${name}: no design has the pinned axes`,
      field: `pin.${name}`,
      value: native.pin,
      expected: "sizes within the layer's, S within the sweep, an order that the layer takes",
    });
  }
  const rejected = showRejections(layer.rejected, setting);
  if (best === undefined) {
    if (!layer.proven_optimal && Object.keys(layer.rejected).length === 0) {
      throw new UserError({
        message: `layer ${name}: the time was up before a safe design was found`,
        field: "time_limit_s",
        help: "Allow more time; nothing is known of this layer yet.",
      });
    }
    const [binding, miss] = nearestMiss(layer.rejected, platform);
    const together = Object.entries(layer.nearest?.over ?? {}).map(([binding, violation]) => ({
      binding: binding as Binding,
      violation,
      unit: UNITS[binding as Binding],
    }));
    return {
      name,
      feasible: false,
      binding,
      violation: miss.violation,
      unit: UNITS[binding],
      nearest: showDesign(layer.nearest?.design ?? miss.witness, setting),
      latency_s: null,
      designs_total: layer.designs_total,
      designs_feasible: 0,
      ...(together.length > 0 ? { together } : {}),
      ...(layer.coverage === undefined ? {} : { proven_infeasible: layer.proven_optimal }),
      ...coverage,
      rejected,
    } satisfies InfeasibleLayer;
  }
  return {
    name,
    feasible: true,
    ...showCosted(best, setting),
    ...(protocol === "brownout" ? { vm: best.vm, batches: best.batches } : {}),
    ...(power === "intermittent"
      ? { slack_J: energyBudget_J(platform).safe_J - best.energy_max_J }
      : {}),
    slack_vm_bytes: platform.vm_bytes - best.vm_bytes,
    designs_total: layer.designs_total,
    designs_feasible: layer.designs_feasible,
    proven_optimal: layer.proven_optimal,
    ...(layer.lower_bound === undefined ? {} : { lower_bound: layer.lower_bound }),
    ...coverage,
    ...(native.n === input.channels ? {} : { padded_input_channels: native.n }),
    ...(native.m === output.channels ? {} : { padded_output_channels: native.m }),
    ...(setting.objective === "pareto"
      ? { runners_up: [], front: others }
      : { runners_up: others.filter((_, i) => i !== choice).slice(0, 3) }),
    rejected,
  } satisfies FeasibleLayer;
}

/** A layer that only renames its input map: one design, no work, no power cycle. */
function idleLayer(name: string, setting: Setting): FeasibleLayer {
  const order = setting.protocol === "inas2021" ? "O" : PUBLISHED_ORDERS.O;
  const intermittent = setting.power === "intermittent";
  return {
    name,
    feasible: true,
    Tr: 1,
    Tc: 1,
    Tm: 1,
    Tn: 1,
    loop_order: order,
    mac_span: "channel",
    S: 1,
    latency_s: 0,
    ...(intermittent ? { energy_max_J: 0, energy_min_J: 0, power_cycles: 0 } : {}),
    energy_J: 0,
    vm_bytes: 0,
    ...(setting.protocol === "brownout" ? { plane_bytes: 0, batches: 0 } : {}),
    written_bytes: 0,
    slack_vm_bytes: setting.platform.vm_bytes,
    designs_total: 1,
    designs_feasible: 1,
    proven_optimal: true,
    runners_up: [],
    rejected: {},
  };
}

/** The answer to one request, as `designs.json` and `deno task explore --json` carry it. */
export function showAnswer(
  name: string,
  layers: readonly ResolvedLayer[],
  natives: readonly NativeLayer[],
  answer: NativeAnswer,
  setting: Setting,
): ExploreAnswer {
  const intermittent = setting.power === "intermittent";
  const { feasible } = answer;
  const misses = answer.misses.map((miss) => ({ ...miss, unit: UNITS[miss.binding] }));
  return {
    name,
    feasible,
    latency_s: feasible ? answer.latency_s : null,
    energy_J: feasible ? answer.energy_J : null,
    ...(intermittent
      ? {
        power_cycles: feasible ? answer.power_cycles : null,
        energy_max_J: feasible ? answer.energy_max_J : null,
        energy_mean_J: feasible ? answer.energy_J / answer.power_cycles : null,
      }
      : {}),
    vm_bytes: feasible ? answer.vm_bytes : null,
    nvm_bytes: feasible ? answer.nvm_bytes : null,
    written_bytes: feasible ? answer.written_bytes : null,
    ...(feasible && setting.protocol === "brownout" ? showShares(answer) : {}),
    layers: answer.layers.map((layer, i) =>
      showLayer(layers[i]!, natives[i]!, layer, answer.choices[i]!, setting)
    ),
    ...(setting.objective === "pareto" ? { front: answer.front } : {}),
    ...(answer.delivery !== undefined &&
        Number.isFinite(answer.delivery.latency_s)
      ? { delivery: answer.delivery }
      : {}),
    ...(answer.nvm !== undefined ? { nvm: answer.nvm } : {}),
    ...(misses.length > 0 ? { ...misses[0], misses } : {}),
  };
}
