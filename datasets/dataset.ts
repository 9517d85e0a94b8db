/**
 * What every data set is to the pipeline. A loader is one file of this folder: it describes its data
 * set, says what is missing before anything runs, and loads raw splits; normalisation and writing
 * are the dataset stage's.
 */
import type { Problem } from "../base/errors.ts";
import type { DatasetArtifact, SensorAxes } from "../network/artifacts/dataset.ts";
import type { Shape } from "../network/network.ts";
import type { Progress } from "../pipeline/stage.ts";
import type { Augmentation } from "./augment.ts";
import type { DatasetSettings } from "./settings.ts";

/** How a data set is normalised: one mean and deviation per channel, per element, or none. */
export type NormalisationKind = DatasetArtifact["normalisation"]["per"];

/** A published file, as its checksum pins it. */
export interface OfficialFile {
  readonly name: string;
  readonly url: string;
  readonly bytes?: number;
  /** As its publishers or their users state it; MD5 where nothing else is stated. */
  readonly checksum: {
    readonly algorithm: "sha256" | "md5";
    readonly hex: string;
  };
}

/** What is known of a data set before it is loaded. */
export interface DatasetDescriptor {
  /** The name that `--dataset` takes. */
  readonly name: string;
  /** One sentence a person can read. */
  readonly title: string;
  readonly licence: string;
  /** Where it comes from: an address, or how it is made. */
  readonly source: string;
  readonly citation?: string;
  /** Shape of a sample and names of the classes; undefined where the data itself says. */
  readonly input?: Shape;
  readonly classes?: readonly string[];
  readonly normalisation: NormalisationKind;
  /** Channels that are x, y and z of one sensor each, all in one frame. */
  readonly axes?: readonly SensorAxes[];
  /** How training samples are usually disturbed; absent where they are not. */
  readonly augmentation?: Augmentation;
  /** What is downloaded where the user has no copy; empty where nothing is. */
  readonly files: readonly OfficialFile[];
  /** False for a generated set, to which a data folder means nothing. */
  readonly reads_data_dir: boolean;
}

export interface LocateOptions {
  /** Absolute path of the folder (or archive) that the user named. */
  readonly dataDir: string | undefined;
  /** What the user says beside the folder; defaults where absent. */
  readonly settings?: DatasetSettings;
}

export interface LoadOptions extends LocateOptions {
  readonly seed: number;
  /** A folder for downloads; what lies in it may be used when its checksum is right. */
  readonly downloadDir: string;
  readonly progress: Progress;
  /** Aborted on Ctrl-C; loaders look at it between files. */
  readonly signal: AbortSignal;
}

export const SPLITS = ["train", "val", "test"] as const;
export type SplitName = (typeof SPLITS)[number];

/** Samples as measured, before normalisation. */
export interface RawSplit {
  /** [samples][h][w][channels] */
  readonly x: Float32Array;
  /** [samples], class numbers from 0 */
  readonly y: Int32Array;
}

export interface RawDataset {
  /** In place of the descriptor's title. */
  readonly title?: string;
  readonly input: Shape;
  readonly classes: readonly string[];
  /** In place of the descriptor's. */
  readonly axes?: readonly SensorAxes[];
  readonly splits: Readonly<Record<SplitName, RawSplit>>;
  readonly split_rule: string;
  /** `source`, `licence` and `citation` come from the descriptor where they are absent here. */
  readonly provenance:
    & Pick<DatasetArtifact["provenance"], "files" | "official" | "cautions">
    & Partial<Pick<DatasetArtifact["provenance"], "source" | "licence" | "citation">>;
}

export interface DatasetLoader {
  readonly descriptor: DatasetDescriptor;
  /** What is wrong with the user's data, found quickly: nothing is parsed. */
  problems(options: LocateOptions): Promise<Problem[]>;
  /** Absolute paths of the files whose bytes decide the result; empty where none are read. */
  sources(options: LocateOptions): Promise<string[]>;
  /** @throws UserError (exit code data) that names file, line and what was expected */
  load(options: LoadOptions): Promise<RawDataset>;
}
