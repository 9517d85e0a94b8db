/** `quantized.json`: integer codes of a trained network; what integer inference and dump read. */
import { z } from "zod";
import { Network } from "../network.ts";
import { WeightScales } from "../platform.ts";

const bits = z.number().int().min(2).max(16);

/** A multiplier in [2^14, 2^15) and a shift: a sum's real unit over an output code's. */
export const ChannelScale = z.strictObject({
  multiplier: z.number().int().min(1 << 14).max((1 << 15) - 1),
  shift: z.number().int().min(17).max(46),
});
export type ChannelScale = z.infer<typeof ChannelScale>;

/**
 * output = clamp(round_half_up(accumulator * multiplier / 2^shift), minimum, maximum);
 * see network/integer/ROUNDING.md.
 */
export const Requantisation = z.strictObject({
  ...ChannelScale.shape,
  minimum: z.number().int(),
  maximum: z.number().int(),
});
export type Requantisation = z.infer<typeof Requantisation>;

export const QuantizedLayer = z.strictObject({
  name: z.string(),
  /** Real value of one code of the layer's output map. */
  output_scale: z.number().positive(),
  /** Real value of one weight code; absent for layers without weights and where channels differ. */
  weight_scale: z.number().positive().optional(),
  /** [M]: the same for each output channel. */
  weight_scales: z.array(z.number().positive()).optional(),
  weight_bits: bits.optional(),
  activation_bits: bits,
  /** `.npy` file beside this one, int8 or int16 as `element_bytes` says, [M][Kh][Kw][N / groups]. */
  weights: z.string().optional(),
  /** `.npy` file, int32 [M]; scale = input scale * weight scale (of the channel). */
  bias: z.string().optional(),
  /** Of add and concat: what the codes of either input are multiplied by. */
  multipliers: z.tuple([z.number().int().min(1).max(32767), z.number().int().min(1).max(32767)])
    .optional(),
  /** Absent where the layer only moves codes (flatten). */
  requantisation: Requantisation.optional(),
  /** [M], where weights have a scale per channel: instead of the requantisation's own two. */
  channel_scales: z.array(ChannelScale).optional(),
  /** Largest |accumulator| that any input can cause; below 2^31 by construction. */
  accumulator_bound: z.number(),
});
export type QuantizedLayer = z.infer<typeof QuantizedLayer>;

export const QuantizedArtifact = z.strictObject({
  network: Network,
  classes: z.array(z.string()),
  /** Of codes of maps and weights: 1 (int8) or 2 (int16). */
  element_bytes: z.literal([1, 2]),
  weight_scales: WeightScales,
  /** input code = clamp(round_half_up(x / scale), minimum, maximum). */
  input: z.strictObject({
    scale: z.number().positive(),
    minimum: z.number().int(),
    maximum: z.number().int(),
  }),
  layers: z.array(QuantizedLayer),
  accuracy: z.strictObject({
    test_samples: z.number().int().positive(),
    /** Of the training backend. */
    float: z.number(),
    integer: z.number(),
    /** Share of test samples whose float and integer class agree. */
    agreement: z.number(),
    /** What computed the integer classes: the runtime's kernels on this machine, or the reference. */
    integer_by: z.enum(["kernels", "reference"]),
    /** Test samples whose outputs equal the reference's, bit for bit. */
    reference_samples: z.number().int().positive(),
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
