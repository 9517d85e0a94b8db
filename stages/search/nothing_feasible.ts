/** What to tell a user none of whose networks may be trained. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { Rejection } from "../../network/artifacts/search.ts";

/** Counts by what was in the way. */
export function countByBinding(
  rejections: readonly Rejection[],
): Partial<Record<Rejection["binding"], number>> {
  const counts: Partial<Record<Rejection["binding"], number>> = {};
  for (const { binding } of rejections) counts[binding] = (counts[binding] ?? 0) + 1;
  return counts;
}

/** A network that was turned away. */
export interface TurnedAway<Network> {
  readonly network: Network;
  readonly rejection: Rejection;
}

/**
 * The one that misses by the least: the fewest layers without a design, then the smallest amount
 * (amounts compare only within one unit).
 */
export function nearestMiss<T extends { readonly rejection: Rejection }>(
  turnedAway: readonly T[],
): T | undefined {
  return [...turnedAway].sort((a, b) =>
    a.rejection.layers - b.rejection.layers || a.rejection.violation - b.rejection.violation
  )[0];
}

/**
 * The error of a search that found nothing to train: counts by reason, and the nearest miss.
 * @param advice what would let the nearest miss run, one line per layer
 */
export function nothingFeasible(
  turnedAway: readonly TurnedAway<string>[],
  advice: readonly string[],
): UserError {
  const counts = Object.entries(countByBinding(turnedAway.map(({ rejection }) => rejection)))
    .map(([binding, count]) => `${binding} ${count}`).join(", ");
  const nearest = nearestMiss(turnedAway);
  return new UserError({
    message: `none of the ${turnedAway.length} networks drawn can run on every platform` +
      (counts === "" ? "" : `; in the way: ${counts}`),
    field: "search",
    expected: "at least one network with a safe design for every layer, within the requirement",
    ...(nearest === undefined
      ? {}
      : { help: [`nearest miss: ${describe(nearest)}`, ...advice].join("\n  ") }),
  }, ExitCode.infeasible);
}

function describe({ network, rejection }: TurnedAway<string>): string {
  const { platform, binding, layer, layers, violation, unit } = rejection;
  const where = layer === null
    ? "as a whole"
    : layers > 1
    ? `in layer ${layer} and ${layers - 1} more`
    : `in layer ${layer}`;
  return `${network} misses ${binding} on ${platform} ${where} by ` +
    `${Number(violation.toPrecision(4))} ${unit}`;
}
