/** Parameters of the quantize stage. */
import { z } from "zod";
import { Scheme } from "../../network/design.ts";
import { PlatformChoice, WeightScales } from "../../network/platform.ts";

export const QuantizeParameters = z.strictObject({
  /** Of one code of maps and weights: 1 (int8) or 2 (int16). What the platforms say. */
  element_bytes: z.literal([1, 2]).default(2),
  /** One scale for all weights of a layer, or one for each output channel. What the platforms say. */
  weight_scales: WeightScales.default("per_layer"),
  /** How progress is kept: under stateful a code's top bit is its state. What explore says. */
  scheme: Scheme.default("tile"),
  /**
   * The boards that the codes are for: asked whether they agree before anything runs. Kept is what
   * codes depend on, so that another capacitor does not quantise again; the kernel decides sum_bits.
   */
  platforms: z.array(
    PlatformChoice.transform(({ profile, kernel, element_bytes, weight_scales }) => ({
      profile,
      ...(kernel === undefined ? {} : { kernel }),
      ...(element_bytes === undefined ? {} : { element_bytes }),
      ...(weight_scales === undefined ? {} : { weight_scales }),
    })),
  ).default([]),
  calibration: z.strictObject({
    /**
     * `min-max`: a map's range is what the calibration samples span. `percentile`: it holds that share
     * of the magnitudes, and what lies beyond (and beyond the headroom) is clamped. `mse`: the range
     * that rounds and clamps with the least squared error. Default: min-max for int16, mse for int8.
     */
    method: z.enum(["min-max", "percentile", "mse"]).optional(),
    /** Of method `percentile`: percent of a map's magnitudes that its range holds. */
    percentile: z.number().min(50).max(100).default(99.99),
    /** Training samples that are looked at; all of them where the split is smaller. */
    samples: z.number().int().positive().default(512),
    /**
     * The range is widened by this factor, so that unseen samples are not clamped. Default: 1.5; 1 for
     * int8, which has no codes to spare, and for mse, which has weighed that.
     */
    headroom: z.number().min(1).max(16).optional(),
  }).prefault({}),
  /**
   * Bits of activation codes, sign included. `auto`: per map, what gives the smallest error of the
   * outputs on calibration samples; the 32 bits of a sum leave the rest to the weights. With int8
   * all of them: no sum comes near 32 bits. A code has one bit less under scheme stateful.
   */
  activation_bits: z.union([z.literal("auto"), z.number().int().min(4).max(16)]).default("auto"),
  /** Bits of the magnitude of a sum: 30 for kernel lea, whose doubled sums saturate beyond. */
  sum_bits: z.literal([30, 31]).default(31),
  /** Chooses the calibration samples. */
  seed: z.number().int().default(0),
});
export type QuantizeParameters = z.infer<typeof QuantizeParameters>;
