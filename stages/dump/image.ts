/** The NVM image: erased mutable regions, header, constants (runtime-c/core/format.h). */
import { createHash } from "node:crypto";
import { ExitCode, type Problem, UserError } from "../../base/errors.ts";
import type { Scheme } from "../../network/design.ts";
import type { DesignsArtifact, NvmLayout } from "../../network/explore.ts";
import { elements, type Shape } from "../../network/network.ts";
import { crc32 } from "./crc.ts";
import { KINDS, SCHEMES, SPANS, type TableLayer } from "./layer_table.ts";
import { packWeights } from "./pack.ts";

export const MAGIC = 0x4f4e5242;
export const FORMAT_VERSION = 2;
export const HEADER_BYTES = 32;
export const RECORD_BYTES = 16;
export const RELEASE_BYTES = 8;
export const MARK_BYTES = 8;
/** Of one output channel: int16 multiplier, uint8 shift, uint8 0. */
export const SCALE_BYTES = 4;
/** No record, release or result of this value has a valid CRC. */
export const ERASED = 0xff;

/** What `bo_model` holds beside the layers. */
export interface Model {
  table: TableLayer[];
  /** Of every layer. */
  scheme: Scheme;
  image_id: number;
  inputs: number;
  outputs: number;
  /** Of one code. */
  element_bytes: 1 | 2;
  input: number;
  header: number;
  constants_bytes: number;
  planes: readonly [number, number];
  vm_bytes: number;
  nvm_bytes: number;
}

/** Whether the runtime needs its channelwise kinds for a model. */
export function hasChannelwise({ table }: Model): boolean {
  return table.some(({ kind }) => kind >= KINDS.indexOf("BO_DEPTHWISE"));
}

/** Whether any layer has scales per output channel. */
export function hasScales({ table }: Model): boolean {
  return table.some(({ integer }) => integer.scales !== undefined);
}

/** A stretch of NVM; times count layers: -1 before the first, L at the delivery. */
export interface Region {
  name: string;
  kind: "progress" | "constant" | "map" | "plane";
  address: number;
  bytes: number;
  from_layer: number;
  to_layer: number;
}

/**
 * All regions, from the explorer's addresses: nothing is planned here.
 * @param input shape of the network's input map
 */
export function regionsOf(
  table: readonly TableLayer[],
  nvm: NvmLayout,
  input: Shape,
  element_bytes: 1 | 2,
): Region[] {
  const end = table.length;
  const always = { from_layer: -1, to_layer: end };
  const regions: Region[] = [
    { name: "records", kind: "progress", address: nvm.records, bytes: 2 * RECORD_BYTES, ...always },
    {
      name: "releases",
      kind: "progress",
      address: nvm.releases,
      bytes: 2 * RELEASE_BYTES,
      ...always,
    },
    {
      name: "results",
      kind: "progress",
      address: nvm.results,
      bytes: 2 * nvm.result_stride_bytes,
      ...always,
    },
    {
      name: "marks",
      kind: "progress",
      address: nvm.header - 2 * MARK_BYTES,
      bytes: 2 * MARK_BYTES,
      ...always,
    },
    { name: "header", kind: "constant", address: nvm.header, bytes: HEADER_BYTES, ...always },
  ];
  const life = (writer: number) => ({
    from_layer: writer,
    to_layer: writer === end - 1 ? end : table.reduce(
      (last, { source, second_source }, index) =>
        source === writer || second_source === writer ? index : last,
      writer,
    ),
  });
  regions.push({
    name: "input map",
    kind: "map",
    address: nvm.input_map,
    bytes: element_bytes * elements(input),
    ...life(-1),
  });
  table.forEach(({ layer, integer, plane_bytes, weights, bias, scales, output }, index) => {
    if (integer.weights !== undefined) {
      regions.push({
        name: `${layer.name} weights`,
        kind: "constant",
        address: weights,
        bytes: element_bytes * integer.weights.length,
        ...always,
      });
    }
    if (integer.bias !== undefined) {
      regions.push({
        name: `${layer.name} bias`,
        kind: "constant",
        address: bias,
        bytes: integer.bias.byteLength,
        ...always,
      });
    }
    if (integer.scales !== undefined) {
      regions.push({
        name: `${layer.name} scales`,
        kind: "constant",
        address: scales,
        bytes: SCALE_BYTES * integer.scales.length,
        ...always,
      });
    }
    regions.push({
      name: `${layer.name} map`,
      kind: "map",
      address: output,
      bytes: element_bytes * elements(layer.output),
      ...life(index),
    });
    if (plane_bytes > 0) {
      nvm.planes.forEach((address, plane) =>
        regions.push({
          name: `${layer.name} plane ${plane}`,
          kind: "plane",
          address,
          bytes: plane_bytes,
          from_layer: index,
          to_layer: index,
        })
      );
    }
  });
  return regions;
}

/**
 * Holds the explorer's plan against what the image and the runtime need of it.
 * @throws Error naming two regions that overlap while both live, or one outside its area
 */
export function checkRegions(regions: readonly Region[], nvm: NvmLayout): void {
  for (const a of regions) {
    const end = a.kind === "constant" || a.kind === "progress" ? nvm.image_bytes : nvm.total_bytes;
    const start = a.kind === "map" || a.kind === "plane" ? nvm.image_bytes : 0;
    if (a.address < start || a.address + a.bytes > end) {
      throw new Error(
        `${a.name} at ${a.address}, ${a.bytes} bytes, lies outside [${start}, ${end})`,
      );
    }
    if (a.address % 2 !== 0) throw new Error(`${a.name} lies at the odd address ${a.address}`);
  }
  for (const [i, a] of regions.entries()) {
    for (const b of regions.slice(i + 1)) {
      const disjoint = a.address + a.bytes <= b.address || b.address + b.bytes <= a.address;
      const apart = a.to_layer < b.from_layer || b.to_layer < a.from_layer;
      if (!disjoint && !apart) throw new Error(`${a.name} and ${b.name} overlap in NVM`);
    }
  }
}

/** @throws UserError where the plan needs more NVM or VM than the platform has, with the numbers */
export function refuseTooLarge(designs: DesignsArtifact, model: Model): void {
  const { choice, nvm_bytes, vm_bytes } = designs.platform;
  const field = `platforms.${choice.profile}`;
  const problems: Problem[] = [];
  const refuse = (what: string, kind: string, needed: number, available: number) => {
    if (needed <= available) return;
    problems.push({
      message: `${what} needs ${needed} bytes of ${kind}, ${choice.profile} has ${available}`,
      field,
      value: needed,
      expected: `at most ${available}`,
    });
  };
  refuse("the network", "NVM", model.nvm_bytes, nvm_bytes);
  for (const { layer, vm } of model.table) {
    refuse(`layer ${layer.name}`, "VM", vm.total_bytes, vm_bytes);
  }
  refuse("the result's delivery", "VM", resultStride_bytes(model), vm_bytes);
  if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);
}

/** Bytes of one result slot: bo_result_stride() of format.h. */
function resultStride_bytes(
  { outputs, element_bytes }: Pick<Model, "outputs" | "element_bytes">,
): number {
  return Math.ceil((8 + element_bytes * outputs) / 4) * 4;
}

/**
 * Builds the image and what the model's header says of it.
 * @returns `image`: bytes from NVM address 0 to the end of the constants
 */
export function buildImage(
  table: TableLayer[],
  nvm: NvmLayout,
  input: Shape,
  element_bytes: 1 | 2,
): { model: Model; image: Uint8Array } {
  const image = new Uint8Array(nvm.image_bytes);
  image.fill(ERASED, 0, nvm.header);
  const view = new DataView(image.buffer);
  for (const { layer, integer, design, weights, bias, scales } of table) {
    if (integer.weights !== undefined) {
      packWeights(integer.weights, {
        m: layer.output.channels,
        kernel: layer.kernel.h * layer.kernel.w,
        n: layer.input.channels / layer.groups,
      }, { Tm: design.tm, Tn: design.tn })
        .forEach((code, i) =>
          element_bytes === 1
            ? view.setInt8(weights + i, code)
            : view.setInt16(weights + 2 * i, code, true)
        );
    }
    integer.bias?.forEach((code, i) => view.setInt32(bias + 4 * i, code, true));
    integer.scales?.forEach(({ multiplier, shift }, i) => {
      view.setInt16(scales + SCALE_BYTES * i, multiplier, true);
      view.setUint8(scales + SCALE_BYTES * i + 2, shift);
    });
  }
  const constants = image.subarray(nvm.header + HEADER_BYTES);
  const outputs = elements(table.at(-1)!.layer.output);
  const model: Model = {
    table,
    scheme: table[0]!.design.scheme,
    image_id: 0,
    inputs: elements(input),
    outputs,
    element_bytes,
    input: nvm.input_map,
    header: nvm.header,
    constants_bytes: constants.length,
    planes: nvm.planes,
    // A result is made in VM.
    vm_bytes: Math.max(
      resultStride_bytes({ outputs, element_bytes }),
      ...table.map(({ vm }) => vm.total_bytes),
    ),
    nvm_bytes: nvm.total_bytes,
  };
  const digest = createHash("sha256").update(constants).update(tableBytes(model)).digest();
  // Never 0: a record half erased, ff ff then zeros, has a right CRC and would belong to image 0.
  model.image_id = digest.readUInt16LE(0) || 1;
  view.setUint32(nvm.header, MAGIC, true);
  view.setUint16(nvm.header + 4, FORMAT_VERSION, true);
  view.setUint16(nvm.header + 6, model.image_id, true);
  view.setUint32(nvm.header + 8, constants.length, true);
  view.setUint32(nvm.header + 12, crc32(constants), true);
  const before = image.subarray(nvm.header, nvm.header + HEADER_BYTES - 4);
  view.setUint32(nvm.header + HEADER_BYTES - 4, crc32(before), true);
  return { model, image };
}

/** Everything of the model but its id, as 32-bit numbers: what a record of another image must not match. */
function tableBytes(model: Model): Uint8Array {
  const numbers: number[] = [
    model.inputs,
    model.outputs,
    model.element_bytes,
    model.input,
    model.header,
    model.constants_bytes,
    ...model.planes,
    model.vm_bytes,
    model.nvm_bytes,
  ];
  for (const entry of model.table) {
    const { kind, layer, integer, shape, design, vm, requantisation } = entry;
    const { order, span, scheme, ...tile } = design;
    numbers.push(
      kind,
      layer.activation === "relu" ? 1 : 0,
      integer.bias === undefined ? 0 : 1,
      integer.scales === undefined ? 0 : 1,
      ...Object.values(shape),
      ...Object.values(tile),
      ...Array.from(order, (letter) => "RCMN".indexOf(letter)),
      SPANS[span],
      Object.keys(SCHEMES).indexOf(scheme),
      vm.input,
      vm.weights,
      vm.bias,
      vm.scales,
      vm.sums,
      vm.total_bytes,
      requantisation.multiplier,
      requantisation.shift,
      requantisation.minimum,
      requantisation.maximum,
      entry.weights,
      entry.bias,
      entry.scales,
      entry.input,
      entry.output,
    );
    if (integer.multipliers !== undefined) numbers.push(entry.second, ...integer.multipliers);
  }
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  numbers.forEach((value, i) => view.setInt32(4 * i, value, true));
  return bytes;
}
