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
});
export type DumpParameters = z.infer<typeof DumpParameters>;
