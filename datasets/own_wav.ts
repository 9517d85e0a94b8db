/** Own data as WAV recordings, a folder per class: MFCC features. */
import type { SplitName } from "./dataset.ts";
import { frameCount, mfcc, type MfccSettings } from "./mfcc.ts";
import {
  allOrNone,
  badFile,
  concatenate,
  filePlace,
  FilesDigest,
  numberClasses,
  type OwnContext,
  type OwnSamples,
} from "./own_samples.ts";
import type { OwnWav } from "./settings.ts";
import { parseWav } from "./wav.ts";

const MEL_BANDS = 40;
/** Speech and machines alike say little above; a lower sample rate has less. */
const HIGHEST_HZ = 4000;

/** @throws UserError (exit code data) naming the file that is foreign, cut, or of another rate */
export async function readWavSamples(context: OwnContext, settings: OwnWav): Promise<OwnSamples> {
  const { source, names, progress, signal } = context;
  const { rate_Hz, coefficients, layout } = settings;
  const front: MfccSettings = {
    rate_Hz,
    clip_samples: Math.round(settings.duration_s * rate_Hz),
    window_samples: Math.round(settings.window_s * rate_Hz),
    stride_samples: Math.max(1, Math.round(settings.stride_s * rate_Hz)),
    coefficients,
    mel_bands: MEL_BANDS,
    low_Hz: 20,
    high_Hz: Math.min(HIGHEST_HZ, rate_Hz / 2),
  };
  const frames = frameCount(front);
  if (frames < 1 || front.window_samples < 2) {
    throw badFile(
      source.show(""),
      "no window fits into a recording",
      `${settings.window_s} s of ${settings.duration_s} s`,
      "own.window_s of at most own.duration_s",
    );
  }
  const features = mfcc(front);
  const digest = new FilesDigest();
  const samples: Float32Array[] = [];
  const [labels, files]: [string[], string[]] = [[], []];
  const groups: (string | undefined)[] = [];
  const splits: (SplitName | undefined)[] = [];
  let otherLength = 0;
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
    const recording = parseWav(bytes, file);
    if (recording.rate_Hz !== rate_Hz) {
      throw badFile(file, "has another sample rate", recording.rate_Hz, `own.rate_Hz: ${rate_Hz}`);
    }
    if (recording.samples.length !== front.clip_samples) otherLength++;
    samples.push(features(recording.samples));
    labels.push(folder);
    groups.push(group);
    splits.push(split);
    files.push(file);
  }
  const { classes, y } = numberClasses(labels);
  return {
    input: layout === "flat"
      ? { h: frames * coefficients, w: 1, channels: 1 }
      : { h: frames, w: 1, channels: coefficients },
    classes,
    x: concatenate(samples, frames * coefficients),
    y,
    splits: allOrNone(splits, files, "split"),
    groups: allOrNone(groups, files, "group"),
    overlapping: false,
    record: digest.record(),
    cautions: otherLength > 0
      ? [`${otherLength} recordings are cut or padded to ${settings.duration_s} s`]
      : [],
  };
}
