/**
 * `har`: human activity from a smartphone at the waist, in the layout of UCI HAR v1.0 (Anguita et al.,
 * ESANN 2013): nine inertial signals at 50 Hz, windows of 128 steps that overlap by half, labels 1 to
 * 6, and an official split by person.
 *
 * A folder or archive is read as it is; whether its files are the official ones is recorded.
 */
import { createHash } from "node:crypto";
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import { Random } from "../base/random.ts";
import type {
  DatasetLoader,
  LoadOptions,
  LocateOptions,
  OfficialFile,
  RawDataset,
  RawSplit,
} from "./dataset.ts";
import { download } from "./download.ts";
import { below, type FileSource, folderSource, zipSource } from "./file_source.ts";
import {
  filesWithOfficialId,
  isOfficialFile,
  OFFICIAL_TEST_CLASS_COUNTS,
  OFFICIAL_ZIP_SHA256,
} from "./har_official.ts";
import { parseIntegers, parseNumberTable } from "./number_table.ts";

const STEPS = 128;
/** In file-name order. */
const SIGNALS = ["body_acc", "body_gyro", "total_acc"].flatMap((sensor) =>
  ["x", "y", "z"].map((axis) => `${sensor}_${axis}`)
);
const CLASSES = [
  "walking",
  "walking upstairs",
  "walking downstairs",
  "sitting",
  "standing",
  "laying",
];
const FOLDER = "UCI HAR Dataset";
const INNER_ZIP = "UCI HAR Dataset.zip";
const OUTER_ZIP = "human+activity+recognition+using+smartphones.zip";
/** Of the official 21 training persons: enough windows to choose by, few enough to train without. */
const VALIDATION_SHARE = 0.2;
const PARTS = ["train", "test"] as const;
type Part = (typeof PARTS)[number];

const OFFICIAL: OfficialFile = {
  name: OUTER_ZIP,
  url: `https://archive.ics.uci.edu/static/public/240/${OUTER_ZIP}`,
  checksum: { algorithm: "sha256", hex: OFFICIAL_ZIP_SHA256 },
};
const HELP = `name a folder that holds "${FOLDER}" or the official zip: --data-dir FOLDER, or ` +
  "BROWNOUT_DATA_DIR=FOLDER";

export const har: DatasetLoader = {
  descriptor: {
    name: "har",
    title: "Human activity from a smartphone at the waist: nine signals, 128 steps at 50 Hz",
    licence: "CC BY 4.0 by its UCI page; the authors' README: cite, AS-IS, no commercial use",
    source: "https://doi.org/10.24432/C54S4K",
    citation: "Anguita, Ghio, Oneto, Parra, Reyes-Ortiz: A Public Domain Dataset for Human " +
      "Activity Recognition Using Smartphones, ESANN 2013",
    input: { h: STEPS, w: 1, channels: SIGNALS.length },
    classes: CLASSES,
    normalisation: "channel",
    axes: [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
    files: [OFFICIAL],
    reads_data_dir: true,
  },
  problems,
  sources,
  load,
};

/** Where the data lies. */
type Place =
  | { kind: "folder"; path: string }
  | { kind: "zip"; path: string };

async function locate(dataDir: string): Promise<Place> {
  const found = await Deno.stat(dataDir).catch(() => undefined);
  if (found === undefined) throw missing(dataDir, "there is no such file or folder");
  if (found.isFile) return { kind: "zip", path: dataDir };
  for (const path of [dataDir, `${dataDir}/${FOLDER}`]) {
    const halves = await Promise.all(PARTS.map((part) => isFolder(`${path}/${part}`)));
    if (halves.some(Boolean)) return { kind: "folder", path };
  }
  for (const path of [`${dataDir}/${INNER_ZIP}`, `${dataDir}/${OUTER_ZIP}`]) {
    if (await Deno.stat(path).then((file) => file.isFile, () => false)) {
      return { kind: "zip", path };
    }
  }
  throw missing(dataDir, "holds no data set in the UCI HAR layout");
}

function missing(file: string, message: string): UserError {
  return new UserError({
    message,
    location: { file },
    expected: `"${FOLDER}" (with train/ and test/), "${INNER_ZIP}" or "${OUTER_ZIP}"`,
    help: HELP,
  }, ExitCode.data);
}

/** The files of a place, named relative to the folder that holds `train/` and `test/`. */
async function open(place: Place): Promise<FileSource> {
  if (place.kind === "folder") return folderSource(place.path);
  let source = await zipSource(await readArchive(place.path), place.path);
  if (await source.has(INNER_ZIP)) {
    source = await zipSource(await source.read(INNER_ZIP), source.show(INNER_ZIP));
  }
  return await source.has(requiredFiles()[0]!) ? source : below(source, FOLDER);
}

async function readArchive(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw missing(path, `cannot be read: ${(error as Error).message}`);
  }
}

function requiredFiles(): string[] {
  return PARTS.flatMap((part) => [
    labelFile(part),
    personFile(part),
    ...SIGNALS.map((signal) => signalFile(part, signal)),
  ]);
}
const labelFile = (part: Part) => `${part}/y_${part}.txt`;
const personFile = (part: Part) => `${part}/subject_${part}.txt`;
const signalFile = (part: Part, signal: string) => `${part}/Inertial Signals/${signal}_${part}.txt`;

async function problems({ dataDir }: LocateOptions): Promise<Problem[]> {
  if (dataDir === undefined) return [];
  try {
    await requireFiles(await open(await locate(dataDir)));
    return [];
  } catch (error) {
    if (error instanceof UserError) return [...error.problems];
    throw error;
  }
}

async function requireFiles(source: FileSource): Promise<void> {
  const absent: string[] = [];
  for (const name of requiredFiles()) if (!await source.has(name)) absent.push(name);
  if (absent.length === 0) return;
  const shown = absent.slice(0, 4).map((name): Problem => ({
    message: "is missing",
    location: { file: source.show(name) },
    help: HELP,
  }));
  if (absent.length > shown.length) {
    shown.push({ message: `${absent.length - shown.length} more files are missing` });
  }
  throw new UserError(shown, ExitCode.data);
}

async function sources({ dataDir }: LocateOptions): Promise<string[]> {
  if (dataDir === undefined) return [];
  const place = await locate(dataDir);
  return place.kind === "zip"
    ? [place.path]
    : [...requiredFiles(), MARK_OF_REBUILD].map((name) => `${place.path}/${name}`);
}

/** Lies in a folder whose windows were cut anew from the raw recordings of HAPT. */
const MARK_OF_REBUILD = "REBUILT_FROM_HAPT.txt";

async function load(options: LoadOptions): Promise<RawDataset> {
  const { seed, dataDir, downloadDir, progress, signal } = options;
  let place: Place;
  if (dataDir === undefined) {
    const path = `${downloadDir}/${OFFICIAL.name}`;
    await download(OFFICIAL, path, { progress, signal, help: HELP });
    place = { kind: "zip", path };
  } else {
    place = await locate(dataDir);
  }
  const source = await open(place);
  await requireFiles(source);
  const files: RawDataset["provenance"]["files"] = [];
  let unofficial = 0;
  const read = async (name: string) => {
    signal.throwIfAborted();
    progress.update(`reading ${name}`, files.length / requiredFiles().length);
    const bytes = await source.read(name);
    files.push({
      name,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    });
    const plain = name.slice(name.lastIndexOf("/") + 1);
    if (filesWithOfficialId.includes(plain) && !isOfficialFile(plain, bytes)) unofficial++;
    return bytes;
  };
  const train = await readPart(source, "train", read);
  const test = await readPart(source, "test", read);
  const official = unofficial === 0 &&
    countClasses(test.y).join() === OFFICIAL_TEST_CLASS_COUNTS.join();
  const held = validationPersons(train.persons, seed, source.show(personFile("train")));
  const rebuilt = await source.has(MARK_OF_REBUILD) ||
    (train.y.length === 7415 && test.y.length === 2996);
  return {
    input: { h: STEPS, w: 1, channels: SIGNALS.length },
    classes: CLASSES,
    splits: {
      train: pick(train, (person) => !held.has(person)),
      val: pick(train, (person) => held.has(person)),
      test: { x: test.x, y: test.y },
    },
    split_rule: `the split by person that the files hold; validation: training persons ${
      [...held].join(", ")
    }, whole`,
    provenance: {
      ...(official ? {} : { source: "files in the UCI HAR layout" }),
      files: files.sort((a, b) => a.name < b.name ? -1 : 1),
      official,
      cautions: [
        ...(rebuilt ? ["HAR windows rebuilt from HAPT"] : []),
        ...(official ? [] : ["windows are not the official UCI HAR v1.0 files"]),
        ...cautionsOf(train, test),
      ],
    },
  };
}

interface Windows extends RawSplit {
  /** [samples]: who wore the phone. */
  readonly persons: Int32Array;
}

async function readPart(
  source: FileSource,
  part: Part,
  read: (name: string) => Promise<Uint8Array>,
): Promise<Windows> {
  const labels = parseIntegers(
    await read(labelFile(part)),
    source.show(labelFile(part)),
    { low: 1, high: CLASSES.length },
  );
  const samples = labels.length;
  const rows = { count: samples, said_by: labelFile(part) };
  const persons = parseIntegers(
    await read(personFile(part)),
    source.show(personFile(part)),
    { low: 1, high: 1_000_000 },
    rows,
  );
  const channels = SIGNALS.length;
  const x = new Float32Array(samples * STEPS * channels);
  for (const [channel, signal] of SIGNALS.entries()) {
    const name = signalFile(part, signal);
    const { values } = parseNumberTable(await read(name), source.show(name), STEPS, rows);
    for (let i = 0; i < values.length; i++) x[i * channels + channel] = values[i]!;
  }
  return { x, y: labels.map((label) => label - 1), persons };
}

/** Whole persons: windows of one person overlap, and one person's windows resemble each other. */
function validationPersons(persons: Int32Array, seed: number, file: string): Set<number> {
  const all = [...new Set(persons)].sort((a, b) => a - b);
  if (all.length < 2) {
    throw new UserError({
      message: "names one person only: none can be held out for validation",
      location: { file },
      expected: "at least 2 persons",
    }, ExitCode.data);
  }
  const count = Math.max(1, Math.round(VALIDATION_SHARE * all.length));
  const held = new Random(seed, "har/validation").shuffle(all).slice(0, count);
  return new Set(held.sort((a, b) => a - b));
}

function pick({ x, y, persons }: Windows, wanted: (person: number) => boolean): RawSplit {
  const size = STEPS * SIGNALS.length;
  const positions = [...persons.keys()].filter((i) => wanted(persons[i]!));
  const part = new Float32Array(positions.length * size);
  positions.forEach((from, to) => part.set(x.subarray(from * size, (from + 1) * size), to * size));
  return { x: part, y: Int32Array.from(positions, (i) => y[i]!) };
}

function countClasses(y: Int32Array): number[] {
  const counts = CLASSES.map(() => 0);
  for (const label of y) counts[label]!++;
  return counts;
}

function cautionsOf(train: Windows, test: Windows): string[] {
  const trained = new Set(train.persons);
  const both = [...new Set(test.persons)].filter((person) => trained.has(person));
  const untrained = CLASSES.filter((_, label) => countClasses(train.y)[label] === 0);
  return [
    ...(both.length > 0 ? [`persons ${both.join(", ")} are in training and in test`] : []),
    ...(untrained.length > 0 ? [`no training windows of ${untrained.join(", ")}`] : []),
  ];
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isDirectory, () => false);
}
