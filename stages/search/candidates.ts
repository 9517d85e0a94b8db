/** Networks that may be trained at all, found without training any. */
import { Random } from "../../base/random.ts";
import { type NetworkTable, SpaceQuery } from "../../native/space_query.ts";
import type { Explored, ExploredBook } from "./explored.ts";
import { drawIndices, indicesOf } from "./sampler.ts";
import { tableOf } from "./survey.ts";

export interface CandidatesRequest {
  readonly radices: readonly number[];
  readonly seed: number;
  exists(indices: readonly number[]): boolean;
  /** By profile, one of every platform; undefined where the space is too large for them. */
  readonly tables: ReadonlyMap<string, NetworkTable> | undefined;
  /** Whose latency counts: a profile, or `worst`. */
  readonly platform: string;
  readonly requirement_s: number;
  /** At most so many: a seeded sample where there are more. */
  readonly most: number;
  latencyOf(explored: Explored): number | null;
}

/** Of spaces without a table, so many networks are asked about for each that is wanted. */
const PATIENCE = 4;
const BATCH = 64;

/** Choices of networks that every platform can run in time. */
export async function findCandidates(
  request: CandidatesRequest,
  book: ExploredBook,
): Promise<number[][]> {
  const { radices, tables, most, seed } = request;
  if (tables === undefined) return await drawn(request, book);
  const running = new SpaceQuery(tableOf(tables, request.platform));
  const numbers = [...running.within({ latency_s: request.requirement_s }).numbers];
  const chosen = numbers.length <= most
    ? numbers
    : new Random(seed, "search/candidates").shuffle(numbers).slice(0, most).sort((a, b) => a - b);
  return chosen.map((number) => indicesOf(number, radices));
}

async function drawn(
  { radices, seed, exists, requirement_s, most, latencyOf }: CandidatesRequest,
  book: ExploredBook,
): Promise<number[][]> {
  const found: number[][] = [];
  const draw = drawIndices(radices, seed, exists);
  for (let asked = 0; asked < PATIENCE * most && found.length < most;) {
    const batch: number[][] = [];
    while (batch.length < BATCH) {
      const next = draw.next();
      if (next.done) break;
      batch.push(next.value);
    }
    if (batch.length === 0) break;
    asked += batch.length;
    for (const explored of await book.look(batch)) {
      const latency = latencyOf(explored);
      const fits = explored.rejection === null && latency !== null && latency <= requirement_s;
      if (fits && found.length < most) found.push([...explored.indices]);
    }
  }
  return found;
}
