/** Parameters of the quantize stage. */
import { z } from "zod";

export const QuantizeParameters = z.strictObject({
  /** Bytes of one code; the runtime's formats hold 16-bit codes. */
  element_bytes: z.literal(2).default(2),
  calibration: z.strictObject({
    /**
     * `min-max`: a map's range is what the calibration samples span. `percentile`: it holds that share
     * of the magnitudes, and what lies beyond (and beyond the headroom) is clamped.
     */
    method: z.enum(["min-max", "percentile"]).default("min-max"),
    /** Of method `percentile`: percent of a map's magnitudes that its range holds. */
    percentile: z.number().min(50).max(100).default(99.99),
    /** Training samples that are looked at; all of them where the split is smaller. */
    samples: z.number().int().positive().default(512),
    /** The range is widened by this factor, so that unseen samples are not clamped. */
    headroom: z.number().min(1).max(16).default(1.5),
  }).prefault({}),
  /**
   * Bits of activation codes, sign included. `auto`: per map, what gives the smallest error of the
   * outputs on calibration samples; the 32 bits of a sum leave the rest to the weights.
   */
  activation_bits: z.union([z.literal("auto"), z.number().int().min(4).max(16)]).default("auto"),
  /** Bits of the magnitude of a sum: 30 for kernel lea, whose doubled sums saturate beyond. */
  sum_bits: z.literal([30, 31]).default(31),
  /** Chooses the calibration samples. */
  seed: z.number().int().default(0),
});
export type QuantizeParameters = z.infer<typeof QuantizeParameters>;
