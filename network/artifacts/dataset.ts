/** `dataset.json`: what the dataset stage leaves, beside `{train,val,test}.{x,y}.npy`. */
import { z } from "zod";
import { Shape } from "../network.ts";

const channel = z.number().int().nonnegative();

/** Channel numbers of a sensor's x, y and z. */
export const SensorAxes = z.tuple([channel, channel, channel]);
export type SensorAxes = z.infer<typeof SensorAxes>;

/**
 * `<split>.x.npy` is float32 [samples][h][w][channels], normalised; `<split>.y.npy` is int32 [samples].
 */
export const DatasetArtifact = z.strictObject({
  name: z.string(),
  /** One sentence a person can read. */
  title: z.string(),
  input: Shape,
  classes: z.array(z.string()).min(2),
  splits: z.strictObject({
    train: z.strictObject({ samples: z.number().int().positive(), per_class: z.array(z.number()) }),
    val: z.strictObject({ samples: z.number().int().positive(), per_class: z.array(z.number()) }),
    test: z.strictObject({ samples: z.number().int().positive(), per_class: z.array(z.number()) }),
  }),
  /** How the splits were made, e.g. `"official subjects; validation: 3 training subjects"`. */
  split_rule: z.string(),
  /** x = (raw - mean) / std, one value per channel: of the training split alone, or as asked for. */
  normalisation: z.strictObject({
    per: z.enum(["channel", "element", "none"]),
    mean: z.array(z.number()),
    std: z.array(z.number()),
  }),
  /**
   * Channels that are x, y and z of one sensor each, all sensors in one frame and of one handedness;
   * absent where the data set names none.
   */
  axes: z.array(SensorAxes).optional(),
  provenance: z.strictObject({
    source: z.string(),
    licence: z.string(),
    citation: z.string().optional(),
    /** SHA-256 of what was read, by name relative to the data folder. */
    files: z.array(z.strictObject({ name: z.string(), bytes: z.number(), sha256: z.string() })),
    /** Whether the files equal the official ones; null where there are none (generated, own data). */
    official: z.boolean().nullable(),
    /** What a reader of figures must know, e.g. that windows were rebuilt. */
    cautions: z.array(z.string()),
  }),
});
export type DatasetArtifact = z.infer<typeof DatasetArtifact>;
