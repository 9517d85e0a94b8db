/** The layers as the runtime knows them: `bo_layer` of runtime-c/core/format.h, field by field. */
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import type { Requantisation } from "../../network/artifacts/quantized.ts";
import { keepsMarks, PUBLISHED_ORDERS, type Scheme } from "../../network/design.ts";
import type { DesignsArtifact, FeasibleLayer, VmLayout } from "../../network/explore.ts";
import type { IntegerLayer, IntegerNetwork } from "../../network/integer/inference.ts";
import {
  type LayerType,
  type ResolvedLayer,
  type WalkShape,
  walkShape,
} from "../../network/network.ts";

export const KINDS = [
  "BO_CONV",
  "BO_GLOBAL_AVG_POOL",
  "BO_DEPTHWISE",
  "BO_MAX_POOL",
  "BO_AVG_POOL",
  "BO_ADD",
  "BO_CONCAT",
] as const;

/** Layer types of {@link KINDS}, in their order; an fc is a conv there, a flatten is nowhere. */
export const KIND_TYPES = [
  "conv",
  "global_avg_pool",
  "depthwise_conv",
  "max_pool",
  "avg_pool",
  "add",
  "concat",
] as const satisfies LayerType[];
/** Schemes as runtime-c/core/format.h names them, in the order of their numbers. */
export const SCHEMES: Record<Scheme, string> = {
  tile: "BO_SCHEME_TILE",
  hawaii: "BO_SCHEME_HAWAII",
  stateful: "BO_SCHEME_STATEFUL",
  checkpoint: "BO_SCHEME_CHECKPOINT",
  ideal: "BO_SCHEME_IDEAL",
};
export const SPANS = { channel: 0, row: 1, window: 2 } as const;

export interface TableLayer {
  layer: ResolvedLayer;
  integer: IntegerLayer;
  /** Index into {@link KINDS}. */
  kind: number;
  /** Position in the table of the layer whose map it reads; -1: the network's input. */
  source: number;
  /** The same of the second map of add and concat; undefined: it reads one. */
  second_source: number | undefined;
  shape: WalkShape;
  design: {
    tr: number;
    tc: number;
    tm: number;
    tn: number;
    /** Four letters, outer to inner. */
    order: string;
    span: "channel" | "row" | "window";
    scheme: Scheme;
    s: number;
    /** Outputs between two progress marks; 0: the scheme has none. */
    b: number;
  };
  /** Power cycles of the layer, where the explorer tells. */
  batches: number | undefined;
  vm: VmLayout;
  /** Of one of the two planes of partial sums; 0 where none is needed. */
  plane_bytes: number;
  requantisation: Requantisation;
  /** NVM addresses in bytes; 0 where the layer has none. */
  weights: number;
  bias: number;
  scales: number;
  input: number;
  output: number;
  /** Address of the second map of add and concat; 0: it reads one. */
  second: number;
}

/**
 * Joins integer constants and the explorer's designs and addresses. A flatten moves nothing in the
 * H, W, C order, so it has no entry: its reader reads the flatten's own source.
 * @throws UserError where the designs are of another network or protocol, or a size has no field
 */
export function layerTable(network: IntegerNetwork, designs: DesignsArtifact): TableLayer[] {
  const { answer } = designs;
  const { profile } = designs.platform.choice;
  const { nvm } = answer;
  if (designs.platform.protocol !== "brownout" || nvm === undefined) {
    throw new UserError({
      message: `platform ${profile} was explored under protocol ${designs.platform.protocol}`,
      field: "platforms",
      expected: "brownout, the protocol of what is flashed",
    }, ExitCode.infeasible);
  }
  const costed = new Map(answer.layers.map((layer) => [layer.name, layer]));
  const sourceOf = (index: number): number =>
    index >= 0 && network.layers[index]!.layer.type === "flatten"
      ? sourceOf(network.layers[index]!.layer.inputs[0]!)
      : index;
  const table: TableLayer[] = [];
  for (const [index, integer] of network.layers.entries()) {
    const { layer } = integer;
    if (layer.type === "flatten") continue;
    const found = costed.get(layer.name);
    if (found === undefined || !found.feasible || found.vm === undefined) {
      throw new UserError({
        message: `platform ${profile} has no design for layer ${layer.name}`,
        field: `platforms.${profile}`,
        value: found?.feasible === false
          ? `${found.binding} exceeded by ${found.violation} ${found.unit}`
          : undefined,
      }, ExitCode.infeasible);
    }
    const source = sourceOf(layer.inputs[0]!);
    const second = integer.multipliers === undefined ? undefined : sourceOf(layer.inputs[1]!);
    const positionOf = (index: number) =>
      index < 0 ? -1 : table.findIndex((item) => item.layer === network.layers[index]!.layer);
    const addressOf = (index: number) => index < 0 ? nvm.input_map : nvm.maps[index]!;
    const entry: TableLayer = {
      layer,
      integer,
      kind: KIND_TYPES.findIndex((type) => type === (layer.type === "fc" ? "conv" : layer.type)),
      source: positionOf(source),
      second_source: second === undefined ? undefined : positionOf(second),
      shape: walkShape(layer),
      design: {
        ...designOf(found),
        scheme: designs.scheme,
        b: keepsMarks(designs.scheme) ? found.B ?? designs.b : 0,
      },
      batches: found.batches,
      vm: found.vm,
      plane_bytes: found.plane_bytes ?? 0,
      requantisation: integer.requantisation!,
      weights: integer.weights === undefined ? 0 : nvm.weights[index]!,
      bias: integer.bias === undefined ? 0 : nvm.biases[index]!,
      scales: integer.scales === undefined ? 0 : nvm.scales[index]!,
      input: addressOf(source),
      output: nvm.maps[index]!,
      second: second === undefined ? 0 : addressOf(second),
    };
    refuseWide(entry, profile);
    table.push(entry);
  }
  return table;
}

function designOf(design: FeasibleLayer): Omit<TableLayer["design"], "scheme" | "b"> {
  const order = design.loop_order;
  return {
    tr: design.Tr,
    tc: design.Tc,
    tm: design.Tm,
    tn: design.Tn,
    order: order in PUBLISHED_ORDERS
      ? PUBLISHED_ORDERS[order as keyof typeof PUBLISHED_ORDERS]
      : order,
    span: design.mac_span,
    s: design.S,
  };
}

const FIELD_MAX = { stride_h: 255, stride_w: 255, pad_top: 255, pad_left: 255 };

/** Refuses sizes that the runtime's 8 and 16-bit fields cannot hold. */
function refuseWide({ layer, shape, design }: TableLayer, profile: string): void {
  const { order: _order, span: _span, scheme: _scheme, ...sizes } = design;
  const problems: Problem[] = Object.entries({ ...shape, ...sizes })
    .map(([field, value]) => ({
      field,
      value,
      max: field in FIELD_MAX ? FIELD_MAX[field as keyof typeof FIELD_MAX] : 65535,
    }))
    .filter(({ value, max }) => value > max)
    .map(({ field, value, max }) => ({
      message: `layer ${layer.name} is too large for the runtime's formats (${profile})`,
      field,
      value,
      expected: `at most ${max}`,
    }));
  if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);
}
