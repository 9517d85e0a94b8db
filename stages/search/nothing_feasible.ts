/** What to tell a user none of whose networks may be trained. */
import { ExitCode, UserError } from "../../base/errors.ts";
import type { Candidate, Rejection } from "../../network/artifacts/search.ts";

/** Counts by what was in the way. */
export function countByBinding(
  rejections: readonly Rejection[],
): Partial<Record<Rejection["binding"], number>> {
  const counts: Partial<Record<Rejection["binding"], number>> = {};
  for (const { binding } of rejections) counts[binding] = (counts[binding] ?? 0) + 1;
  return counts;
}

/** The error of a search that found nothing to train: counts by reason, and the nearest miss. */
export function nothingFeasible(
  candidates: readonly Pick<Candidate, "network" | "rejection">[],
): UserError {
  const turnedAway = candidates.flatMap(({ network, rejection }) =>
    rejection === null ? [] : [{ network, rejection }]
  );
  const counts = Object.entries(countByBinding(turnedAway.map(({ rejection }) => rejection)))
    .map(([binding, count]) => `${binding} ${count}`).join(", ");
  // Amounts compare only within one unit; the fewest layers without a design come first.
  const nearest =
    [...turnedAway].sort((a, b) =>
      a.rejection.layers - b.rejection.layers || a.rejection.violation - b.rejection.violation
    )[0];
  return new UserError({
    message: `none of the ${candidates.length} networks drawn can run on every platform` +
      (counts === "" ? "" : `; in the way: ${counts}`),
    field: "search",
    expected: "at least one network with a safe design for every layer, within the requirement",
    ...(nearest === undefined ? {} : { help: `nearest miss: ${describe(nearest)}` }),
  }, ExitCode.infeasible);
}

function describe({ network, rejection }: { network: string; rejection: Rejection }): string {
  const { platform, binding, layer, layers, violation, unit } = rejection;
  const where = layer === null
    ? "as a whole"
    : layers > 1
    ? `in layer ${layer} and ${layers - 1} more`
    : `in layer ${layer}`;
  return `${network} misses ${binding} on ${platform} ${where} by ` +
    `${Number(violation.toPrecision(4))} ${unit}`;
}
