/** Parameters of the firmware stage. */
import { z } from "zod";
import { PlatformChoice } from "../../network/platform.ts";

export const FirmwareParameters = z.strictObject({
  /** The boards to build for; each must have been dumped for. */
  platforms: z.array(PlatformChoice).min(1),
  /**
   * C file with the three functions of runtime-c/apps/app.h, relative to the checkout; null: the
   * image infers golden vectors in turn and shows right results on the completion flag.
   */
  application: z.string().nullable().default(null),
  /**
   * For platforms whose kernel is `lea`: folder of TI's DSPLib (include/DSPLib.h, source/), or
   * `stand-in`: the image sums on the CPU, right but not in the time and energy that were modelled.
   */
  dsplib: z.string().nullable().default(null),
  /** Golden vectors that go into the flashed image without an application; fewer where room ends. */
  vectors: z.number().int().positive().max(65535).default(4),
  /**
   * Counters per layer that survive resets, for `deno task board read`: in NVM behind the network's,
   * saved at each boot and commit, which costs time and energy that the explorer does not charge.
   */
  counters: z.boolean().default(false),
});
export type FirmwareParameters = z.infer<typeof FirmwareParameters>;
