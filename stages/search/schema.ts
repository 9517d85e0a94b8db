/** What `with:` of the search stage may say. */
import { z } from "zod";
import { SearchMethod } from "../../network/artifacts/search.ts";
import { FitParameters } from "../../network/artifacts/training.ts";
import { Scheme } from "../../network/design.ts";
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

/** Successive halving: after each number of epochs only the share `keep` of trials goes on. */
export const Halving = z.strictObject({
  rungs: z.array(positive).min(1).refine(
    (rungs) => rungs.every((rung, i) => i === 0 || rung > rungs[i - 1]!),
    "each rung comes after the one before",
  ),
  keep: z.number().gt(0).lt(1).default(0.5),
  /**
   * Whom a trial is held against: `all` that get to a rung, once all are there, or those asked for
   * `earlier`, so that no worker waits for a rung to fill (ASHA in a fixed order: the outcome does not
   * depend on who is first).
   */
  against: z.enum(["all", "earlier"]).default("all"),
});

/** Of `supernet`: one weight-sharing network over the space. */
export const SupernetParameters = z.strictObject({
  epochs: positive.default(8),
  /** Networks that a step trains, all on one batch; each counts as training of its own. */
  per_step: positive.default(1),
  /** `sandwich`: the largest and the smallest are among them. */
  sampling: z.enum(["uniform", "sandwich"]).default("uniform"),
  /** Networks that are ranked at most: a seeded sample where more can run in time. */
  candidates: positive.default(4096),
  /** Of those, the best on 256 validation samples are scored on all of them. */
  closely: positive.default(64),
});
export type SupernetParameters = z.infer<typeof SupernetParameters>;

/** What is drawn is put in order by a figure that costs nothing, the largest first. */
export const Prefilter = z.strictObject({
  proxy: z.enum(["parameters", "macs"]).default("parameters"),
  /** Networks in time that are looked at, at most. */
  of: positive.default(256),
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
  /** How progress is kept, and B where it is given; as in the explore stage. */
  scheme: Scheme.default("tile"),
  b: z.number().int().positive().max(65535).optional(),
  /** Networks that are trained; for `reinforce` and `hw-nas` every network that is asked for. */
  trials: positive.default(20),
  /** Networks that the explorer is asked about at most. */
  max_samples: positive.default(400),
  epochs: positive.default(8),
  halving: Halving.nullable().default(null),
  supernet: SupernetParameters.prefault({}),
  /** Of method `random` where a latency is required; null: trials come as they are drawn. */
  prefilter: Prefilter.nullable().default(null),
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

/** How a search trains its trials. */
export function fitParameters(params: SearchParameters): FitParameters {
  return FitParameters.parse(
    Object.fromEntries(
      Object.keys(FitParameters.shape).map((key) => [key, params[key as keyof FitParameters]]),
    ),
  );
}
