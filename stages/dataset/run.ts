/** The dataset stage: loads, splits, normalises by the training split alone, and writes arrays. */
import { resolve } from "node:path";
import { ExitCode, UserError } from "../../base/errors.ts";
import { readJson, writeJson, writeNpy } from "../../base/files.ts";
import { type LocateOptions, type RawDataset, SPLITS } from "../../datasets/dataset.ts";
import { fitNormalisation, normalise } from "../../datasets/normalisation.ts";
import { datasetLoader } from "../../datasets/registry.ts";
import { DatasetArtifact, type SensorAxes } from "../../network/artifacts/dataset.ts";
import { defineStage, type PreflightContext, type StageContext } from "../../pipeline/stage.ts";
import { checkRaw } from "./check_raw.ts";
import { contentHash } from "./content_hash.ts";
import { DatasetParameters, type GivenNormalisation } from "./schema.ts";

export const stage = defineStage<DatasetParameters>({
  name: "dataset",
  summary: "loads a data set, splits it and normalises it by its training part",
  parameters: DatasetParameters,
  needs: [],
  module: import.meta.url,
  async fingerprint(context) {
    const dataDir = dataDirOf(context);
    const loader = datasetLoader(context.params.name);
    if (dataDir === undefined) return {};
    let files: string[];
    try {
      files = await loader.sources(located(context));
    } catch (error) {
      // What is missing is told by preflight, with all other problems of the configuration.
      if (error instanceof UserError) return { data: "absent" };
      throw error;
    }
    return { data: await contentHash(files, `${context.root}/out/.cache/content-hashes.json`) };
  },
  async preflight(context) {
    const problems = await datasetLoader(context.params.name).problems(located(context));
    // Thrown, so that the command ends with the exit code of missing data.
    if (problems.length > 0) throw new UserError(problems, ExitCode.data);
    return [];
  },
  run,
  async report(artifactDir) {
    const { name, title, splits, classes, provenance } = await readJson(
      `${artifactDir}/dataset.json`,
      DatasetArtifact,
    );
    return [
      ["data set", `${name}: ${title}`],
      [
        "samples",
        `${splits.train.samples} training, ${splits.val.samples} validation, ${splits.test.samples} test`,
      ],
      ["classes", classes.join(", ")],
      ...provenance.cautions.map((caution) => ["caution", caution] as const),
    ];
  },
});

function dataDirOf({ params, root }: PreflightContext<DatasetParameters>): string | undefined {
  return params.data_dir === undefined ? undefined : resolve(root, params.data_dir);
}

function located(context: PreflightContext<DatasetParameters>): LocateOptions {
  const { kws, omniglot, own } = context.params;
  return {
    dataDir: dataDirOf(context),
    settings: {
      ...(kws === undefined ? {} : { kws }),
      ...(omniglot === undefined ? {} : { omniglot }),
      ...(own === undefined ? {} : { own }),
    },
  };
}

async function run(context: StageContext<DatasetParameters>): Promise<void> {
  const { params, artifactDir, workDir, progress, signal } = context;
  const { descriptor, load } = datasetLoader(params.name);
  progress.update(`loading ${descriptor.name}`);
  const raw = await load({
    seed: params.seed,
    ...located(context),
    downloadDir: workDir,
    progress,
    signal,
  });
  checkRaw(raw, params.name);
  const artifact = describe(raw, params.name, params.normalise);
  for (const split of SPLITS) {
    signal.throwIfAborted();
    progress.update(`normalising and writing ${split}`);
    const { y } = raw.splits[split];
    const { h, w, channels } = raw.input;
    await writeNpy(`${artifactDir}/${split}.x.npy`, {
      shape: [y.length, h, w, channels],
      data: normalise(raw.splits[split], artifact.normalisation),
    });
    await writeNpy(`${artifactDir}/${split}.y.npy`, { shape: [y.length], data: y });
  }
  await writeJson(`${artifactDir}/dataset.json`, DatasetArtifact, artifact);
  for (const caution of artifact.provenance.cautions) progress.note(caution);
}

/** What `dataset.json` says of a loaded data set. */
export function describe(
  raw: RawDataset,
  name: string,
  given?: GivenNormalisation,
): DatasetArtifact {
  const { descriptor } = datasetLoader(name);
  const split = (y: Int32Array) => {
    const per_class = raw.classes.map(() => 0);
    for (const label of y) per_class[label]!++;
    return { samples: y.length, per_class };
  };
  const axes = raw.axes ?? descriptor.axes;
  const citation = raw.provenance.citation ?? descriptor.citation;
  return {
    name,
    title: raw.title ?? descriptor.title,
    input: raw.input,
    classes: [...raw.classes],
    splits: {
      train: split(raw.splits.train.y),
      val: split(raw.splits.val.y),
      test: split(raw.splits.test.y),
    },
    split_rule: raw.split_rule,
    normalisation: given === undefined
      ? fitNormalisation(raw, descriptor.normalisation)
      : givenNormalisation(given, raw.input.channels),
    ...(axes === undefined ? {} : { axes: checkedAxes(axes, raw.input.channels) }),
    provenance: {
      source: raw.provenance.source ?? descriptor.source,
      licence: raw.provenance.licence ?? descriptor.licence,
      ...(citation === undefined ? {} : { citation }),
      files: raw.provenance.files,
      official: raw.provenance.official,
      cautions: raw.provenance.cautions,
    },
  };
}

function checkedAxes(axes: readonly SensorAxes[], channels: number): SensorAxes[] {
  const all = axes.flat();
  if (all.some((c) => c >= channels) || new Set(all).size < all.length) {
    throw new UserError({
      message: "names a channel twice, or one that the data set does not have",
      field: "dataset.own.axes",
      value: axes,
      expected: `three channels of 0 to ${channels - 1} for each sensor`,
    });
  }
  return axes.map((sensor) => [...sensor]);
}

function givenNormalisation(
  given: GivenNormalisation,
  channels: number,
): DatasetArtifact["normalisation"] {
  const spread = (field: "mean" | "std") => {
    const value = given[field];
    if (typeof value === "number") return Array<number>(channels).fill(value);
    if (value.length === channels) return value;
    throw new UserError({
      message: "there must be one number, or one per channel",
      field: `dataset.normalise.${field}`,
      value,
      expected: `${channels} numbers`,
    });
  };
  return { per: "channel", mean: spread("mean"), std: spread("std") };
}
