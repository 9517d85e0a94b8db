/** `architecture.json`: the network that search chose, with the rule and the trial it comes from. */
import { z } from "zod";
import { Network } from "../network.ts";

export const ArchitectureArtifact = z.strictObject({
  network: Network,
  classes: z.array(z.string()),
  /** e.g. `"best validation accuracy within the latency requirement"`. */
  rule: z.string(),
  trial: z.number().int().nonnegative(),
  val_accuracy: z.number(),
  /** Under the platform that search optimised for. */
  platform: z.string(),
  latency_s: z.number(),
  requirement_s: z.number().nullable(),
});
export type ArchitectureArtifact = z.infer<typeof ArchitectureArtifact>;
