/** The C text that is compiled into the firmware: `model.h`, `model.c`, `platform.h`. */
import type { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import type { QuantizedArtifact } from "../../network/artifacts/quantized.ts";
import { elements, type Shape } from "../../network/network.ts";
import type { Platform } from "../../network/platform.ts";
import { hasChannelwise, hasScales, type Model } from "./image.ts";
import { KINDS, SCHEMES, type TableLayer } from "./layer_table.ts";

export interface Emission {
  model: Model;
  artifact: QuantizedArtifact;
  dataset: Pick<DatasetArtifact, "title" | "normalisation">;
  platform: Platform;
}

/** Text inside a comment: nothing in it can end the comment or break the line. */
function comment(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").replaceAll("*/", "* /").replaceAll(
    "/*",
    "/ *",
  )
    .replace(/\\$/, "\\ ");
}

/** A C string literal of the text's UTF-8 bytes. */
export function cString(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const body = Array.from(bytes, (byte) => {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f;
    return plain ? String.fromCharCode(byte) : "\\" + byte.toString(8).padStart(3, "0");
  });
  return `"${body.join("")}"`;
}

/** A C float literal; nine digits give every float32 back. */
function cFloat(value: number): string {
  const text = String(Number(value.toPrecision(9)));
  return (/[.e]/.test(text) ? text : `${text}.0`) + "f";
}

function size({ h, w, channels }: Shape): string {
  return `${h}x${w}x${channels}`;
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}u`;
}

/** "7x1 conv, 128x1x9 to 122x1x16, ReLU". */
function describe({ layer }: TableLayer): string {
  const { kernel, stride, padding } = layer;
  const window = layer.type === "conv" ? `${kernel.h}x${kernel.w} conv` : layer.type;
  const strided = stride.h * stride.w === 1 ? "" : `, stride ${stride.h}x${stride.w}`;
  const { top, bottom, left, right } = padding;
  const padded = top + bottom + left + right === 0
    ? ""
    : `, padding ${top} top ${bottom} bottom ${left} left ${right} right`;
  const relu = layer.activation === "relu" ? ", ReLU" : "";
  return `${window}, ${size(layer.input)} to ${size(layer.output)}${strided}${padded}${relu}`;
}

/** `.name = value` fields, wrapped at 100 columns under the opening brace. */
function fields(indent: string, name: string, values: Record<string, number | string>): string[] {
  const lead = `${indent}.${name} = {`;
  const hang = " ".repeat(lead.length);
  const lines = [lead];
  for (const [field, value] of Object.entries(values)) {
    const text = `.${field} = ${typeof value === "number" ? cInteger(value) : value}`;
    const line = lines.at(-1)!;
    const first = line === lead;
    if (!first && line.length + text.length + 4 > 100) {
      lines[lines.length - 1] = `${line},`;
      lines.push(hang + text);
    } else {
      lines[lines.length - 1] = `${line}${first ? "" : ", "}${text}`;
    }
  }
  lines[lines.length - 1] += "},";
  return lines;
}

function cInteger(value: number): string {
  return value < 0 ? String(value) : `${value}u`;
}

function layerText(entry: TableLayer, element_bytes: 1 | 2): string[] {
  const { layer, integer, kind, shape, design, vm, requantisation } = entry;
  const { multiplier, shift, minimum, maximum } = requantisation;
  const cycles = entry.batches === undefined ? "" : `; commits: ${entry.batches}`;
  const order = Array.from(design.order, (letter) => `BO_${letter}`).join(", ");
  return [
    `    /* ${comment(`${layer.name}: ${describe(entry)}${cycles}`)} */`,
    "    {",
    ...fields("        ", "shape", {
      kind: KINDS[kind]!,
      has_bias: integer.bias === undefined ? 0 : 1,
      element_bytes,
      per_channel: integer.scales === undefined ? 0 : 1,
      ...shape,
    }),
    ...fields("        ", "design", {
      tr: design.tr,
      tc: design.tc,
      tm: design.tm,
      tn: design.tn,
      order: `{${order}}`,
      span: `BO_SPAN_${design.span.toUpperCase()}`,
      scheme: SCHEMES[design.scheme],
      s: design.s,
      b: design.b,
    }),
    ...fields("        ", "vm", { ...vm }),
    ...fields("        ", "requantisation", {
      multiplier: String(multiplier),
      shift,
      reserved: 0,
      minimum: String(minimum),
      maximum: String(maximum),
    }),
    `        .weights = ${entry.weights}u,`,
    `        .bias = ${entry.bias}u,`,
    ...(integer.scales === undefined ? [] : [`        .scales = ${entry.scales}u,`]),
    `        .input = ${entry.input}u,`,
    `        .output = ${entry.output}u,`,
    ...(integer.multipliers === undefined ? [] : [
      `        .second = ${entry.second}u,`,
      `        .multipliers = {${integer.multipliers.join(", ")}},`,
    ]),
    "    },",
  ];
}

/** `model.c`: the layer table and `brownout_model`. */
export function modelC({ model, artifact, platform }: Emission): string {
  return [
    "/*",
    ` * Network ${comment(artifact.network.name)} for platform ${comment(platform.profile)}.`,
    " * Written by Brownout's dump stage; changes are lost with the next run.",
    " *",
    " * Shapes and tiles are in elements; vm offsets are bytes in VM; weights, bias, scales, input and",
    " * output are byte addresses in NVM. The types are those of format.h.",
    " */",
    '#include "model.h"',
    "",
    ...(hasChannelwise(model)
      ? [
        "#if !BO_CHANNELWISE",
        "#error this network needs the channelwise kinds",
        "#endif",
        "",
      ]
      : []),
    ...(hasScales(model)
      ? [
        "#if !BO_PER_CHANNEL",
        "#error this network needs scales per output channel",
        "#endif",
        "",
      ]
      : []),
    `#if !BO_HAS_SCHEME(${SCHEMES[model.scheme]})`,
    `#error this network keeps its progress by scheme ${model.scheme}`,
    "#endif",
    "",
    "#if defined(BO_ELEMENT_BYTES) && BO_ELEMENT_BYTES != BROWNOUT_ELEMENT_BYTES",
    "#error the runtime is built for codes of another size",
    "#endif",
    "",
    "static const bo_layer layers[] = {",
    ...model.table.flatMap((entry) => layerText(entry, model.element_bytes)),
    "};",
    "",
    "const bo_model brownout_model = {",
    "    .layers = layers,",
    `    .layer_count = ${model.table.length}u,`,
    "    .image_id = BROWNOUT_IMAGE_ID,",
    "    .inputs = BROWNOUT_INPUTS,",
    "    .outputs = BROWNOUT_OUTPUTS,",
    "    .element_bytes = BROWNOUT_ELEMENT_BYTES,",
    `    .scheme = ${SCHEMES[model.scheme]},`,
    `    .input = ${model.input}u,`,
    `    .header = ${model.header}u,`,
    `    .constants_bytes = ${model.constants_bytes}u,`,
    `    .planes = {${model.planes.map(cInteger).join(", ")}},`,
    `    .vm_bytes = ${model.vm_bytes}u,`,
    `    .nvm_bytes = ${model.nvm_bytes}u,`,
    "};",
    "",
  ].join("\n");
}

/** A macro that is an initialiser, wrapped at 100 columns. */
function list(name: string, items: string[]): string[] {
  const lines = [`#define ${name}`, "  {"];
  items.forEach((item, index) => {
    const text = item + (index + 1 < items.length ? "," : "}");
    const line = lines.at(-1)!;
    if (line.length + 1 + text.length > 97 && line.length > 3) lines.push(`   ${text}`);
    else lines[lines.length - 1] = line.endsWith("{") ? line + text : `${line} ${text}`;
  });
  return lines.map((line, index) => index + 1 < lines.length ? `${line} \\` : line);
}

/** `model.h`: what an application needs to feed the network and to read its outputs. */
export function modelH({ model, artifact, dataset, platform }: Emission): string {
  const { input } = artifact.network;
  const { normalisation } = dataset;
  const perChannel = normalisation.per === "channel";
  return [
    "/*",
    ` * Network ${comment(artifact.network.name)} for platform ${comment(platform.profile)}.`,
    ` * Trained on: ${comment(dataset.title)}`,
    " * Written by Brownout's dump stage; changes are lost with the next run.",
    " */",
    "#ifndef BROWNOUT_MODEL_H",
    "#define BROWNOUT_MODEL_H",
    "",
    '#include "brownout.h"',
    "",
    "/** Low 16 bits of the SHA-256 of constants and layer table; a record of another image is void. */",
    `#define BROWNOUT_IMAGE_ID ${hex(model.image_id, 4)}`,
    "",
    "/** Of one code: 1 (int8_t) or 2 (int16_t). */",
    `#define BROWNOUT_ELEMENT_BYTES ${model.element_bytes}`,
    `/** Input codes, in the order rows, columns, channels: ${size(input)}. */`,
    ...(model.inputs === elements(input) ? [] : [
      "/** Behind the channels of each pixel lies one of zeros: INPUT_STRIDE codes a pixel. */",
    ]),
    `#define BROWNOUT_INPUTS ${model.inputs}u`,
    `#define BROWNOUT_INPUT_ROWS ${input.h}u`,
    `#define BROWNOUT_INPUT_COLUMNS ${input.w}u`,
    `#define BROWNOUT_INPUT_CHANNELS ${input.channels}u`,
    "/** Codes from a pixel to the next. */",
    `#define BROWNOUT_INPUT_STRIDE ${model.inputs / (input.h * input.w)}u`,
    "/** One output code per class; the largest is the answer. */",
    `#define BROWNOUT_OUTPUTS ${model.outputs}u`,
    "",
    perChannel
      ? "/** code = clamp(floor((reading - MEAN[channel]) / STD[channel] / SCALE + 0.5), MIN, MAX). */"
      : "/** code = clamp(floor(x / SCALE + 0.5), MIN, MAX) of a normalised input x (dataset.json). */",
    `#define BROWNOUT_INPUT_SCALE ${cFloat(artifact.input.scale)}`,
    `#define BROWNOUT_INPUT_MIN (${artifact.input.minimum})`,
    `#define BROWNOUT_INPUT_MAX (${artifact.input.maximum})`,
    ...(perChannel
      ? [
        "/** Of the training split, per channel, in the data set's units. */",
        ...list("BROWNOUT_INPUT_MEAN", normalisation.mean.map(cFloat)),
        ...list("BROWNOUT_INPUT_STD", normalisation.std.map(cFloat)),
      ]
      : []),
    "/** Real value of one output code: the class score before softmax. */",
    `#define BROWNOUT_OUTPUT_SCALE ${cFloat(artifact.layers.at(-1)!.output_scale)}`,
    "",
    "/** Initialiser of an array of BROWNOUT_OUTPUTS strings. */",
    ...list("BROWNOUT_CLASS_NAMES", artifact.classes.map(cString)),
    "",
    "#endif",
    "",
  ].join("\n");
}
