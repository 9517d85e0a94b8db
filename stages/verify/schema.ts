/** Parameters of the verify stage. */
import { z } from "zod";
import { PlatformChoice } from "../../network/platform.ts";

const UINT32 = 0xffffffff;

export const VerifyParameters = z.strictObject({
  /** The boards whose firmware is verified. */
  platforms: z.array(PlatformChoice).min(1),
  /** Chooses where the power is cut. */
  seed: z.number().int().nonnegative().max(UINT32).default(1),
  /** Campaigns per kind of cut. */
  campaigns: z.number().int().positive().max(1_000_000).default(200),
  /** Cuts of one campaign, at most. */
  max_cuts: z.number().int().positive().max(1_000_000).default(100),
  /** Inferences of one campaign, golden vectors in turn. Without cuts, all of them are run. */
  vectors: z.number().int().positive().max(65535).default(4),
  /** Runs of the MSP430's code in its simulator that are cut between two instructions. */
  instruction_cuts: z.number().int().positive().max(10_000).default(12),
  /**
   * Instructions that each kind of cut of the shipped image may take on the simulated board; one run
   * is always made. 10^8 are 2 s.
   */
  shipped_instructions: z.number().int().positive().max(1e12).default(2e7),
  /**
   * One cut at each NVM write of an inference, in every way. `auto`: where it takes seconds rather
   * than hours, by the writes and multiplications that the network has.
   */
  every_write: z.enum(["auto", "always", "never"]).default("auto"),
});
export type VerifyParameters = z.infer<typeof VerifyParameters>;
