/**
 * `own`: the user's data, described in a few lines: CSV windows, WAV recordings, images or `.npy`
 * arrays. Classes are the folders' names (or a CSV column); a split is read where the folder holds
 * `train/`, `val/` and `test/`, and drawn where it does not.
 */
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import { Random } from "../base/random.ts";
import {
  type DatasetLoader,
  type LoadOptions,
  type LocateOptions,
  type RawDataset,
  type SplitName,
} from "./dataset.ts";
import { folderSource } from "./file_source.ts";
import { holdOutByClass, holdOutByGroup, takeSamples } from "./hold_out.ts";
import { readCsvSamples } from "./own_csv.ts";
import { readImageSamples } from "./own_images.ts";
import { readNpySamples } from "./own_npy.ts";
import type { OwnSamples } from "./own_samples.ts";
import { readWavSamples } from "./own_wav.ts";
import { DATA_DIR_HELP } from "./place.ts";
import type { OwnSettings } from "./settings.ts";

const EXTENSIONS: Readonly<Record<OwnSettings["format"], readonly string[]>> = {
  csv: [".csv", ".tsv", ".txt"],
  wav: [".wav"],
  images: [".png", ".jpg", ".jpeg"],
  npy: [".npy"],
};

export const own: DatasetLoader = {
  descriptor: {
    name: "own",
    title: "The user's own data",
    licence: "not stated",
    source: "the user's own files",
    normalisation: "channel",
    files: [],
    reads_data_dir: true,
  },
  problems,
  sources,
  load,
};

function requireSettings({ dataDir, settings }: LocateOptions): {
  folder: string;
  own: OwnSettings;
} {
  const missing: Problem[] = [];
  if (settings?.own === undefined) {
    missing.push({
      message: "an own data set is not described",
      field: "dataset.own",
      expected: "at least { format: csv | wav | images | npy }",
      help: "docs/datasets.md has an example of each",
    });
  }
  if (dataDir === undefined) {
    missing.push({
      message: "an own data set has no folder",
      field: "dataset.data_dir",
      help: DATA_DIR_HELP,
    });
  }
  if (missing.length > 0) throw new UserError(missing, ExitCode.data);
  return { folder: dataDir!, own: settings!.own! };
}

async function filesOf(folder: string, { format }: OwnSettings): Promise<string[]> {
  if (!await Deno.stat(folder).then((found) => found.isDirectory, () => false)) {
    throw new UserError({
      message: "there is no such folder",
      location: { file: folder },
      help: DATA_DIR_HELP,
    }, ExitCode.data);
  }
  const names = (await folderSource(folder).list())
    .filter((name) => EXTENSIONS[format].some((end) => name.toLowerCase().endsWith(end)));
  if (names.length > 0) return names;
  throw new UserError({
    message: `holds no ${format} files`,
    location: { file: folder },
    expected: EXTENSIONS[format].join(", "),
  }, ExitCode.data);
}

async function problems(options: LocateOptions): Promise<Problem[]> {
  try {
    const { folder, own } = requireSettings(options);
    await filesOf(folder, own);
    return [];
  } catch (error) {
    if (error instanceof UserError) return [...error.problems];
    throw error;
  }
}

async function sources(options: LocateOptions): Promise<string[]> {
  const { folder, own } = requireSettings(options);
  return (await filesOf(folder, own)).map((name) => `${folder}/${name}`);
}

async function load(options: LoadOptions): Promise<RawDataset> {
  const { folder, own } = requireSettings(options);
  const names = await filesOf(folder, own);
  const source = folderSource(folder);
  const context = { source, names, progress: options.progress, signal: options.signal };
  const samples = own.format === "csv"
    ? await readCsvSamples(context, own)
    : own.format === "wav"
    ? await readWavSamples(context, own)
    : own.format === "images"
    ? await readImageSamples(context, own)
    : await readNpySamples(context, own);
  return assemble(samples, own, options.seed, folder);
}

function assemble(
  samples: OwnSamples,
  settings: OwnSettings,
  seed: number,
  folder: string,
): RawDataset {
  const { input, classes, x, y } = samples;
  if (classes.length < 2) {
    throw new UserError({
      message: "holds samples of fewer than two classes",
      location: { file: folder },
      value: classes,
      expected: "a folder (or a label) per class",
    }, ExitCode.data);
  }
  const { axes } = settings;
  const size = input.h * input.w * input.channels;
  const { positions, rule, cautions } = splitOf(samples, settings, seed, folder);
  const take = (split: SplitName) =>
    takeSamples(
      y,
      positions[split],
      size,
      (i, target) => target.set(x.subarray(i * size, (i + 1) * size)),
    );
  return {
    title: settings.title ?? own.descriptor.title,
    input,
    classes,
    splits: { train: take("train"), val: take("val"), test: take("test") },
    ...(axes === undefined ? {} : { axes }),
    split_rule: rule,
    provenance: {
      ...(settings.source === undefined ? {} : { source: settings.source }),
      ...(settings.licence === undefined ? {} : { licence: settings.licence }),
      files: [samples.record],
      official: null,
      cautions: [...samples.cautions, ...cautions],
    },
  };
}

interface Division {
  positions: Record<SplitName, number[]>;
  rule: string;
  cautions: string[];
}

function splitOf(
  { y, splits, groups, overlapping }: OwnSamples,
  { split: { val, test, by } }: OwnSettings,
  seed: number,
  folder: string,
): Division {
  const all = [...y.keys()];
  const percent = (share: number) => `${Math.round(1000 * share) / 10} %`;
  const randomOf = (name: string) => new Random(seed, `own/${name}`);
  if (splits !== undefined) {
    const positions = {
      train: all.filter((i) => splits[i] === "train"),
      val: all.filter((i) => splits[i] === "val"),
      test: all.filter((i) => splits[i] === "test"),
    };
    const [empty] = (["train", "test"] as const).filter((name) => positions[name].length === 0);
    if (empty !== undefined) {
      throw new UserError({
        message: `has no samples in ${empty}`,
        location: { file: folder },
        expected: "train and test, and val if there is one",
      }, ExitCode.data);
    }
    if (positions.val.length > 0) {
      return { positions, rule: "the split that the folders hold", cautions: [] };
    }
    const drawn = by === "group" && groups !== undefined
      ? holdOutByGroup(groups, positions.train, val, randomOf("validation"))
      : holdOutByClass(y, positions.train, val, randomOf("validation"));
    return {
      positions: { train: drawn.kept, val: drawn.held, test: positions.test },
      rule: `the split that the folders hold; validation: ${percent(val)} of the training samples` +
        `${by === "group" ? " in whole groups" : ""}, drawn by seed ${seed}`,
      cautions: [],
    };
  }
  if (by === "group") {
    if (groups === undefined) {
      throw new UserError({
        message: "samples have no group to be split by",
        field: "own.split.by",
        expected: "group (a CSV column) or group_pattern beside it",
      });
    }
    const count = new Set(groups).size;
    if (count < 3) {
      throw new UserError({
        message: `samples are of ${count} groups`,
        location: { file: folder },
        expected: "at least 3: one for each of training, validation and test",
      }, ExitCode.data);
    }
    const tested = holdOutByGroup(groups, all, test, randomOf("test"));
    const validated = holdOutByGroup(groups, tested.kept, val / (1 - test), randomOf("validation"));
    return {
      positions: { train: validated.kept, val: validated.held, test: tested.held },
      rule: `by group, drawn by seed ${seed}; test: ${tested.names.join(", ")}; ` +
        `validation: ${validated.names.join(", ")}`,
      cautions: [],
    };
  }
  const tested = holdOutByClass(y, all, test, randomOf("test"));
  const validated = holdOutByClass(y, tested.kept, val / (1 - test), randomOf("validation"));
  return {
    positions: { train: validated.kept, val: validated.held, test: tested.held },
    rule: `${percent(test)} of every class test, ${percent(val)} validation, drawn by seed ${seed}`,
    cautions: overlapping
      ? ["windows of one recording lie in training and in test: accuracies may be too high"]
      : [],
  };
}
