/** All stages that `pipeline.yaml` can use, and the sections that they share. */
import { z } from "zod";
import { PlatformChoice } from "../network/platform.ts";
import type { Registry } from "../pipeline/registry.ts";
import { stage as dataset } from "../stages/dataset/run.ts";
import { dump } from "../stages/dump/run.ts";
import { explore } from "../stages/explore/run.ts";
import { firmware } from "../stages/firmware/run.ts";
import { quantize } from "../stages/quantize/run.ts";
import { stage as search } from "../stages/search/run.ts";
import { stage as train } from "../stages/train/run.ts";
import { verify } from "../stages/verify/run.ts";
import { ROOT } from "./root.ts";

const profiles = [...Deno.readDirSync(`${ROOT}/platforms`)]
  .filter(({ name }) => name.endsWith(".yaml"))
  .map(({ name }) => name.slice(0, -".yaml".length))
  .sort();

/** The boards that every stage speaks of: known profiles, each once. */
const platforms = z.array(PlatformChoice.extend({ profile: z.enum(profiles) })).min(1)
  .superRefine((choices, context) => {
    choices.forEach(({ profile }, index) => {
      if (choices.findIndex((choice) => choice.profile === profile) < index) {
        context.addIssue({
          code: "custom",
          message: "stands twice",
          path: [index, "profile"],
        });
      }
    });
  });

export const registry: Registry = {
  stages: [dataset, search, explore, train, quantize, dump, firmware, verify],
  sections: { platforms },
};
