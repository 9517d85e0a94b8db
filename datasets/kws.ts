/**
 * `kws`: twelve-class keyword spotting on Google Speech Commands (Warden, arXiv:1804.03209): ten words,
 * silence and unknown words; MFCC features of one second.
 *
 * From the training archive: the published recipe. Where only the test-set archive or features of it
 * lie at hand: a split by speaker, whose accuracies are not those of the published task.
 */
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import { Random } from "../base/random.ts";
import type { Shape } from "../network/network.ts";
import { fileChecksum, fileRecord } from "./checksum.ts";
import {
  type DatasetLoader,
  type LoadOptions,
  type LocateOptions,
  type OfficialFile,
  type RawDataset,
  type SplitName,
  SPLITS,
} from "./dataset.ts";
import { download } from "./download.ts";
import { zipSource } from "./file_source.ts";
import { holdOutByGroup, takeSamples } from "./hold_out.ts";
import { KWS_MIXING, mixSilence, mixWord } from "./kws_mixing.ts";
import {
  BACKGROUND,
  kwsFiles,
  type KwsPlace,
  locateKws,
  recordingOf,
  type Recordings,
  RecordingsDigest,
  recordingsOf,
  SILENCE,
  WORDS,
} from "./kws_sources.ts";
import { officialSplit, speakerOf } from "./kws_split.ts";
import { frameCount, KWS_MFCC, KWS_MFCC_49, mfcc, type MfccSettings } from "./mfcc.ts";
import { parseNpy, parseNpyStrings } from "./npz.ts";
import { DATA_DIR_HELP } from "./place.ts";
import { KwsSettings } from "./settings.ts";
import { parseWav } from "./wav.ts";

const CLASSES = ["silence", "unknown", ...WORDS];
const [SILENT, OTHER] = [0, 1];
/** Of the clips of the ten words. */
const SILENCE_SHARE = 0.1;
const UNKNOWN_SHARE = 0.1;
/** Where the split is by speaker. */
const HELD_SHARE = 0.1;
/** 100 ms are two and a half strides of 40 ms. */
const SHIFT_STEPS = 2;
const NO_KWS = "accuracies on this split are not KWS accuracies: there is no training archive";

const ARCHIVES: Readonly<Record<KwsSettings["version"], OfficialFile>> = {
  1: {
    name: "speech_commands_v0.01.tar.gz",
    url: "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.01.tar.gz",
    checksum: {
      algorithm: "sha256",
      hex: "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
    },
  },
  2: {
    name: "speech_commands_v0.02.tar.gz",
    url: "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
    bytes: 2428923189,
    checksum: {
      algorithm: "sha256",
      hex: "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    },
  },
};

export const kws: DatasetLoader = {
  descriptor: {
    name: "kws",
    title: "Keyword spotting: ten words, silence and unknown words; MFCC of one second",
    licence: "CC BY 4.0 (P. Warden, Google)",
    source: "https://arxiv.org/abs/1804.03209",
    citation: "Warden: Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, " +
      "arXiv:1804.03209",
    classes: CLASSES,
    normalisation: "element",
    augmentation: {
      kind: "series",
      step_elements: KWS_MFCC.coefficients,
      shift_steps: SHIFT_STEPS,
      noise: 0.1,
    },
    files: Object.values(ARCHIVES),
    reads_data_dir: true,
  },
  problems,
  sources,
  load,
};

async function problems({ dataDir, settings }: LocateOptions): Promise<Problem[]> {
  if (dataDir === undefined) return [];
  try {
    await locateKws(dataDir, settings?.kws?.from);
    return [];
  } catch (error) {
    if (error instanceof UserError) return [...error.problems];
    throw error;
  }
}

async function sources({ dataDir, settings }: LocateOptions): Promise<string[]> {
  if (dataDir === undefined) return [];
  return await kwsFiles(await locateKws(dataDir, settings?.kws?.from));
}

async function load(options: LoadOptions): Promise<RawDataset> {
  const { dataDir, downloadDir, progress, signal } = options;
  const settings = options.settings?.kws ?? KwsSettings.parse({});
  let place: KwsPlace;
  if (dataDir === undefined) {
    const archive = ARCHIVES[settings.version];
    const path = `${downloadDir}/${archive.name}`;
    await download(archive, path, { progress, signal, help: DATA_DIR_HELP });
    place = { kind: "archive", path };
  } else {
    place = await locateKws(dataDir, settings.from);
  }
  if (place.kind === "features") return await loadFeatures(place.path, settings, options);
  const recordings = recordingsOf(place, signal);
  const names: string[] = [];
  const backgrounds = new Map<string, Float32Array>();
  progress.update("listing recordings");
  await recordings.each(async (name, read) => {
    if (recordingOf(name) === BACKGROUND) {
      backgrounds.set(name, clip(await read(), recordings.show(name)));
    } else {
      names.push(name);
    }
  });
  // By name, so that folder and archive give the same bytes.
  names.sort();
  const missing = WORDS.filter((word) => !names.some((name) => recordingOf(name) === word));
  if (missing.length > 0) {
    throw new UserError({
      message: "holds no recordings of some words",
      location: { file: place.path },
      value: missing,
      expected: WORDS.join(", "),
      help: DATA_DIR_HELP,
    }, ExitCode.data);
  }
  const loaded = backgrounds.size > 0
    ? await loadTraining(
      recordings,
      names,
      [...backgrounds.keys()].sort().map((name) => backgrounds.get(name)!),
      settings,
      options,
    )
    : await loadBySpeaker(recordings, names, settings, options);
  if (place.kind === "folder") return loaded;
  const sha256 = await fileChecksum(place.path, "sha256");
  const known = Object.values(ARCHIVES).find(({ checksum }) => checksum.hex === sha256);
  return { ...loaded, provenance: { ...loaded.provenance, official: known !== undefined } };
}

/** One clip that becomes one sample: a recording, or silence where it has no name. */
interface Clip {
  readonly name: string | undefined;
  readonly label: number;
  /** Of the clip's random numbers. */
  readonly key: string;
  /** With shift and background. */
  readonly mixed: boolean;
}

type Clips = Readonly<Record<SplitName, readonly Clip[]>>;

async function loadTraining(
  recordings: Recordings,
  names: readonly string[],
  backgrounds: readonly Float32Array[],
  settings: KwsSettings,
  options: LoadOptions,
): Promise<RawDataset> {
  const { seed } = options;
  const clips = Object.fromEntries(SPLITS.map((split) => {
    const mine = names.filter((name) => officialSplit(name) === split);
    const words = mine.filter((name) => WORDS.includes(recordingOf(name)!));
    const others = mine.filter((name) => !/^_/.test(name) && !WORDS.includes(recordingOf(name)!));
    const unknown = new Random(seed, `kws/unknown/${split}`).shuffle(others)
      .slice(0, Math.ceil(UNKNOWN_SHARE * words.length)).sort();
    const silences = Array.from(
      { length: Math.ceil(SILENCE_SHARE * words.length) },
      (_, i): Clip => ({
        name: undefined,
        label: SILENT,
        key: `silence/${split}/${i}`,
        mixed: true,
      }),
    );
    const mixed = split === "train";
    const spoken = [...words, ...unknown].map((name): Clip => ({
      name,
      label: labelOf(recordingOf(name)!),
      key: name,
      mixed,
    }));
    return [split, copies([...silences, ...spoken], mixed ? settings.copies : 1)];
  })) as unknown as Clips;
  const digest = new RecordingsDigest();
  return {
    ...await compute(recordings, clips, backgrounds, settings, options, digest),
    split_rule: "the published rule: 10 % validation and 10 % test by the SHA-1 hash of the " +
      `file name; 10 % unknown words, drawn by seed ${seed}, and 10 % silence in each split`,
    provenance: {
      files: [digest.record()],
      official: false,
      cautions: onceMixed(settings),
    },
  };
}

/** The test-set archive, which has its own silence and unknown words, split by speaker. */
async function loadBySpeaker(
  recordings: Recordings,
  names: readonly string[],
  settings: KwsSettings,
  options: LoadOptions,
): Promise<RawDataset> {
  const split = splitBySpeaker(names, options.seed);
  const backgrounds: Float32Array[] = [];
  const silent = new Set(
    split.train.map((i) => names[i]!).filter((name) => recordingOf(name) === SILENCE),
  );
  const found = new Map<string, Float32Array>();
  await recordings.each(async (name, read) => {
    if (silent.has(name)) found.set(name, clip(await read(), recordings.show(name)));
  });
  for (const name of [...found.keys()].sort()) backgrounds.push(found.get(name)!);
  const clips = Object.fromEntries(SPLITS.map((part) => {
    const mixed = part === "train";
    const spoken = split[part].map((i): Clip => ({
      name: names[i]!,
      label: labelOf(recordingOf(names[i]!)!),
      key: names[i]!,
      mixed,
    }));
    return [part, copies(spoken, mixed ? settings.copies : 1)];
  })) as unknown as Clips;
  const digest = new RecordingsDigest();
  return {
    ...await compute(recordings, clips, backgrounds, settings, options, digest),
    split_rule: split.rule,
    provenance: {
      source: "recordings of the test-set archive of Speech Commands",
      files: [digest.record()],
      official: false,
      cautions: [
        NO_KWS,
        "silence recordings of the training part are the background noise",
        ...onceMixed(settings),
      ],
    },
  };
}

function onceMixed({ copies }: KwsSettings): string[] {
  return [
    copies === 1
      ? "time shift and background noise are drawn once per training clip"
      : `time shift and background noise are drawn once for each of ${copies} copies of a ` +
        "training clip",
  ];
}

function copies(clips: readonly Clip[], count: number): Clip[] {
  return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    clips.map((clip) => ({ ...clip, key: `${clip.key}/${i}` }))
  );
}

async function compute(
  recordings: Recordings,
  clips: Clips,
  backgrounds: readonly Float32Array[],
  settings: KwsSettings,
  { seed, progress }: LoadOptions,
  digest: RecordingsDigest,
): Promise<Pick<RawDataset, "input" | "classes" | "splits">> {
  const front = settings.features === "25x10" ? KWS_MFCC : KWS_MFCC_49;
  const features = mfcc(front);
  const size = frameCount(front) * front.coefficients;
  const splits = Object.fromEntries(SPLITS.map((split) => [split, {
    x: new Float32Array(clips[split].length * size),
    y: Int32Array.from(clips[split], ({ label }) => label),
  }])) as unknown as RawDataset["splits"];
  const random = (key: string) => new Random(seed, `kws/${key}`);
  const wanted = new Map<string, { split: SplitName; at: number; clip: Clip }[]>();
  for (const split of SPLITS) {
    clips[split].forEach((clip, at) => {
      if (clip.name === undefined) {
        const sound = mixSilence(front.clip_samples, backgrounds, random(clip.key));
        splits[split].x.set(features(sound), at * size);
        return;
      }
      if (!wanted.has(clip.name)) wanted.set(clip.name, []);
      wanted.get(clip.name)!.push({ split, at, clip });
    });
  }
  let done = 0;
  await recordings.each(async (name, read) => {
    const places = wanted.get(name);
    if (places === undefined) return;
    const bytes = await read();
    digest.add(name, bytes);
    const samples = clip(bytes, recordings.show(name));
    for (const { split, at, clip: { mixed, key } } of places) {
      const sound = mixed
        ? mixWord(samples, front.clip_samples, backgrounds, KWS_MIXING, random(key))
        : samples;
      splits[split].x.set(features(sound), at * size);
    }
    if (++done % 100 === 0) {
      progress.update(`features of ${done} of ${wanted.size} recordings`, done / wanted.size);
    }
  });
  return { input: shapeOf(front, settings), classes: CLASSES, splits };
}

/** Features of the test-set archive that someone computed: 49 frames x 10 coefficients each. */
async function loadFeatures(
  path: string,
  settings: KwsSettings,
  { seed, progress }: LoadOptions,
): Promise<RawDataset> {
  progress.update(`reading ${path}`);
  let archive: Uint8Array;
  try {
    archive = await Deno.readFile(path);
  } catch (error) {
    throw damaged(path, `cannot be read: ${(error as Error).message}`);
  }
  const source = await zipSource(archive, path);
  const member = async (name: string) =>
    [await source.read(`${name}.npy`), source.show(`${name}.npy`)] as const;
  const x = parseNpy(...await member("X"));
  const files = parseNpyStrings(...await member("files"));
  const front = KWS_MFCC_49;
  const [frames, coefficients] = [frameCount(front), front.coefficients];
  if (x.shape.join() !== [files.length, frames, coefficients].join()) {
    throw damaged(
      source.show("X.npy"),
      "has another shape",
      x.shape,
      [
        files.length,
        frames,
        coefficients,
      ].join(" x "),
    );
  }
  const foreign = files.find((name) => recordingOf(name) === undefined);
  if (foreign !== undefined) {
    throw damaged(source.show("files.npy"), "names no recording", foreign, "<class>/<file>.wav");
  }
  const y = Int32Array.from(files, (name) => labelOf(recordingOf(name)!));
  const split = splitBySpeaker(files, seed);
  // Every second frame of 20 ms is one every 40 ms.
  const every = settings.features === "25x10" ? 2 : 1;
  const kept = Math.ceil(frames / every);
  const fill = (position: number, target: Float32Array) => {
    for (let frame = 0; frame < kept; frame++) {
      const from = (position * frames + frame * every) * coefficients;
      for (let k = 0; k < coefficients; k++) target[frame * coefficients + k] = x.data[from + k]!;
    }
  };
  const take = (positions: readonly number[]) =>
    takeSamples(y, positions, kept * coefficients, fill);
  return {
    input: shapeOf(every === 2 ? KWS_MFCC : front, settings),
    classes: CLASSES,
    splits: { train: take(split.train), val: take(split.val), test: take(split.test) },
    split_rule: split.rule,
    provenance: {
      source: "features of the test-set archive of Speech Commands",
      files: [fileRecord(path.slice(path.lastIndexOf("/") + 1), archive)],
      official: false,
      cautions: [
        NO_KWS,
        "features come ready: no background noise and no time shift",
        ...(every === 2
          ? ["25 frames are every second of 49: windows of 30 ms where 40 ms were published"]
          : []),
      ],
    },
  };
}

function splitBySpeaker(
  names: readonly string[],
  seed: number,
): Record<SplitName, number[]> & { rule: string } {
  // What has no speaker (silence) is a group of its own each.
  const groups = names.map((name) => speakerOf(name) ?? name);
  const all = [...names.keys()];
  const test = holdOutByGroup(groups, all, HELD_SHARE, new Random(seed, "kws/test"));
  const val = holdOutByGroup(
    groups,
    test.kept,
    HELD_SHARE / (1 - HELD_SHARE),
    new Random(seed, "kws/validation"),
  );
  const spoken = new Set(names.map(speakerOf).filter((id) => id !== undefined)).size;
  return {
    train: val.kept,
    val: val.held,
    test: test.held,
    rule: `80 % training, 10 % validation, 10 % test by speaker (${spoken} speakers, each in one ` +
      `split, by the id in the file name), drawn by seed ${seed}`,
  };
}

/** Any folder that is no word asked for holds unknown words. */
function labelOf(folder: string): number {
  if (folder === SILENCE) return SILENT;
  const word = WORDS.indexOf(folder);
  return word >= 0 ? word + 2 : OTHER;
}

function shapeOf(front: MfccSettings, { layout }: KwsSettings): Shape {
  const [frames, channels] = [frameCount(front), front.coefficients];
  return layout === "flat"
    ? { h: frames * channels, w: 1, channels: 1 }
    : { h: frames, w: 1, channels };
}

function clip(bytes: Uint8Array, file: string): Float32Array {
  const { rate_Hz, samples } = parseWav(bytes, file);
  if (rate_Hz !== KWS_MFCC.rate_Hz) {
    throw damaged(file, "has another sample rate", rate_Hz, `${KWS_MFCC.rate_Hz} Hz`);
  }
  return samples;
}

function damaged(file: string, message: string, value?: unknown, expected?: string): UserError {
  return new UserError({ message, location: { file }, value, expected }, ExitCode.data);
}
