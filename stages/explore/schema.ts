/** Parameters of the explore stage. */
import { z } from "zod";
import { DesignSpace, Objective } from "../../network/explore.ts";
import { PlatformChoice } from "../../network/platform.ts";

export const ExploreParameters = z.strictObject({
  /** The boards to explore for. */
  platforms: z.array(PlatformChoice).min(1),
  /** Which designs are tried. */
  space: DesignSpace.default("published"),
  /** Of the full space: what the best design has least of. Default: latency. */
  objective: Objective.optional(),
});
export type ExploreParameters = z.infer<typeof ExploreParameters>;
