/** The search stage: finds a network that every platform can run and that does best on validation. */
import { UserError } from "../../base/errors.ts";
import { canonicalJson, readJson, writeJson } from "../../base/files.ts";
import { ArchitectureArtifact } from "../../network/artifacts/architecture.ts";
import { DatasetArtifact } from "../../network/artifacts/dataset.ts";
import { ParetoArtifact, TrialsArtifact } from "../../network/artifacts/search.ts";
import type { ExploreRequest, Power } from "../../network/explore.ts";
import type { Network } from "../../network/network.ts";
import type { PlatformChoice } from "../../network/platform.ts";
import { defineStage, type StageContext } from "../../pipeline/stage.ts";
import { chooseBackend } from "../../training/backend_choice.ts";
import { requireAxes, sensorFrame } from "../../training/sensor_frame.ts";
import { SearchParameters } from "./schema.ts";
import { unknownPlatform } from "./requirement.ts";
import { search } from "./search.ts";

export const stage = defineStage<SearchParameters>({
  name: "search",
  summary: "draws networks, asks the explorer which can run, trains those and takes the best",
  parameters: SearchParameters,
  needs: ["dataset"],
  module: import.meta.url,
  // Workers are started by address, which no import names; the addon decides what can run.
  sources: [
    "training",
    "stages/search/worker.ts",
    "stages/search/train_trial.ts",
    "native/src",
    "native/CMakeLists.txt",
    "runtime-c/core",
    "platforms",
  ],
  async fingerprint({ params, root }) {
    const training_backend = (await chooseBackend(params.backend)).name;
    if (params.onnx === null) return { training_backend };
    const { onnxPath } = await import("./imported.ts");
    const { digestFile } = await import("../../pipeline/digest.ts");
    // What is missing is told by preflight.
    const onnx = await digestFile(onnxPath(root, params.onnx)).catch(() => "absent");
    return { training_backend, onnx };
  },
  async preflight({ params, root }) {
    // Thrown, so that the command ends with the exit code of foreign data.
    if (params.onnx !== null) {
      const { readImported } = await import("./imported.ts");
      await readImported(root, params.onnx);
    }
    const { platform, platforms } = params;
    const known = ["first", "worst", ...platforms.map(({ profile }) => profile)];
    if (!known.includes(platform)) return [unknownPlatform(params)];
    try {
      await chooseBackend(params.backend);
      return [];
    } catch (error) {
      if (error instanceof UserError) return [...error.problems];
      throw error;
    }
  },
  run,
  async report(artifactDir) {
    const { network, imported, val_accuracy, latency_s, platform } = await readJson(
      `${artifactDir}/architecture.json`,
      ArchitectureArtifact,
    );
    if (imported !== undefined) {
      return [
        ["network", `${network.name} of ${imported.file} (validation ${percent(val_accuracy)})`],
        ["modelled latency", `${latency_s.toFixed(3)} s on ${platform}`],
      ];
    }
    const trials = await readJson(`${artifactDir}/trials.json`, TrialsArtifact);
    const chosen = await readJson(`${artifactDir}/architecture.json`, ArchitectureArtifact);
    const rejected = Object.entries(trials.rejected).sort()
      .map(([binding, count]) => `${count} for ${binding}`).join(", ");
    return [
      ["network", `${chosen.network.name} (validation ${percent(chosen.val_accuracy)} in search)`],
      [
        "trials",
        `${trials.trained} trained of ${trials.sampled} drawn from ${trials.networks_in_space}` +
        (rejected === "" ? "" : `; turned away: ${rejected}`),
      ],
      [
        "modelled latency",
        `${chosen.latency_s.toFixed(3)} s on ${chosen.platform}` +
        (chosen.requirement_s === null ? "" : `, required ${chosen.requirement_s.toFixed(3)} s`),
      ],
    ];
  },
});

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Every network is judged as it would be flashed. */
function ask(
  network: Network,
  platform: PlatformChoice,
  { designs, scheme, b }: Pick<SearchParameters, "designs" | "scheme" | "b">,
  power: Power = "intermittent",
): ExploreRequest {
  // The published model is the only one of continuous power.
  const continuous = power === "continuous";
  return {
    name: network.name,
    power,
    space: continuous ? "published" : designs,
    protocol: continuous ? "inas2021" : "brownout",
    ...(continuous ? {} : { scheme, ...(b === undefined ? {} : { b }) }),
    platform,
    network,
  };
}

async function run(context: StageContext<SearchParameters>): Promise<void> {
  const { params, artifactDir, workDir, progress, signal, threads, root } = context;
  // Loaded here, not above: a run that finds everything in the cache need not wait for them.
  const { describeBackend, selectBackend } = await import("../../training/backend.ts");
  const { explore, explorePrepared, prepareRequest } = await import("../../native/mod.ts");
  const { exploreSpace } = await import("../../native/space.ts");
  const { advise } = await import("../../native/advice.ts");
  const { inherit } = await import("./inherit.ts");
  const { Crew, trainAll } = await import("./pool.ts");

  const datasetFolder = context.input("dataset");
  const dataset = await readJson(`${datasetFolder}/dataset.json`, DatasetArtifact);
  const backend = await selectBackend(params.backend);
  for (const line of describeBackend(backend)) progress.note(line);
  if (params.onnx !== null) {
    const { takeImported } = await import("./run_imported.ts");
    return await takeImported(
      context,
      dataset,
      (network, platform) => ask(network, platform, params),
    );
  }
  progress.note(`${threads} ${threads === 1 ? "thread trains" : "threads train"} side by side`);

  const frame = sensorFrame(dataset);
  requireAxes(params.augment, frame, "search.augment.rotate_degrees");
  const setting = {
    datasetFolder,
    input: dataset.input,
    ...(frame && { frame }),
    subset: params.subset,
    subsetSeed: params.seed,
    backend: params.backend,
  };
  const table = (platform: PlatformChoice) =>
    exploreSpace(params.space, dataset.input, dataset.classes.length, platform, {
      space: params.designs,
      protocol: "brownout",
      scheme: params.scheme,
      b: params.b,
      signal,
      threads,
      root,
    });
  using crew = new Crew();
  const { trials, pareto, network, best, rule } = await search({
    params,
    input: dataset.input,
    classes: dataset.classes.length,
    backend: backend.name,
    identity: canonicalJson({ params, dataset }),
    workDir,
    setting,
    explore: (networks, platform, power) =>
      explore(networks.map((network) => ask(network, platform, params, power)), {
        signal,
        threads,
        root,
      }),
    // Of an inference that takes one power cycle no sum over layers is the latency.
    ...(params.scheme === "ideal" ? {} : { table }),
    advise: async (network, platform) => {
      const prepared = await prepareRequest(ask(network, platform, params), root);
      const [answer] = await explorePrepared([prepared], { signal, threads, root });
      return advise(answer!, prepared.platform, params.scheme);
    },
    inherit: (ranking) => inherit(setting, ranking),
    train: (round) => trainAll({ ...round, crew, setting, threads, signal }),
    progress,
    signal,
  });

  const { candidate, latency_s, val_accuracy } = best;
  await writeJson(`${artifactDir}/trials.json`, TrialsArtifact, trials);
  await writeJson(`${artifactDir}/pareto.json`, ParetoArtifact, pareto);
  await writeJson(`${artifactDir}/architecture.json`, ArchitectureArtifact, {
    network,
    classes: dataset.classes,
    rule,
    trial: candidate.sample,
    val_accuracy,
    platform: trials.platform,
    latency_s,
    requirement_s: trials.requirement_s,
    scheme: params.scheme,
  });
}
