/** `deno task explore FILE --calibrate`: the exact latency quartiles of a search space, TS1 to TS3. */
import { z } from "zod";
import { exploreSpace } from "../native/space.ts";
import { SpaceQuery } from "../native/space_query.ts";
import { DesignSpace, Power } from "../network/explore.ts";
import { PlatformChoice, Protocol } from "../network/platform.ts";
import { SearchSpace } from "../network/space.ts";
import { fromPlain } from "../pipeline/located.ts";
import { check } from "../pipeline/schema_problems.ts";
import { parseYaml } from "../pipeline/yaml_source.ts";
import { UserError } from "../base/errors.ts";

const positive = z.number().int().positive();

/** What the file holds, YAML or JSON. */
export const CalibrationRequest = z.strictObject({
  search_space: SearchSpace,
  input: z.strictObject({ h: positive, w: positive, channels: positive }),
  classes: positive,
  platform: PlatformChoice,
  power: Power.default("intermittent"),
  space: DesignSpace.default("published"),
  protocol: Protocol.optional(),
});

export interface Calibration {
  networks: number;
  feasible: number;
  /** Distinct layers, and the designs of theirs that were covered. */
  layers: number;
  designs: number;
  /** Latency that a quarter, a half and three quarters of the feasible networks keep. */
  TS1_s: number | null;
  TS2_s: number | null;
  TS3_s: number | null;
}

/** @param text of `file` @throws UserError naming line and field of every mistake */
export async function calibrate(
  text: string,
  file: string,
  options: {
    threads: number;
    signal: AbortSignal;
    space?: DesignSpace | undefined;
  },
): Promise<Calibration> {
  const { root, problems } = parseYaml(text, file);
  if (problems.length > 0) throw new UserError(problems);
  const { value, problems: wrong } = check(
    CalibrationRequest,
    root ?? fromPlain(null, { file }),
    "",
  );
  if (value === undefined) throw new UserError(wrong);
  const { search_space, input, classes, platform, power, protocol } = value;
  const table = await exploreSpace(search_space, input, classes, platform, {
    power,
    protocol,
    space: options.space ?? value.space,
    threads: options.threads,
    signal: options.signal,
  });
  const running = new SpaceQuery(table), feasible = running.count;
  const [TS1, TS2, TS3] = feasible === 0 ? [] : running.quantiles([0.25, 0.5, 0.75]);
  return {
    networks: table.state.length,
    feasible,
    layers: table.layers,
    designs: table.designs,
    TS1_s: TS1 ?? null,
    TS2_s: TS2 ?? null,
    TS3_s: TS3 ?? null,
  };
}
