/** `training.json` and `accuracy.json`: how a network was trained, and how well it does. */
import { z } from "zod";
import { Network } from "../network.ts";

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

/** How a network is trained; search and train both take it. */
export const FitParameters = z.strictObject({
  epochs: z.number().int().positive().default(30),
  batch_size: z.number().int().positive().default(64),
  learning_rate: z.number().positive().default(0.005),
  /** `cosine` falls from `learning_rate` to zero over all steps. */
  schedule: z.enum(["constant", "cosine", "step"]).default("cosine"),
  /** Of schedule `step`: every so many epochs the rate is multiplied by the factor; default 10, 0.1. */
  decay: z.strictObject({
    every_epochs: z.number().int().positive(),
    factor: z.number().positive().lt(1),
  }).optional(),
  /** Epochs over which the rate rises from zero to what the schedule says; default none. */
  warmup_epochs: z.number().positive().optional(),
  /** Share of the target that is spread over all classes. */
  label_smoothing: z.number().min(0).lt(1).default(0.1),
  /**
   * Share of the running average of the weights that a step keeps; scored and kept is the average.
   * 0: none.
   */
  weight_average: z.number().min(0).lt(1).default(0.98),
  /** Seeded disturbance of every training window, in units of the normalised data. */
  augment: z.strictObject({
    /** Deviation of a factor per window and channel, about 1. */
    gain: z.number().nonnegative().default(0.1),
    /** Deviation of a constant per window and channel, about 0. */
    offset: z.number().nonnegative().default(0.1),
    /** Images are moved by up to so many pixels (a padded image, cropped at random); default 0. */
    crop_pixels: z.number().int().positive().optional(),
    /** Images are mirrored left to right half of the time; default false. */
    flip: z.boolean().optional(),
    /** Windows are moved in time by up to so many rows; default 0. */
    shift_steps: z.number().int().positive().optional(),
    /**
     * Windows are turned about a random axis by an angle of this deviation, all sensors of the data set's
     * `axes` together, as a device that is worn askew would be (Um et al. 2017); default 0.
     */
    rotate_degrees: z.number().positive().max(180).optional(),
    /** Deviation of noise on every value; default 0. */
    noise: z.number().positive().optional(),
  }).prefault({}),
  /**
   * Samples are mixed in pairs with a share drawn from Beta(mixup, mixup), their classes alike (Zhang et
   * al. 2018, one share per batch); default none.
   */
  mixup: z.number().positive().optional(),
  /**
   * How much a class counts in the loss: one number per class, or `balanced` for samples / (classes x
   * samples of the class); default 1 each.
   */
  class_weights: z.union([z.literal("balanced"), z.array(z.number().positive()).min(2)]).optional(),
  /** Decoupled, on kernels only. */
  weight_decay: z.number().nonnegative().default(0.01),
  /** Epochs without a better validation accuracy after which training stops; null: never. */
  patience: z.number().int().positive().nullable().default(null),
  /**
   * Whose weights are kept: `best`, of the best validation epoch (default), or `last`, where few
   * validation samples would choose at random or were trained on.
   */
  keep: z.enum(["best", "last"]).optional(),
  seed: z.number().int().default(1),
});
export type FitParameters = z.infer<typeof FitParameters>;

/** The integers that training prepares a network for. */
export const QuantisationTarget = z.strictObject({
  /** Of a code: 1 or 2. */
  element_bytes: z.literal([1, 2]).default(1),
  /** Whether each output channel has a weight scale of its own. */
  per_channel: z.boolean().default(false),
});
export type QuantisationTarget = z.infer<typeof QuantisationTarget>;

export const EpochRecord = z.strictObject({
  /** From 1. */
  epoch: z.number().int().positive(),
  /** After the epoch's last step. */
  learning_rate: z.number(),
  /** Mean categorical cross-entropy, natural logarithm, while training. */
  loss: z.number(),
  train_accuracy: share,
  val_loss: z.number(),
  val_accuracy: share,
  /**
   * Where the float network's scores are learned: how far the validation split's probabilities lie from
   * its, the mean Kullback-Leibler divergence in nats.
   */
  val_divergence: z.number().optional(),
});
export type EpochRecord = z.infer<typeof EpochRecord>;

export const TrainingArtifact = z.strictObject({
  network: Network,
  classes: z.array(z.string()),
  parameters: count,
  backend: z.strictObject({
    name: z.string(),
    description: z.string(),
    /** Better ones that could not be used, each with the reason. */
    passed_over: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  }),
  options: FitParameters,
  /** Whether the same seed gives the same bytes again, in words. */
  determinism: z.string(),
  /** Empty where weights were brought and kept. */
  epochs: z.array(EpochRecord),
  /**
   * The epoch whose weights are kept: best validation accuracy, then lowest validation loss; 0 where
   * none was trained.
   */
  best_epoch: count,
  /** Where epochs with fake quantisation followed: what the network was prepared for. */
  quantisation_aware: z.strictObject({
    ...QuantisationTarget.shape,
    activation_bits: count,
    learn_from: z.enum(["float", "labels"]),
    learning_rate: z.number(),
    /** Scores with fake quantisation. */
    epochs: z.array(EpochRecord).min(1),
    /** 0: none improved on rounding the weights that they started from. */
    best_epoch: count,
    /** Largest magnitude that the codes of a map stand for: of the input, and of each layer. */
    input_range: z.number().nonnegative(),
    ranges: z.array(z.strictObject({ layer: z.string(), range: z.number().nonnegative() })),
  }).optional(),
  /**
   * float32 arrays beside this file: kernels [M][Kh][Kw][N], depthwise [M][Kh][Kw][1], biases [M].
   */
  weights: z.array(z.strictObject({
    layer: z.string(),
    kind: z.enum(["kernel", "bias"]),
    file: z.string(),
    shape: z.array(z.number().int().positive()),
  })),
});
export type TrainingArtifact = z.infer<typeof TrainingArtifact>;

const SplitScores = z.strictObject({
  samples: z.number().int().positive(),
  loss: z.number(),
  accuracy: share,
});

export const AccuracyArtifact = z.strictObject({
  network: z.string(),
  dataset: z.string(),
  classes: z.array(z.string()),
  val: SplitScores,
  /** Evaluated once, after the last epoch. */
  test: SplitScores.extend({
    /** confusion[true class][predicted class], samples. */
    confusion: z.array(z.array(count)),
    /** Null where a class has no samples, or was never predicted. */
    per_class: z.array(z.strictObject({
      class: z.string(),
      samples: count,
      recall: share.nullable(),
      precision: share.nullable(),
    })),
  }),
  /** Where epochs with fake quantisation followed: the float network before them, and with rounding. */
  quantisation_aware: z.strictObject({
    before: z.strictObject({ val: SplitScores, test: SplitScores }),
    rounded: z.strictObject({ val: SplitScores, test: SplitScores }),
  }).optional(),
  /** What a reader of the figures must know of the data. */
  cautions: z.array(z.string()),
});
export type AccuracyArtifact = z.infer<typeof AccuracyArtifact>;
