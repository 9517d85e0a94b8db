/**
 * `cifar10`: 32 x 32 colour photographs of ten classes (Krizhevsky 2009), binary version: records of a
 * label byte and 3072 pixel bytes, planes red, green, blue, row by row; 10,000 records per file.
 */
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import { Random } from "../base/random.ts";
import { checksum, fileRecord } from "./checksum.ts";
import type {
  DatasetLoader,
  LoadOptions,
  LocateOptions,
  OfficialFile,
  RawDataset,
} from "./dataset.ts";
import { download } from "./download.ts";
import { below, type FileSource, folderSource, zipSource } from "./file_source.ts";
import { holdOutByClass, takeSamples } from "./hold_out.ts";
import { DATA_DIR_HELP, locatePlace, type Place, type Places } from "./place.ts";
import { tarSource } from "./tar.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
const PIXELS = 3 * PLANE;
const RECORD = 1 + PIXELS;
const RECORDS_PER_FILE = 10_000;
const CLASSES = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];
/** Of every class of the training images. */
const VALIDATION_SHARE = 0.1;
const FOLDER = "cifar-10-batches-bin";
const ARCHIVE = "cifar-10-binary.tar.gz";
const TEST = "test_batch.bin";

/** MD5 of the official files. */
const OFFICIAL_MD5: Readonly<Record<string, string>> = {
  "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
  "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
  "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
  "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
  "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
  [TEST]: "803d5f7f4d78ea53de84dbe85f74fb6d",
};
const BATCHES = Object.keys(OFFICIAL_MD5).filter((name) => name !== TEST);

const OFFICIAL: OfficialFile = {
  name: ARCHIVE,
  url: `https://www.cs.toronto.edu/~kriz/${ARCHIVE}`,
  bytes: 170052171,
  checksum: {
    algorithm: "sha256",
    hex: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
  },
};

const PLACES: Places = {
  folders: ["", FOLDER, "cifar-10", `cifar-10/${FOLDER}`],
  isFolder: (names) => names.has(TEST) || BATCHES.some((name) => names.has(name)),
  archives: [ARCHIVE, "cifar-10-binary.tar"],
  expected: `${FOLDER} (with data_batch_1.bin to data_batch_5.bin and ${TEST}) or ${ARCHIVE}`,
  help: DATA_DIR_HELP,
};

export const cifar10: DatasetLoader = {
  descriptor: {
    name: "cifar10",
    title: "Colour photographs of ten classes, 32 x 32",
    licence: "none stated by the authors; research use is customary",
    source: "https://www.cs.toronto.edu/~kriz/cifar.html",
    citation: "Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
    input: { h: SIDE, w: SIDE, channels: 3 },
    classes: CLASSES,
    normalisation: "channel",
    augmentation: { kind: "image", crop_pixels: 4, flip: true },
    files: [OFFICIAL],
    reads_data_dir: true,
  },
  problems,
  sources,
  load,
};

async function problems({ dataDir }: LocateOptions): Promise<Problem[]> {
  if (dataDir === undefined) return [];
  try {
    const place = await locatePlace(dataDir, PLACES);
    // An archive is read when it is used: this one takes seconds.
    if (place.kind === "folder") await present(folderSource(place.path));
    return [];
  } catch (error) {
    if (error instanceof UserError) return [...error.problems];
    throw error;
  }
}

async function sources({ dataDir }: LocateOptions): Promise<string[]> {
  if (dataDir === undefined) return [];
  const place = await locatePlace(dataDir, PLACES);
  return place.kind === "file"
    ? [place.path]
    : [...BATCHES, TEST].map((name) => `${place.path}/${name}`);
}

async function open(place: Place): Promise<FileSource> {
  if (place.kind === "folder") return folderSource(place.path);
  const plain = (name: string) => name.slice(name.lastIndexOf("/") + 1) in OFFICIAL_MD5;
  const source = place.path.endsWith(".zip")
    ? await zipSource(await readArchive(place.path), place.path)
    : await tarSource(place.path, plain);
  const first = (await source.list()).find(plain);
  const slash = first?.lastIndexOf("/") ?? -1;
  return slash < 0 ? source : below(source, first!.slice(0, slash));
}

async function readArchive(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw damaged(path, `cannot be read: ${(error as Error).message}`);
  }
}

/** The training files that are there; the test file and one training file must be. */
async function present(source: FileSource): Promise<string[]> {
  const batches: string[] = [];
  for (const name of BATCHES) if (await source.has(name)) batches.push(name);
  const missing = [
    ...(batches.length === 0 ? [BATCHES[0]!] : []),
    ...(await source.has(TEST) ? [] : [TEST]),
  ];
  if (missing.length > 0) {
    throw new UserError(
      missing.map((name) => ({
        message: "is missing",
        location: { file: source.show(name) },
        expected: PLACES.expected,
        help: DATA_DIR_HELP,
      })),
      ExitCode.data,
    );
  }
  return batches;
}

async function load(options: LoadOptions): Promise<RawDataset> {
  const { seed, dataDir, downloadDir, progress, signal } = options;
  let place: Place;
  if (dataDir === undefined) {
    const path = `${downloadDir}/${ARCHIVE}`;
    await download(OFFICIAL, path, { progress, signal, help: DATA_DIR_HELP });
    place = { kind: "file", path };
  } else {
    place = await locatePlace(dataDir, PLACES);
  }
  const source = await open(place);
  const batches = await present(source);
  const files: RawDataset["provenance"]["files"] = [];
  const foreign: string[] = [];
  const read = async (name: string) => {
    signal.throwIfAborted();
    progress.update(`reading ${name}`, files.length / (batches.length + 1));
    const bytes = await source.read(name);
    const records = parseCifarBatch(bytes, source.show(name), RECORDS_PER_FILE);
    files.push(fileRecord(name, bytes));
    if (checksum(bytes, "md5") !== OFFICIAL_MD5[name]) foreign.push(name);
    return records;
  };
  const train: CifarRecords[] = [];
  for (const name of batches) train.push(await read(name));
  const test = await read(TEST);

  const y = new Int32Array(train.length * RECORDS_PER_FILE);
  train.forEach(({ labels }, i) => y.set(labels, i * RECORDS_PER_FILE));
  const { kept, held } = holdOutByClass(
    y,
    [...y.keys()],
    VALIDATION_SHARE,
    new Random(seed, "cifar10/validation"),
  );
  const fill = (position: number, target: Float32Array) =>
    fillImage(
      train[Math.floor(position / RECORDS_PER_FILE)]!,
      position % RECORDS_PER_FILE,
      target,
    );
  const all = (BATCHES.length * RECORDS_PER_FILE).toLocaleString("en-US");
  return {
    input: { h: SIDE, w: SIDE, channels: 3 },
    classes: CLASSES,
    splits: {
      train: takeSamples(y, kept, PIXELS, fill),
      val: takeSamples(y, held, PIXELS, fill),
      test: takeSamples(
        test.labels,
        [...test.labels.keys()],
        PIXELS,
        (position, target) => fillImage(test, position, target),
      ),
    },
    split_rule: `the split that the files hold; validation: ${
      100 * VALIDATION_SHARE
    } % of every class of the training images, drawn by seed ${seed}`,
    provenance: {
      files: files.sort((a, b) => a.name < b.name ? -1 : 1),
      official: foreign.length === 0 && batches.length === BATCHES.length,
      cautions: [
        ...(batches.length < BATCHES.length
          ? [
            `${y.length.toLocaleString("en-US")} of ${all} training images (${batches.join(", ")})`,
          ]
          : []),
        ...(foreign.length > 0
          ? [`not the official files by checksum: ${foreign.join(", ")}`]
          : []),
      ],
    },
  };
}

export interface CifarRecords {
  readonly labels: Int32Array;
  /** [records][1 + 3072], as in the file */
  readonly bytes: Uint8Array;
}

/**
 * Checks a file of records.
 * @throws UserError (exit code data) naming file, size or record
 */
export function parseCifarBatch(bytes: Uint8Array, file: string, records: number): CifarRecords {
  if (bytes.length !== records * RECORD) {
    throw damaged(
      file,
      bytes.length < records * RECORD ? "was cut" : "is no CIFAR-10 file: it is too long",
      bytes.length,
      `${records * RECORD} bytes: ${records} records of ${RECORD}`,
    );
  }
  const labels = Int32Array.from({ length: records }, (_, i) => bytes[i * RECORD]!);
  const bad = labels.findIndex((label) => label >= CLASSES.length);
  if (bad >= 0) {
    throw damaged(file, `record ${bad + 1} has no class`, labels[bad], "a label from 0 to 9");
  }
  return { labels, bytes };
}

/** Pixels 0 to 1, planes interleaved. */
function fillImage({ bytes }: CifarRecords, record: number, target: Float32Array): void {
  const from = record * RECORD + 1;
  for (let i = 0; i < PLANE; i++) {
    for (let c = 0; c < 3; c++) target[3 * i + c] = bytes[from + c * PLANE + i]! / 255;
  }
}

function damaged(file: string, message: string, value?: unknown, expected?: string): UserError {
  return new UserError({ message, location: { file }, value, expected }, ExitCode.data);
}
