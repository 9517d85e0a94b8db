/** `quantized.json`: integer codes of a trained network; what integer inference and dump read. */
import { z } from "zod";
import { Network } from "../network.ts";

const bits = z.number().int().min(2).max(16);

/**
 * output = clamp(round_half_up(accumulator * multiplier / 2^shift), minimum, maximum);
 * see network/integer/ROUNDING.md. multiplier in [2^14, 2^15), shift in [17, 46].
 */
export const Requantisation = z.strictObject({
  multiplier: z.number().int().min(1 << 14).max((1 << 15) - 1),
  shift: z.number().int().min(17).max(46),
  minimum: z.number().int(),
  maximum: z.number().int(),
});
export type Requantisation = z.infer<typeof Requantisation>;

export const QuantizedLayer = z.strictObject({
  name: z.string(),
  /** Real value of one code of the layer's output map. */
  output_scale: z.number().positive(),
  /** Real value of one weight code; absent for layers without weights. */
  weight_scale: z.number().positive().optional(),
  weight_bits: bits.optional(),
  activation_bits: bits,
  /** `.npy` file beside this one, int16 [M][Kh][Kw][N / groups]. */
  weights: z.string().optional(),
  /** `.npy` file, int32 [M]; scale = input scale * weight scale. */
  bias: z.string().optional(),
  /** Of add and concat: what the codes of either input are multiplied by. */
  multipliers: z.tuple([z.number().int().min(1).max(32767), z.number().int().min(1).max(32767)])
    .optional(),
  /** Absent where the layer only moves codes (flatten). */
  requantisation: Requantisation.optional(),
  /** Largest |accumulator| that any input can cause; below 2^31 by construction. */
  accumulator_bound: z.number(),
});
export type QuantizedLayer = z.infer<typeof QuantizedLayer>;

export const QuantizedArtifact = z.strictObject({
  network: Network,
  classes: z.array(z.string()),
  element_bytes: z.literal([1, 2]),
  /** input code = clamp(round_half_up(x / scale), minimum, maximum). */
  input: z.strictObject({
    scale: z.number().positive(),
    minimum: z.number().int(),
    maximum: z.number().int(),
  }),
  layers: z.array(QuantizedLayer),
  accuracy: z.strictObject({
    test_samples: z.number().int().positive(),
    float: z.number(),
    integer: z.number(),
    /** Share of test samples whose float and integer class agree. */
    agreement: z.number(),
    /** What the training backend measured with its own arithmetic; the two differ by rounding only. */
    float_of_training: z.number(),
  }),
  calibration: z.strictObject({
    method: z.string(),
    samples: z.number().int().positive(),
    /** Factor by which ranges were widened. */
    headroom: z.number().min(1),
    seed: z.number().int(),
  }),
});
export type QuantizedArtifact = z.infer<typeof QuantizedArtifact>;
