/** Which of the trained networks is taken, and which are worth a look. */
import type { Candidate, ParetoArtifact } from "../../network/artifacts/search.ts";

/** A candidate that was trained and may run, with its costs on the platform that counts. */
export interface Trained {
  readonly candidate: Candidate;
  readonly latency_s: number;
  readonly val_accuracy: number;
  readonly energy_J?: number | null;
  readonly nvm_written_bytes?: number | null;
}

/**
 * Best validation accuracy of those trained to their end; of equal ones the lowest latency, then the
 * first asked for.
 */
export function chooseBest(trained: readonly Trained[]): Trained | undefined {
  return trained.filter(({ candidate }) => candidate.trial?.stopped_after === undefined)
    .sort((a, b) =>
      b.val_accuracy - a.val_accuracy || a.latency_s - b.latency_s ||
      a.candidate.sample - b.candidate.sample
    )[0];
}

/** Objectives that are known of every network, each as a cost. */
function costsKnown(trained: readonly Trained[]): Map<string, (one: Trained) => number> {
  const all: [string, (one: Trained) => number | null | undefined][] = [
    ["accuracy", (one) => -one.val_accuracy],
    ["latency", (one) => one.latency_s],
    ["energy", (one) => one.energy_J],
    ["nvm wear", (one) => one.nvm_written_bytes],
  ];
  return new Map(
    all.filter(([, cost]) => trained.every((one) => cost(one) != null)) as [
      string,
      (one: Trained) => number,
    ][],
  );
}

/** What {@link paretoPoints} compares. */
export function objectives(trained: readonly Trained[]): string[] {
  return [...costsKnown(trained).keys()];
}

/** Trained networks by latency, marked where no other is at least as good in all and better in one. */
export function paretoPoints(
  trained: readonly Trained[],
  chosen: number,
): ParetoArtifact["points"] {
  const costs = [...costsKnown(trained).values()];
  const dominates = (a: Trained, b: Trained) =>
    costs.every((cost) => cost(a) <= cost(b)) && costs.some((cost) => cost(a) < cost(b));
  return [...trained]
    .sort((a, b) => a.latency_s - b.latency_s || a.candidate.sample - b.candidate.sample)
    .map((point) => {
      const { sample, network, trial } = point.candidate;
      return {
        sample,
        network,
        latency_s: point.latency_s,
        val_accuracy: point.val_accuracy,
        energy_J: point.energy_J ?? null,
        nvm_written_bytes: point.nvm_written_bytes ?? null,
        ...(trial?.stopped_after === undefined ? {} : { stopped_after: trial.stopped_after }),
        on_front: !trained.some((other) => dominates(other, point)),
        chosen: sample === chosen,
      };
    });
}

/** Candidates that were turned away, in the order of asking. */
export function infeasiblePoints(
  candidates: readonly Candidate[],
  latencyOf: (candidate: Candidate) => number | null,
): ParetoArtifact["infeasible"] {
  return candidates.flatMap((candidate) => {
    if (candidate.rejection === null) return [];
    const { binding, violation, unit, platform } = candidate.rejection;
    return [{
      sample: candidate.sample,
      network: candidate.network,
      binding,
      violation,
      unit,
      platform,
      latency_s: latencyOf(candidate),
      val_accuracy: candidate.trial?.val_accuracy ?? null,
    }];
  });
}
