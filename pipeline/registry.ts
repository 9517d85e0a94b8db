/** What the engine may run: handed over by the command line, so that the engine imports no stage. */
import type { z } from "zod";
import type { StageDefinition } from "./stage.ts";

export interface Registry {
  /** The kinds of stages that `uses:` can name. */
  readonly stages: readonly StageDefinition[];
  /** Top-level sections that stages refer to as `${name}`, e.g. `platforms`, with their schemas. */
  readonly sections: Readonly<Record<string, z.ZodType>>;
}
