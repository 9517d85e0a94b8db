/** Latency requirements TS1 to TS3 of the published spaces: exact, beside those published from samples. */
import { exploreSpace } from "../native/space.ts";
import { SpaceQuery } from "../native/space_query.ts";
import type { Shape } from "../network/network.ts";
import type { SearchSpace } from "../network/space.ts";

/** A published search space with the platforms and the sampled requirements that belong to it. */
export interface PublishedSpace {
  space: SearchSpace;
  input: Shape;
  classes: number;
  published: {
    capacitance_F: number;
    harvester_ohm: number;
    safe_margin?: number;
    /** TS1, TS2, TS3. */
    sampled_s: readonly [number, number, number];
  }[];
}

export interface Requirement {
  dataset: string;
  capacitance_F: number;
  exact_s: number[];
  sampled_s: readonly number[];
}

/** The exact quartiles of every space under the published model, on each of its platforms. */
export async function requirements(
  spaces: Readonly<Record<string, PublishedSpace>>,
  threads: number,
): Promise<Requirement[]> {
  const rows: Requirement[] = [];
  for (const [dataset, { space, input, classes, published }] of Object.entries(spaces)) {
    for (const { sampled_s, ...buffer } of published) {
      const platform = { profile: "msp430fr5994-inas2021", ...buffer };
      const table = await exploreSpace(space, input, classes, platform, { threads });
      const exact_s = new SpaceQuery(table).quantiles([0.25, 0.5, 0.75]);
      rows.push({ dataset, capacitance_F: buffer.capacitance_F, exact_s, sampled_s });
    }
  }
  return rows;
}
