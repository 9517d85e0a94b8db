/** Own data as PNG and JPEG images, a folder per class. */
import type { SplitName } from "./dataset.ts";
import { decodeImage, resizeImage, withChannels } from "./image.ts";
import {
  allOrNone,
  badFile,
  filePlace,
  FilesDigest,
  numberClasses,
  type OwnContext,
  type OwnSamples,
} from "./own_samples.ts";
import type { OwnImages } from "./settings.ts";

/** @throws UserError (exit code data) naming the file that is foreign, cut or without a class */
export async function readImageSamples(
  context: OwnContext,
  settings: OwnImages,
): Promise<OwnSamples> {
  const { source, names, progress, signal } = context;
  const { size: { h, w }, channels } = settings;
  const size = h * w * channels;
  const x = new Float32Array(names.length * size);
  const digest = new FilesDigest();
  const [labels, files]: [string[], string[]] = [[], []];
  const groups: (string | undefined)[] = [];
  const splits: (SplitName | undefined)[] = [];
  let distorted = 0;
  for (const [at, name] of names.entries()) {
    signal.throwIfAborted();
    progress.update(`reading ${name}`, at / names.length);
    const bytes = await source.read(name);
    digest.add(name, bytes);
    const file = source.show(name);
    const { split, folder, group } = filePlace(name, file, settings.group_pattern);
    if (folder === undefined) {
      throw badFile(file, "has no class", undefined, "a folder per class");
    }
    const image = decodeImage(bytes, file);
    if (image.h * w !== image.w * h) distorted++;
    x.set(resizeImage(withChannels(image, channels), h, w).data, at * size);
    labels.push(folder);
    groups.push(group);
    splits.push(split);
    files.push(file);
  }
  const { classes, y } = numberClasses(labels);
  return {
    input: { h, w, channels },
    classes,
    x,
    y,
    splits: allOrNone(splits, files, "split"),
    groups: allOrNone(groups, files, "group"),
    overlapping: false,
    record: digest.record(),
    cautions: distorted > 0 ? [`${distorted} images have another aspect and are stretched`] : [],
  };
}
