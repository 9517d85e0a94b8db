/** What a space offers on the platforms at hand, before anything is trained. */
import type { Rejection, SpaceSurvey } from "../../network/artifacts/search.ts";
import type { PlatformChoice } from "../../network/platform.ts";
import {
  countRefused,
  type NetworkTable,
  SpaceQuery,
  worstTable,
} from "../../native/space_query.ts";
import { latencyOn, quantile } from "./costs.ts";
import type { Explored, ExploredBook } from "./explored.ts";
import { countByBinding } from "./nothing_feasible.ts";
import { drawIndices } from "./sampler.ts";

/** Spaces up to this size are looked at as a whole. */
const WHOLE = 256;
const SAMPLE = 64;

/** Spaces up to this size are tabled, where the explorer can: 25 bytes a network and platform. */
const TABLE = 2 ** 21;

export interface SurveyRequest {
  readonly radices: readonly number[];
  readonly seed: number;
  readonly platform: string;
  readonly platforms: readonly PlatformChoice[];
  readonly table?: ((platform: PlatformChoice) => Promise<NetworkTable>) | undefined;
  exists(indices: readonly number[]): boolean;
}

export async function surveySpace(
  { radices, seed, platform, platforms, table, exists }: SurveyRequest,
  book: ExploredBook,
): Promise<{ survey: SpaceSurvey; tables: ReadonlyMap<string, NetworkTable> | undefined }> {
  const size = radices.reduce((product, choices) => product * choices, 1);
  if (table !== undefined && size <= TABLE) {
    const tables = new Map<string, NetworkTable>();
    for (const choice of platforms) tables.set(choice.profile, await table(choice));
    return { survey: summariseTables(tables, platform, size), tables };
  }
  const asked = [...take(drawIndices(radices, seed, exists), size <= WHOLE ? size : SAMPLE)];
  const survey = summarise(await book.look(asked), platform, size, size <= WHOLE);
  return { survey, tables: undefined };
}

/** Counts and quantiles of networks that were explored. */
export function summarise(
  explored: readonly Pick<Explored, "rejection" | "costs">[],
  platform: string,
  size: number,
  exact: boolean,
): SpaceSurvey {
  const latencies = explored.flatMap(({ rejection, costs }) =>
    rejection === null ? latencyOn(platform, costs) ?? [] : []
  );
  const rejections = explored.flatMap(({ rejection }): Rejection[] =>
    rejection === null ? [] : [rejection]
  );
  return {
    networks_in_space: size,
    asked: explored.length,
    exact,
    feasible_share: explored.length === 0 ? 0 : latencies.length / explored.length,
    latency_quantiles_s: latencies.length === 0 ? null : {
      q25: quantile(latencies, 0.25),
      q50: quantile(latencies, 0.5),
      q75: quantile(latencies, 0.75),
    },
    rejected: { ...countByBinding(rejections) },
  };
}

/** Networks that every platform can run, with their latency on those that count: one, or `worst`. */
export function tableOf(
  tables: ReadonlyMap<string, NetworkTable>,
  platform: string,
): NetworkTable {
  const all = [...tables.values()];
  return worstTable(all, platform === "worst" ? all : [tables.get(platform)!]);
}

function summariseTables(
  tables: ReadonlyMap<string, NetworkTable>,
  platform: string,
  size: number,
): SpaceSurvey {
  const table = tableOf(tables, platform);
  const running = new SpaceQuery(table);
  const [q25, q50, q75] = running.reached([0.25, 0.5, 0.75]);
  return {
    networks_in_space: size,
    asked: size,
    exact: true,
    feasible_share: running.count / size,
    latency_quantiles_s: running.count === 0 ? null : { q25: q25!, q50: q50!, q75: q75! },
    rejected: { ...countRefused(table) },
  };
}

/** e.g. `4096 networks; of 64 drawn 100.0 % can run; latency 2.1 / 3.5 / 6.2 s (quartiles)`. */
export function describeSurvey(survey: SpaceSurvey, platform: string): string {
  const { networks_in_space, asked, exact, feasible_share, latency_quantiles_s } = survey;
  const seconds = (value: number) => value.toPrecision(3);
  return `space of ${networks_in_space} networks: ` +
    `${(100 * feasible_share).toFixed(1)} % of ${exact ? "all" : `${asked} drawn`} can run` +
    (latency_quantiles_s === null
      ? ""
      : `; quartiles of latency on ${platform}: ${seconds(latency_quantiles_s.q25)}, ` +
        `${seconds(latency_quantiles_s.q50)}, ${seconds(latency_quantiles_s.q75)} s`);
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  if (left <= 0) return;
  for (const item of items) {
    yield item;
    if (--left <= 0) return;
  }
}
