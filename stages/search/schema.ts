/** What `with:` of the search stage may say. */
import { z } from "zod";
import { FitParameters } from "../../network/artifacts/training.ts";
import { PlatformChoice } from "../../network/platform.ts";
import { SearchSpace } from "../../network/space.ts";
import { backendNames } from "../../training/backend_choice.ts";

const positive = z.number().int().positive();

/** The latency that a share of the feasible networks among the first `samples` drawn stays under. */
export const QuantileRule = z.strictObject({
  quantile: z.number().gt(0).max(1),
  samples: positive.default(40),
});

export const SearchParameters = z.strictObject({
  ...FitParameters.shape,
  method: z.literal("random").default("random"),
  space: SearchSpace,
  /** Networks that are trained. */
  trials: positive.default(20),
  /** Networks that the explorer is asked about at most. */
  max_samples: positive.default(400),
  epochs: positive.default(8),
  /** Share of the training split that a trial sees. */
  subset: z.number().gt(0).max(1).default(1),
  backend: z.enum(["auto", ...backendNames]).default("auto"),
  /** Every network must have a safe design on each of these. */
  platforms: z.array(PlatformChoice).min(1),
  /** Whose latency counts: `first`, `worst`, or a profile of `platforms`. */
  platform: z.string().default("first"),
  /** Latency that must be met, null for none, or a quantile of what the space offers. */
  requirement_s: z.union([z.number().positive(), z.null(), QuantileRule]).default(null),
});
export type SearchParameters = z.infer<typeof SearchParameters>;
