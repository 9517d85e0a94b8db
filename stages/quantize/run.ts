/** Stage quantize: integer codes of a trained network, its integer accuracy beside its float accuracy. */
import { join } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { defineStage } from "../../pipeline/stage.ts";
import { codeBits } from "../../network/design.ts";
import { QuantizeParameters } from "./schema.ts";

/** Integer accuracy that lies further below float accuracy than this is worth a warning. */
const DROP_WARNED = 0.01;

/** Of a map whose bits are still to be chosen: what 16-bit weights leave to it. */
const NOMINAL_BITS = 12;

/** Calibration samples on which splits of bits are tried. */
const SAMPLES_REFINED = 32;

export const quantize = defineStage<QuantizeParameters>({
  name: "quantize",
  summary: "integer codes and scales, calibrated on training data",
  parameters: QuantizeParameters,
  needs: ["dataset", "search", "train"],
  module: import.meta.url,
  sources: [
    "native/src",
    "native/CMakeLists.txt",
    "runtime-c/core",
    "runtime-c/kernels",
  ],

  async preflight({ params, root }) {
    const { readProfile } = await import("../../network/platform.ts");
    const problems = [];
    for (const { profile, kernel } of params.platforms) {
      const used = kernel ?? (await readProfile(join(root, "platforms"), profile)).kernel;
      if (used !== "lea" || params.sum_bits === 30) continue;
      problems.push({
        message: `sums on ${profile} may reach 2^31; LEA doubles them and saturates from 2^30 on`,
        field: "sum_bits",
        value: params.sum_bits,
        expected: "30, or another kernel",
        help: "--set quantize.sum_bits=30",
      });
    }
    for (const { profile, element_bytes, weight_scales } of params.platforms) {
      const said = {
        element_bytes: element_bytes ?? 2,
        weight_scales: weight_scales ?? "per_layer",
      };
      for (const field of ["element_bytes", "weight_scales"] as const) {
        if (said[field] === params[field]) continue;
        problems.push({
          message: `quantize and platform ${profile} speak of different integers`,
          field,
          value: params[field],
          expected: `${said[field]}, as platforms.${profile}.${field} says`,
          help: `Say it once, for all stages: --set params.${field}=${params[field]}`,
        });
      }
    }
    const { activation_bits, element_bytes, scheme } = params;
    const room = codeBits(element_bytes, scheme);
    if (
      activation_bits !== "auto" &&
      (activation_bits > room || (element_bytes === 1 && activation_bits !== room))
    ) {
      problems.push({
        message: `int${8 * element_bytes} codes have ${room} bits` +
          (scheme === "stateful" ? " under scheme stateful, which marks each by its top bit" : ""),
        field: "activation_bits",
        value: activation_bits,
        expected: element_bytes === 1 ? "auto" : `auto, or at most ${room}`,
      });
    }
    return problems;
  },

  async run({ params, input, artifactDir, threads, progress, signal }) {
    const { readJson, readNpy, writeJson, writeNpy } = await import("../../base/files.ts");
    const { Random } = await import("../../base/random.ts");
    const { ArchitectureArtifact } = await import("../../network/artifacts/architecture.ts");
    const { DatasetArtifact } = await import("../../network/artifacts/dataset.ts");
    const { QuantizedArtifact } = await import("../../network/artifacts/quantized.ts");
    const { elements, weightShape } = await import("../../network/network.ts");
    const { FloatInference } = await import("../../network/float.ts");
    const { argmax, storedCodes } = await import("../../network/integer/inference.ts");
    const { integerClasses } = await import("./integer_classes.ts");
    const { readFloatNetwork } = await import("./load_float.ts");
    const { learnedRanges } = await import("./learned_ranges.ts");
    const { Observer } = await import("./observe.ts");
    const { predictBits, quantise } = await import("./quantise.ts");
    const { refineBits } = await import("./refine_bits.ts");
    const breathe = async () => {
      await new Promise((resume) => setTimeout(resume, 0));
      signal.throwIfAborted();
    };

    const dataset = input("dataset");
    const described = await readJson(join(dataset, "dataset.json"), DatasetArtifact);
    const { network } = await readJson(
      join(input("search"), "architecture.json"),
      ArchitectureArtifact,
    );
    const float = await readFloatNetwork(input("train"), network);
    if (JSON.stringify(described.input) !== JSON.stringify(network.input)) {
      throw new UserError({
        message: "the network reads another shape than the data set has",
        location: { file: join(input("search"), "architecture.json") },
        field: "network.input",
        value: network.input,
        expected: JSON.stringify(described.input),
      }, ExitCode.data);
    }
    const train = await readNpy(join(dataset, "train.x.npy"), Float32Array);
    const size = elements(network.input);
    const available = train.data.length / size;
    const order = new Random(params.seed, "quantize/calibration")
      .shuffle(Int32Array.from({ length: available }, (_, i) => i));
    const chosen = order.subarray(0, Math.min(params.calibration.samples, available)).sort();
    const samples = Array.from(chosen, (i) => train.data.subarray(i * size, (i + 1) * size));
    const { element_bytes } = params;
    const int8 = element_bytes === 1;
    const room = codeBits(element_bytes, params.scheme);
    const { percentile } = params.calibration;
    const method = params.calibration.method ?? (int8 ? "mse" : "min-max");
    const rule = method === "percentile"
      ? { share: percentile / 100 }
      : method === "mse"
      ? { least_error_bits: int8 ? room : NOMINAL_BITS }
      : { share: 1 };
    const learned = await learnedRanges(input("train"), params);
    if (learned !== undefined) {
      progress.note("ranges are those that training with rounding left");
    }
    const observer = new Observer(float, rule);
    for (const [index, sample] of samples.entries()) {
      if (learned !== undefined) break;
      observer.add(sample);
      if (index % 16 === 0) {
        progress.update("calibrating", index / samples.length);
        await breathe();
      }
    }
    const observation = learned?.observation ?? observer.result();
    const headroom = learned !== undefined
      ? 1
      : params.calibration.headroom ?? (int8 || method === "mse" ? 1 : 1.5);
    const sum_limit = 2 ** params.sum_bits - 1;
    let bits: readonly number[];
    if (learned !== undefined) {
      const kept = Math.min(learned.activation_bits, room);
      if (kept < learned.activation_bits) {
        progress.warn(
          `the network was trained with rounding to ${learned.activation_bits} bits, ` +
            `scheme ${params.scheme} leaves a code ${kept}`,
        );
      }
      bits = Array(network.layers.length + 1).fill(kept);
    } else if (int8) {
      bits = Array(network.layers.length + 1).fill(room);
    } else if (params.activation_bits === "auto") {
      bits = predictBits(float, observation, headroom, sum_limit, room);
      const every = Math.ceil(samples.length / SAMPLES_REFINED);
      const measured = samples.filter((_, i) => i % every === 0);
      const start = { bits, bits_max: room, headroom, sum_limit };
      for await (const best of refineBits(float, observation, measured, start, threads)) {
        bits = best;
        progress.update("dividing bits between activations and weights");
        await breathe();
      }
    } else {
      bits = Array(network.layers.length + 1).fill(params.activation_bits);
    }
    const quantised = quantise(float, observation, {
      bits,
      headroom,
      sum_limit,
      element_bytes,
      per_channel: params.weight_scales === "per_channel",
    });

    const x = await readNpy(join(dataset, "test.x.npy"), Float32Array);
    const y = await readNpy(join(dataset, "test.y.npy"), Int32Array);
    const predicted = (await readNpy(join(input("train"), "test.predicted.npy"), Int32Array)).data;
    if (predicted.length !== y.data.length) {
      throw new UserError({
        message: `holds the classes of ${predicted.length} test samples`,
        location: { file: join(input("train"), "test.predicted.npy") },
        expected: `${y.data.length}, as the data set has`,
        help: "Run it again with --force --from train.",
      }, ExitCode.data);
    }
    const integer = await integerClasses(
      quantised.network,
      x.data,
      y.data.length,
      threads,
      async (fraction) => {
        progress.update(`integer inference of ${y.data.length} test samples`, fraction);
        await breathe();
      },
    );
    if (integer.instead !== undefined) {
      progress.warn(`integer accuracy is computed by the slow reference: ${integer.instead}`);
    }

    const layers = [];
    for (const [index, { layer, weights, bias }] of quantised.network.layers.entries()) {
      const files: { weights?: string; bias?: string } = {};
      if (weights !== undefined) {
        files.weights = `weights/${layer.name}.npy`;
        const shape = weightShape(layer);
        await writeNpy(join(artifactDir, files.weights), {
          shape,
          data: storedCodes(weights, element_bytes),
        });
      }
      if (bias !== undefined) {
        files.bias = `weights/${layer.name}.bias.npy`;
        await writeNpy(join(artifactDir, files.bias), { shape: [bias.length], data: bias });
      }
      layers.push({ ...quantised.layers[index]!, ...files });
    }
    const share = (of: Int32Array, as: Int32Array) =>
      of.reduce((count, value, i) => count + Number(value === as[i]), 0) / of.length;
    const accuracy = {
      test_samples: y.data.length,
      float: share(predicted, y.data),
      integer: share(integer.classes, y.data),
      agreement: share(integer.classes, predicted),
      integer_by: integer.by,
      reference_samples: integer.by === "kernels" ? integer.compared.length : y.data.length,
    };
    const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
    const inference = new FloatInference(float);
    const otherwise = integer.compared.filter((i) =>
      argmax(inference.run(x.data.subarray(i * size, (i + 1) * size))) !== predicted[i]
    );
    // Sums in another order flip a sample whose two best classes tie; more than two is no rounding.
    if (otherwise.length > 2) {
      progress.warn(
        `float inference gives ${otherwise.length} of ${integer.compared.length} test samples ` +
          "another class than the training backend did",
      );
    }
    if (accuracy.float - accuracy.integer > DROP_WARNED) {
      progress.warn(
        `integer accuracy ${percent(accuracy.integer)} lies more than ` +
          `${percent(DROP_WARNED)} below float accuracy ${percent(accuracy.float)}`,
      );
    }
    await writeJson(join(artifactDir, "quantized.json"), QuantizedArtifact, {
      network,
      classes: described.classes,
      element_bytes,
      weight_scales: params.weight_scales,
      input: quantised.network.input,
      layers,
      accuracy,
      calibration: {
        method: learned !== undefined
          ? "learned in training"
          : method === "percentile"
          ? `percentile ${percentile}`
          : method,
        samples: chosen.length,
        headroom,
        seed: params.seed,
      },
    });
  },

  async report(artifactDir) {
    const { readJson } = await import("../../base/files.ts");
    const { QuantizedArtifact } = await import("../../network/artifacts/quantized.ts");
    const { accuracy } = await readJson(join(artifactDir, "quantized.json"), QuantizedArtifact);
    const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
    return [
      ["float accuracy", `${percent(accuracy.float)} of ${accuracy.test_samples} test samples`],
      [
        "integer accuracy",
        `${percent(accuracy.integer)} (same class as float: ${percent(accuracy.agreement)})`,
      ],
    ];
  },
});
