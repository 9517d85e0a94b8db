/** What `with:` of the search stage may say. */
import { z } from "zod";
import { SearchMethod } from "../../network/artifacts/search.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import { DesignSpace } from "../../network/explore.ts";
import { PlatformChoice } from "../../network/platform.ts";
import { NamedSpace } from "../../network/space.ts";
import { backendNames } from "../../training/backend_choice.ts";

const positive = z.number().int().positive();

/** The latency that a share of the feasible networks among the first `samples` drawn stays under. */
export const QuantileRule = z.strictObject({
  quantile: z.number().gt(0).max(1),
  samples: positive.default(40),
});

/**
 * Successive halving in synchronous rungs: after each number of epochs only the share `keep` of all
 * trials that got there goes on.
 */
export const Halving = z.strictObject({
  rungs: z.array(positive).min(1).refine(
    (rungs) => rungs.every((rung, i) => i === 0 || rung > rungs[i - 1]!),
    "each rung comes after the one before",
  ),
  keep: z.number().gt(0).lt(1).default(0.5),
});

export const SearchParameters = z.strictObject({
  ...FitParameters.shape,
  /**
   * An ONNX model, relative to the checkout, that is taken with its weights instead of searching;
   * `method`, `space` and what else steers a search then mean nothing.
   */
  onnx: z.string().min(1).nullable().default(null),
  method: SearchMethod.default("random"),
  /** A published space by name (cifar10, har, kws), or one of the user's own. */
  space: NamedSpace,
  /** Which designs of a network's layers are tried; as in the explore stage. */
  designs: DesignSpace.default("full"),
  /** Networks that are trained; for `reinforce` and `hw-nas` every network that is asked for. */
  trials: positive.default(20),
  /** Networks that the explorer is asked about at most. */
  max_samples: positive.default(400),
  epochs: positive.default(8),
  halving: Halving.nullable().default(null),
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
