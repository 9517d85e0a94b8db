/** One platform's folder of the dump, from what integer inference and explorer say. */
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { canonicalJson, writeJson, writeNpy, writeWhole } from "../../base/files.ts";
import type { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { LayoutArtifact } from "../../network/artifacts/layout.ts";
import type { QuantizedArtifact } from "../../network/artifacts/quantized.ts";
import { padValues } from "../../network/channel_padding.ts";
import type { DesignsArtifact } from "../../network/explore.ts";
import { DOUBLED_SUM_LIMIT } from "../../network/integer/bound.ts";
import type { IntegerNetwork } from "../../network/integer/inference.ts";
import type { Platform } from "../../network/platform.ts";
import { crc32 } from "./crc.ts";
import { modelC, modelH } from "./emit_c.ts";
import { paddingOf, padNetwork } from "./padded.ts";
import { platformH } from "./emit_platform.ts";
import { buildImage, checkRegions, HEADER_BYTES, refuseTooLarge, regionsOf } from "./image.ts";
import { KIND_TYPES, layerTable } from "./layer_table.ts";
import { runOnOf } from "./run_on.ts";
import { refuseForScheme } from "./scheme.ts";
import type { Vectors } from "./vectors.ts";

export interface PlatformDump {
  artifact: QuantizedArtifact;
  network: IntegerNetwork;
  dataset: Pick<DatasetArtifact, "title" | "normalisation">;
  designs: DesignsArtifact;
  platform: Platform;
  vectors: Vectors;
}

/**
 * Writes `model.h`, `model.c`, `platform.h`, `nvm.bin`, `layout.json` and the golden vectors.
 * @throws UserError where the network does not fit the platform, with the numbers
 */
export async function dumpPlatform(folder: string, dump: PlatformDump): Promise<LayoutArtifact> {
  const { artifact, designs, platform, vectors } = dump;
  const { profile } = designs.platform.choice;
  refuseInfeasible(designs);
  if (canonicalJson(designs.network) !== canonicalJson(artifact.network)) {
    throw new UserError({
      message: `platform ${profile} was explored for another network`,
      value: designs.network.name,
      expected: artifact.network.name,
      help: "Run the stages from explore on again.",
    }, ExitCode.data);
  }
  for (const field of ["element_bytes", "weight_scales"] as const) {
    if (platform[field] === artifact[field]) continue;
    throw new UserError({
      message: `platform ${profile} was explored for other integers than the network has`,
      field: `platforms.${profile}.${field}`,
      value: platform[field],
      expected: `${artifact[field]}, as quantize.${field} says`,
      help: `Say it once, for all stages: --set params.${field}=${artifact[field]}`,
    }, ExitCode.data);
  }
  if (platform.kernel === "lea" && platform.element_bytes === 1) {
    throw new UserError({
      message: `platform ${profile}: LEA multiplies 16-bit numbers`,
      field: `platforms.${profile}.kernel`,
      value: platform.kernel,
      expected: "another kernel, or element_bytes 2",
    }, ExitCode.infeasible);
  }
  refuseSaturating(artifact, platform);
  const padding = paddingOf(dump.network, designs);
  const network = padNetwork(dump.network, padding);
  const table = layerTable(network, designs);
  refuseForScheme(table, network, designs);
  const nvm = designs.answer.nvm!;
  const regions = regionsOf(table, nvm, network.inputShape, artifact.element_bytes);
  checkRegions(regions, nvm);
  const { model, image } = buildImage(table, nvm, network.inputShape, artifact.element_bytes);
  refuseTooLarge(designs, model);

  const emission = { model, artifact, dataset: dump.dataset, platform };
  await writeWhole(join(folder, "model.h"), modelH(emission));
  await writeWhole(join(folder, "model.c"), modelC(emission));
  await writeWhole(
    join(folder, "platform.h"),
    platformH(platform, model, designs.after_commit, runOnOf(designs)),
  );
  await writeWhole(join(folder, "nvm.bin"), image);
  const { h, w, channels } = network.inputShape;
  const count = vectors.samples.length;
  await writeNpy(join(folder, "vectors.inputs.npy"), {
    shape: [count, h, w, channels],
    data: padValues(vectors.inputs, dump.network.inputShape.channels, padding.input),
  });
  await writeNpy(join(folder, "vectors.outputs.npy"), {
    shape: [count, model.outputs],
    data: vectors.outputs,
  });
  await writeNpy(join(folder, "vectors.labels.npy"), { shape: [count], data: vectors.labels });
  const layout: LayoutArtifact = {
    platform: profile,
    network: artifact.network.name,
    image_id: model.image_id,
    after_commit: designs.after_commit,
    element_bytes: artifact.element_bytes,
    scheme: designs.scheme,
    image_bytes: image.length,
    constants_bytes: model.constants_bytes,
    constants_crc: crc32(image.subarray(model.header + HEADER_BYTES)),
    nvm_bytes: model.nvm_bytes,
    vm_bytes: model.vm_bytes,
    nvm,
    input: {
      shape: network.inputShape,
      channels: dump.network.inputShape.channels,
      elements: model.inputs,
      address: model.input,
      ...network.input,
    },
    output: {
      elements: model.outputs,
      address: table.at(-1)!.output,
      scale: artifact.layers.at(-1)!.output_scale,
    },
    classes: artifact.classes,
    layers: table.map((entry) => ({
      name: entry.layer.name,
      kind: KIND_TYPES[entry.kind]!,
      ...(entry.batches !== undefined && { batches: entry.batches }),
      vm: entry.vm,
      plane_bytes: entry.plane_bytes,
      weights: entry.weights,
      bias: entry.bias,
      scales: entry.scales,
      input: entry.input,
      output: entry.output,
    })),
    regions,
    vectors: { count, seed: vectors.seed, samples: [...vectors.samples] },
  };
  await writeJson(join(folder, "layout.json"), LayoutArtifact, layout);
  return layout;
}

/** @throws UserError where LEA, which doubles and saturates, would not sum as integer inference does */
function refuseSaturating(artifact: QuantizedArtifact, { kernel, profile }: Platform): void {
  if (kernel !== "lea") return;
  const { layers } = artifact.network;
  const problems = artifact.layers.flatMap(({ name, accumulator_bound }, i) =>
    (layers[i]!.type === "conv" || layers[i]!.type === "fc") &&
      accumulator_bound > DOUBLED_SUM_LIMIT
      ? [{
        message: `sums of layer ${name} can reach ${accumulator_bound}; LEA saturates from 2^30 on`,
        field: `platforms.${profile}.kernel`,
        value: kernel,
        expected: `sums of at most ${DOUBLED_SUM_LIMIT}, or another kernel`,
        help: "Set quantize.sum_bits to 30.",
      }]
      : []
  );
  if (problems.length > 0) throw new UserError(problems, ExitCode.infeasible);
}

/** @throws UserError where the explorer found no feasible design, naming what binds and by how much */
function refuseInfeasible({ answer, platform }: DesignsArtifact): void {
  if (answer.feasible) return;
  const { profile } = platform.choice;
  const field = `platforms.${profile}`;
  const problems = answer.layers.flatMap((layer) =>
    layer.feasible ? [] : [{
      message: `layer ${layer.name} has no feasible design on ${profile}: ` +
        `${layer.binding} is exceeded by ${layer.violation} ${layer.unit}`,
      field,
    }]
  );
  throw new UserError(
    problems.length > 0 ? problems : {
      message:
        `the network does not fit ${profile}: ${answer.binding ?? "a limit"} is exceeded by ` +
        `${answer.violation ?? "an unknown amount"} ${answer.unit ?? ""}`.trimEnd(),
      field,
    },
    ExitCode.infeasible,
  );
}
