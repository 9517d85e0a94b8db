/** All stages that `pipeline.yaml` can use, and the sections that they share. */
import type { Registry } from "../pipeline/registry.ts";

export const registry: Registry = { stages: [], sections: {} };
