/**
 * `omniglot`: handwritten characters of many alphabets, each drawn once by twenty people (Lake,
 * Salakhutdinov, Tenenbaum, Science 2015). Here a plain classification of all characters of one of
 * the two official sets, split by drawing; the published one-shot episodes are another task.
 */
import { ExitCode, type Problem, UserError } from "../base/errors.ts";
import { checksum, fileRecord } from "./checksum.ts";
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
import { type FileSource, folderSource, zipSource } from "./file_source.ts";
import { takeSamples } from "./hold_out.ts";
import { decodeImage, resizeImage, withChannels } from "./image.ts";
import { DATA_DIR_HELP, locatePlace, type Place, type Places } from "./place.ts";
import { OmniglotSettings } from "./settings.ts";

const DRAWERS = 20;
/** By the number of the drawing, 1 to 20: the same people draw all characters of an alphabet. */
const LAST: Readonly<Record<SplitName, number>> = { train: 14, val: 17, test: DRAWERS };
const INK_PATTERN = /(?:^|\/)([^/]+)\/(character\d+)\/\d+_(\d+)\.png$/;

const OFFICIAL: Readonly<Record<OmniglotSettings["alphabets"], OfficialFile>> = {
  background: official("images_background.zip", "68d2efa1b9178cc56df9314c21c6e718"),
  evaluation: official("images_evaluation.zip", "6b91aef0f799c5bb55b94e3f2daec811"),
};

function official(name: string, md5: string): OfficialFile {
  return {
    name,
    url: `https://raw.githubusercontent.com/brendenlake/omniglot/master/python/${name}`,
    checksum: { algorithm: "md5", hex: md5 },
  };
}

export const omniglot: DatasetLoader = {
  descriptor: {
    name: "omniglot",
    title: "Handwritten characters of many alphabets, 20 drawings each",
    licence: "MIT, Copyright 2015 Brenden Lake",
    source: "https://github.com/brendenlake/omniglot",
    citation: "Lake, Salakhutdinov, Tenenbaum: Human-level Concept Learning through " +
      "Probabilistic Program Induction, Science 350, 2015",
    normalisation: "channel",
    augmentation: { kind: "image", crop_pixels: 2, flip: false },
    files: Object.values(OFFICIAL),
    reads_data_dir: true,
  },
  problems,
  sources,
  load,
};

function placesOf({ alphabets }: OmniglotSettings): Places {
  const folder = `images_${alphabets}`;
  return {
    folders: ["", "omniglot", "omniglot/python"],
    isFolder: (names) => names.has(folder),
    archives: [OFFICIAL[alphabets].name],
    expected: `${OFFICIAL[alphabets].name}, or a folder with ${folder}`,
    help: DATA_DIR_HELP,
  };
}

async function locate(dataDir: string, settings: OmniglotSettings): Promise<Place> {
  const place = await locatePlace(dataDir, placesOf(settings));
  return place.kind === "file"
    ? place
    : { kind: "folder", path: `${place.path}/images_${settings.alphabets}` };
}

const settingsOf = ({ settings }: LocateOptions) =>
  settings?.omniglot ?? OmniglotSettings.parse({});

async function problems(options: LocateOptions): Promise<Problem[]> {
  if (options.dataDir === undefined) return [];
  try {
    await locate(options.dataDir, settingsOf(options));
    return [];
  } catch (error) {
    if (error instanceof UserError) return [...error.problems];
    throw error;
  }
}

async function sources(options: LocateOptions): Promise<string[]> {
  if (options.dataDir === undefined) return [];
  const place = await locate(options.dataDir, settingsOf(options));
  if (place.kind === "file") return [place.path];
  return (await folderSource(place.path).list()).map((name) => `${place.path}/${name}`);
}

interface Drawing {
  readonly name: string;
  readonly label: number;
  readonly split: SplitName;
}

async function load(options: LoadOptions): Promise<RawDataset> {
  const { dataDir, downloadDir, progress, signal } = options;
  const settings = settingsOf(options);
  let place: Place;
  if (dataDir === undefined) {
    const file = OFFICIAL[settings.alphabets];
    const path = `${downloadDir}/${file.name}`;
    await download(file, path, { progress, signal, help: DATA_DIR_HELP });
    place = { kind: "file", path };
  } else {
    place = await locate(dataDir, settings);
  }
  let source: FileSource;
  let files: RawDataset["provenance"]["files"] = [];
  let isOfficial = false;
  if (place.kind === "file") {
    const bytes = await readArchive(place.path);
    source = await zipSource(bytes, place.path);
    files = [fileRecord(place.path.slice(place.path.lastIndexOf("/") + 1), bytes)];
    isOfficial = checksum(bytes, "md5") === OFFICIAL[settings.alphabets].checksum.hex;
  } else {
    source = folderSource(place.path);
  }
  const { classes, drawings } = await drawingsOf(source, place.path);
  const side = settings.side_pixels;
  const size = side * side;
  const all = new Float32Array(drawings.length * size);
  for (const [i, { name }] of drawings.entries()) {
    if (i % 500 === 0) {
      signal.throwIfAborted();
      progress.update(`reading drawing ${i} of ${drawings.length}`, i / drawings.length);
    }
    const image = withChannels(decodeImage(await source.read(name), source.show(name)), 1);
    const small = resizeImage(image, side, side).data;
    // Ink is 1, paper 0: what is drawn has the weight.
    for (let k = 0; k < size; k++) all[i * size + k] = 1 - small[k]!;
  }
  const y = Int32Array.from(drawings, ({ label }) => label);
  const splits = Object.fromEntries(SPLITS.map((split) => {
    const positions = [...drawings.keys()].filter((i) => drawings[i]!.split === split);
    return [
      split,
      takeSamples(
        y,
        positions,
        size,
        (i, target) => target.set(all.subarray(i * size, (i + 1) * size)),
      ),
    ];
  })) as unknown as RawDataset["splits"];
  const names = [...new Set(classes.map((name) => name.split("/")[0]!))];
  return {
    input: { h: side, w: side, channels: 1 },
    classes,
    splits,
    split_rule: `by drawing: 1 to ${LAST.train} training, to ${LAST.val} validation, to ` +
      `${LAST.test} test; the ${names.length} ${settings.alphabets} alphabets: ${names.join(", ")}`,
    provenance: {
      files,
      official: isOfficial,
      cautions: [
        "classification of known characters, not the published one-shot task",
        ...(isOfficial ? [] : ["not the official archive by checksum"]),
      ],
    },
  };
}

async function drawingsOf(
  source: FileSource,
  file: string,
): Promise<{ classes: string[]; drawings: Drawing[] }> {
  const found = (await source.list()).flatMap((name) => {
    const match = INK_PATTERN.exec(name);
    if (match === null) return [];
    return [{ name, character: `${match[1]}/${match[2]}`, drawer: Number(match[3]) }];
  });
  const classes = [...new Set(found.map(({ character }) => character))].sort();
  if (classes.length < 2) {
    throw damaged(file, "holds no drawings", "<alphabet>/characterNN/NNNN_MM.png");
  }
  const label = new Map(classes.map((name, i) => [name, i]));
  const drawings = found.map(({ name, character, drawer }): Drawing => {
    if (drawer < 1 || drawer > DRAWERS) {
      throw damaged(source.show(name), "is no drawing by its number", `1 to ${DRAWERS}`);
    }
    const split = SPLITS.find((split) => drawer <= LAST[split])!;
    return { name, label: label.get(character)!, split };
  });
  // In the order of classes, so that folder and archive give the same bytes.
  return { classes, drawings: drawings.sort((a, b) => a.label - b.label || order(a.name, b.name)) };
}

const order = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

async function readArchive(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw damaged(path, `cannot be read: ${(error as Error).message}`);
  }
}

function damaged(file: string, message: string, expected?: string): UserError {
  return new UserError({ message, location: { file }, expected }, ExitCode.data);
}
