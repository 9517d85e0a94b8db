/** Trains one candidate of a search; runs in a worker. */
import type { EpochRecord, FitParameters } from "../../network/artifacts/training.ts";
import type { TrialScores } from "../../network/artifacts/search.ts";
import type { Network, Shape } from "../../network/network.ts";
import type { SensorFrame } from "../../training/sensor_frame.ts";
import { selectBackend } from "../../training/backend.ts";
import { readSplit, type Split, takeShare } from "../../training/data.ts";
import { fit } from "../../training/fit.ts";

/** What all trials of a search share. */
export interface TrialSetting {
  readonly datasetFolder: string;
  readonly input: Shape;
  readonly frame?: SensorFrame;
  /** Share of the training split that trials see; the same samples for all. */
  readonly subset: number;
  readonly subsetSeed: number;
  readonly backend: string;
}

export interface TrialJob {
  readonly sample: number;
  readonly network: Network;
  readonly options: FitParameters;
  /** Epochs after which to pause; the schedule is that of all `options.epochs`. */
  readonly until: number;
  readonly checkpoint: string;
}

export interface TrialProgress {
  readonly sample: number;
  /** Share of the trial that is done. */
  readonly fraction: number;
  readonly samples_per_s: number;
}

/** What became of a job. */
export interface TrialOutcome {
  readonly sample: number;
  readonly network: string;
  readonly scores: TrialScores;
  readonly started_at: string;
  readonly seconds: number;
  readonly samples_per_s: number;
}

/** Holds the data between the trials of one worker. */
export class TrialTrainer {
  readonly #train: Split;
  readonly #val: Split;

  private constructor(train: Split, val: Split) {
    this.#train = train;
    this.#val = val;
  }

  static async open(setting: TrialSetting): Promise<TrialTrainer> {
    await selectBackend(setting.backend, { threads: 1 });
    const { datasetFolder, input, frame, subset, subsetSeed } = setting;
    const train = await readSplit(datasetFolder, "train", input, frame);
    const val = await readSplit(datasetFolder, "val", input);
    return new TrialTrainer(takeShare(train, subset, subsetSeed), val);
  }

  async run(
    job: TrialJob,
    onProgress: (progress: TrialProgress) => void,
    onEpoch: (record: EpochRecord) => void = () => {},
  ): Promise<TrialOutcome> {
    const started = new Date();
    let speed = 0;
    const { best, epochs } = await fit({
      network: job.network,
      train: this.#train,
      val: this.#val,
      options: job.options,
      until: job.until,
      checkpoint: job.checkpoint,
      onEpoch,
      onProgress: ({ fraction, samples_per_s }) => {
        speed = samples_per_s;
        onProgress({ sample: job.sample, fraction, samples_per_s });
      },
    });
    return {
      sample: job.sample,
      network: job.network.name,
      scores: {
        seed: job.options.seed,
        best_epoch: best.epoch,
        val_accuracy: best.val_accuracy,
        val_loss: best.val_loss,
        epochs: [...epochs],
      },
      started_at: started.toISOString(),
      seconds: (Date.now() - started.getTime()) / 1000,
      samples_per_s: speed,
    };
  }
}
