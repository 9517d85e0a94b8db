/** `architecture.json`: the network that search chose, with the rule and the trial it comes from. */
import { z } from "zod";
import { Scheme } from "../design.ts";
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
  /** Under which latencies were judged; default: tile. */
  scheme: Scheme.optional(),
  /**
   * Where the network was brought instead of searched for: its weights lie beside this file as
   * `weights/<layer>.kernel.npy` and `.bias.npy`, laid out as the train stage's.
   */
  imported: z.strictObject({
    /** Name without folders. */
    file: z.string(),
    sha256: z.string(),
    /** What was left out of it. */
    notes: z.array(z.string()),
  }).optional(),
});
export type ArchitectureArtifact = z.infer<typeof ArchitectureArtifact>;
