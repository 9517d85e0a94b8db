/** Whose latency counts in a search, and how much of it there may be. */
import { type Problem, UserError } from "../../base/errors.ts";
import { quantile } from "./costs.ts";
import type { Explored, ExploredBook } from "./explored.ts";
import type { SearchParameters } from "./schema.ts";

/**
 * A profile of `platforms`, or `worst`.
 * @throws UserError where `platform` is none of them
 */
export function platformThatCounts(params: SearchParameters): string {
  const names = params.platforms.map(({ profile }) => profile);
  const platform = params.platform === "first" ? names[0]! : params.platform;
  if (platform !== "worst" && !names.includes(platform)) {
    throw new UserError(unknownPlatform(params));
  }
  return platform;
}

/** The problem of a `platform` that is none of `platforms`. */
export function unknownPlatform({ platform, platforms }: SearchParameters): Problem {
  const names = ["first", "worst", ...platforms.map(({ profile }) => profile)];
  return {
    message: `"${platform}" is none of the platforms`,
    field: "platform",
    value: platform,
    expected: names.join(" | "),
  };
}

/** In words, for the artifact. */
export function requirementRule({ requirement_s }: SearchParameters): string {
  if (requirement_s === null) return "none";
  if (typeof requirement_s === "number") return "given";
  const { quantile, samples } = requirement_s;
  return `${100 * quantile} % quantile of the networks that can run, of the first ${samples} drawn`;
}

/** Seconds, null for none; a quantile is that of the first networks drawn that can run. */
export async function requirementOf(
  { requirement_s }: SearchParameters,
  draw: () => Generator<number[]>,
  book: ExploredBook,
  latencyOf: (explored: Explored) => number | null,
): Promise<number | null> {
  if (requirement_s === null || typeof requirement_s === "number") return requirement_s;
  const drawn: number[][] = [];
  for (const indices of draw()) {
    if (drawn.length >= requirement_s.samples) break;
    drawn.push(indices);
  }
  const latencies = (await book.look(drawn)).flatMap((explored) => {
    const fits = explored.continuous !== null || explored.rejection === null;
    return fits ? latencyOf(explored) ?? [] : [];
  });
  return latencies.length === 0 ? null : quantile(latencies, requirement_s.quantile);
}
