/** What a space offers on the platforms at hand, before anything is trained. */
import type { Rejection, SpaceSurvey } from "../../network/artifacts/search.ts";
import { latencyOn, quantile } from "./costs.ts";
import type { Explored, ExploredBook } from "./explored.ts";
import { countByBinding } from "./nothing_feasible.ts";
import { drawIndices } from "./sampler.ts";

/** Spaces up to this size are looked at as a whole. */
const WHOLE = 256;
const SAMPLE = 64;

export interface SurveyRequest {
  readonly radices: readonly number[];
  readonly seed: number;
  readonly platform: string;
  exists(indices: readonly number[]): boolean;
}

export async function surveySpace(
  { radices, seed, platform, exists }: SurveyRequest,
  book: ExploredBook,
): Promise<SpaceSurvey> {
  const size = radices.reduce((product, choices) => product * choices, 1);
  const asked = [...take(drawIndices(radices, seed, exists), size <= WHOLE ? size : SAMPLE)];
  return summarise(await book.look(asked), platform, size, size <= WHOLE);
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
    rejected: countByBinding(rejections),
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
