/** Parameters of the explore stage. */
import { z } from "zod";
import { AfterCommit, Scheme } from "../../network/design.ts";
import { DesignSpace, Objective } from "../../network/explore.ts";
import { PlatformChoice } from "../../network/platform.ts";

export const ExploreParameters = z.strictObject({
  /** The boards to explore for. */
  platforms: z.array(PlatformChoice).min(1),
  /** Which designs are tried. */
  space: DesignSpace.default("full"),
  /** What the best design has least of; `pareto` writes the whole front. Default: latency. */
  objective: Objective.optional(),
  /** How progress is kept, and of hawaii and stateful: outputs of a group; default: the best. */
  scheme: Scheme.default("tile"),
  b: z.number().int().positive().max(65535).optional(),
  /**
   * `sleep`: a commit ends the power cycle, the board switches off until the capacitor is full.
   * `run_on`: it goes on while the capacitor holds enough for the worst step; the firmware, too.
   * Default: `sleep` of scheme tile; the others run on.
   */
  after_commit: AfterCommit.optional(),
});
export type ExploreParameters = z.infer<typeof ExploreParameters>;
