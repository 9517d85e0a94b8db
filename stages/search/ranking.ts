/** Networks in the order in which they are worth training, found before any is trained. */
import {
  macs,
  type Network,
  resolveLayers,
  type Shape,
  weightShape,
} from "../../network/network.ts";
import { buildNetwork } from "../../network/space.ts";
import type { Progress } from "../../pipeline/stage.ts";
import { type CandidatesRequest, findCandidates } from "./candidates.ts";
import type { ExploredBook } from "./explored.ts";
import type { Inherit, Inherited } from "./inherit.ts";
import { fitParameters, type SearchParameters } from "./schema.ts";

export interface RankingRequest {
  readonly params: SearchParameters;
  readonly input: Shape;
  readonly classes: number;
  readonly workDir: string;
  /** Needed by method `supernet`. */
  readonly inherit?: Inherit;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Ranking {
  /** Choices, the best first; empty where nothing can run in time. */
  readonly order: readonly number[][];
  readonly inherited?: Inherited;
}

/** By the losses of inherited weights, or by size where `random` filters; undefined: as they come. */
export async function rankCandidates(
  request: RankingRequest,
  from: Omit<CandidatesRequest, "most">,
  book: ExploredBook,
): Promise<Ranking | undefined> {
  const { method, supernet, prefilter } = request.params;
  if (method === "supernet") {
    const found = await findCandidates({ ...from, most: supernet.candidates }, book);
    return await byInheritance(request, found);
  }
  // Without a requirement the largest would always be the best: nothing is left to find.
  if (method !== "random" || prefilter === null || from.requirement_s === Infinity) {
    return undefined;
  }
  const found = await findCandidates({ ...from, most: prefilter.of }, book);
  request.progress.note(
    `${found.length} networks in time, the largest by ${prefilter.proxy} first`,
  );
  const sizes = build(request, found).map((network) => sizeOf(network)[prefilter.proxy]);
  return { order: inOrder(found, (i) => -sizes[i]!) };
}

async function byInheritance(
  request: RankingRequest,
  found: readonly number[][],
): Promise<Ranking> {
  if (found.length === 0) return { order: [] };
  const { params, workDir, inherit, progress, signal } = request;
  if (inherit === undefined) throw new RangeError("supernet needs something to train it");
  const inherited = await inherit({
    networks: build(request, found),
    options: fitParameters(params),
    supernet: params.supernet,
    workDir,
    progress,
    signal,
  });
  progress.note(`ranked ${found.length} networks by the weights of one supernet`);
  return { order: inOrder(found, (i) => inherited.losses[i]!), inherited };
}

function build({ params, input, classes }: RankingRequest, found: readonly number[][]): Network[] {
  return found.map((indices) => buildNetwork(params.space, indices, input, classes));
}

function inOrder(found: readonly number[][], cost: (i: number) => number): number[][] {
  return [...found.keys()].sort((a, b) => cost(a) - cost(b) || a - b).map((i) => found[i]!);
}

export function sizeOf(network: Network): { parameters: number; macs: number } {
  const layers = resolveLayers(network);
  const weights = (shape: number[]) =>
    shape.length === 0 ? 0 : shape.reduce((product, n) => product * n, 1);
  return {
    parameters: layers.reduce(
      (sum, layer) => sum + weights(weightShape(layer)) + (layer.bias ? layer.output.channels : 0),
      0,
    ),
    macs: layers.reduce((sum, layer) => sum + macs(layer), 0),
  };
}
