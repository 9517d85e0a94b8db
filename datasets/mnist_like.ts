/** What MNIST and Fashion-MNIST share: four IDX files, 28 x 28 grey images, ten classes. */
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import { Random } from "../base/random.ts";
import { checksum, fileRecord } from "./checksum.ts";
import type {
  DatasetDescriptor,
  DatasetLoader,
  LoadOptions,
  LocateOptions,
  OfficialFile,
  RawDataset,
} from "./dataset.ts";
import { download } from "./download.ts";
import { folderSource } from "./file_source.ts";
import { holdOutByClass, takeSamples } from "./hold_out.ts";
import { gunzip, type IdxArray, parseIdx } from "./idx.ts";
import { DATA_DIR_HELP, locatePlace, type Places } from "./place.ts";

const SIDE = 28;
const CLASSES = 10;
/** Of every class of the training images. */
const VALIDATION_SHARE = 0.1;

const ROLES = ["train-images", "train-labels", "t10k-images", "t10k-labels"] as const;
type Role = (typeof ROLES)[number];
const plainName = (role: Role) => `${role}-idx${role.endsWith("images") ? 3 : 1}-ubyte`;

export interface MnistLike {
  readonly descriptor: Omit<DatasetDescriptor, "input" | "normalisation" | "files">;
  /** Where the four files are served. */
  readonly url: string;
  readonly files: Readonly<Record<Role, { readonly bytes: number; readonly sha256: string }>>;
  /** Folders that hold them below a folder of data sets. */
  readonly folders: readonly string[];
}

/** A loader of four IDX files, gzipped or not. */
export function mnistLike({ descriptor, url, files, folders }: MnistLike): DatasetLoader {
  const official = ROLES.map((role): OfficialFile => ({
    name: `${plainName(role)}.gz`,
    url: `${url}${plainName(role)}.gz`,
    bytes: files[role].bytes,
    checksum: { algorithm: "sha256", hex: files[role].sha256 },
  }));
  const places: Places = {
    // A folder of data sets has a folder of this one's name; the files themselves have common names.
    folders: [...folders, ""],
    isFolder: (names) =>
      ROLES.some((role) => names.has(plainName(role)) || names.has(`${plainName(role)}.gz`)),
    archives: [],
    expected: `a folder with ${ROLES.map((role) => `${plainName(role)}.gz`).join(", ")}`,
    help: DATA_DIR_HELP,
  };

  async function folderOf(dataDir: string): Promise<string> {
    const place = await locatePlace(dataDir, places);
    if (place.kind === "folder") return place.path;
    throw new UserError({
      message: "is a file",
      location: { file: dataDir },
      expected: places.expected,
      help: places.help,
    }, ExitCode.data);
  }

  /** The four files of a folder, each with or without .gz. */
  async function names(folder: string): Promise<{ found: string[]; problems: Problem[] }> {
    const source = folderSource(folder);
    const [found, problems]: [string[], Problem[]] = [[], []];
    for (const role of ROLES) {
      const plain = plainName(role);
      const name = await source.has(`${plain}.gz`)
        ? `${plain}.gz`
        : await source.has(plain)
        ? plain
        : undefined;
      if (name !== undefined) found.push(name);
      else {
        problems.push({
          message: "is missing",
          location: { file: source.show(`${plain}.gz`) },
          help: DATA_DIR_HELP,
        });
      }
    }
    return { found, problems };
  }

  async function problems({ dataDir }: LocateOptions): Promise<Problem[]> {
    if (dataDir === undefined) return [];
    try {
      return (await names(await folderOf(dataDir))).problems;
    } catch (error) {
      if (error instanceof UserError) return [...error.problems];
      throw error;
    }
  }

  async function sources({ dataDir }: LocateOptions): Promise<string[]> {
    if (dataDir === undefined) return [];
    const folder = await folderOf(dataDir);
    return (await names(folder)).found.map((name) => `${folder}/${name}`);
  }

  async function load(options: LoadOptions): Promise<RawDataset> {
    const { seed, dataDir, downloadDir, progress, signal } = options;
    let folder = downloadDir;
    if (dataDir === undefined) {
      for (const file of official) {
        await download(file, `${downloadDir}/${file.name}`, {
          progress,
          signal,
          help: DATA_DIR_HELP,
        });
      }
    } else {
      folder = await folderOf(dataDir);
    }
    const { found, problems } = await names(folder);
    if (problems.length > 0) throw new UserError(problems, ExitCode.data);
    const source = folderSource(folder);
    const records: RawDataset["provenance"]["files"] = [];
    const foreign: string[] = [];
    const arrays: IdxArray[] = [];
    for (const [i, name] of found.entries()) {
      signal.throwIfAborted();
      progress.update(`reading ${name}`, i / found.length);
      const bytes = await source.read(name);
      records.push(fileRecord(name, bytes));
      if (checksum(bytes, "sha256") !== official[i]!.checksum.hex) foreign.push(name);
      const shown = source.show(name);
      const plain = name.endsWith(".gz") ? gunzip(bytes, shown) : bytes;
      arrays.push(parseIdx(plain, shown, i % 2 === 0 ? 3 : 1));
    }
    for (const i of [0, 2]) checkPair(arrays[i]!, arrays[i + 1]!, source.show, found.slice(i));
    const [trainX, trainY, testX, testY] = arrays as [IdxArray, IdxArray, IdxArray, IdxArray];
    const y = Int32Array.from(trainY.data);
    const { kept, held } = holdOutByClass(
      y,
      [...y.keys()],
      VALIDATION_SHARE,
      new Random(seed, `${descriptor.name}/validation`),
    );
    const size = SIDE * SIDE;
    const pixels = ({ data }: IdxArray) => (position: number, target: Float32Array) => {
      const from = position * size;
      for (let i = 0; i < size; i++) target[i] = data[from + i]! / 255;
    };
    const testLabels = Int32Array.from(testY.data);
    return {
      input: { h: SIDE, w: SIDE, channels: 1 },
      classes: descriptor.classes!,
      splits: {
        train: takeSamples(y, kept, size, pixels(trainX)),
        val: takeSamples(y, held, size, pixels(trainX)),
        test: takeSamples(testLabels, [...testLabels.keys()], size, pixels(testX)),
      },
      split_rule: `the split that the files hold; validation: ${
        100 * VALIDATION_SHARE
      } % of every class of the training images, drawn by seed ${seed}`,
      provenance: {
        files: records.sort((a, b) => a.name < b.name ? -1 : 1),
        official: foreign.length === 0,
        cautions: foreign.length === 0
          ? []
          : [`not the official files by checksum: ${foreign.join(", ")}`],
      },
    };
  }

  return {
    descriptor: {
      ...descriptor,
      input: { h: SIDE, w: SIDE, channels: 1 },
      normalisation: "channel",
      files: official,
    },
    problems,
    sources,
    load,
  };
}

function checkPair(
  images: IdxArray,
  labels: IdxArray,
  show: (name: string) => string,
  [imageName, labelName]: readonly string[],
): void {
  const fail = (name: string, message: string, value: unknown, expected: string): never => {
    throw new UserError(
      { message, location: { file: show(name) }, value, expected },
      ExitCode.data,
    );
  };
  const [count, h, w] = images.shape;
  if (h !== SIDE || w !== SIDE) {
    fail(imageName!, "images have another size", [h, w], `${SIDE} x ${SIDE}`);
  }
  if (labels.shape[0] !== count) {
    fail(labelName!, "has another number of labels", labels.shape[0], `${count}, as ${imageName}`);
  }
  const bad = labels.data.findIndex((label) => label >= CLASSES);
  if (bad >= 0) {
    fail(labelName!, `label ${bad + 1} is no class`, labels.data[bad], `0 to ${CLASSES - 1}`);
  }
}
