/** Parameters of the dump stage. */
import { z } from "zod";
import { PlatformChoice } from "../../network/platform.ts";

export const DumpParameters = z.strictObject({
  /** The boards to dump for; each must have been explored. */
  platforms: z.array(PlatformChoice).min(1),
  /** Golden vectors: test samples with the outputs of the integer reference. */
  vectors: z.number().int().positive().max(65535).default(16),
  /** Chooses the test samples. */
  seed: z.number().int().default(0),
  /**
   * `sleep`: a commit ends the power cycle, the board switches off until the capacitor is full.
   * `run_on`: it goes on until the supply fails.
   */
  after_commit: z.enum(["sleep", "run_on"]).default("sleep"),
});
export type DumpParameters = z.infer<typeof DumpParameters>;
