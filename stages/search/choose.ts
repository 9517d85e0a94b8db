/** Which of the trained networks is taken, and which are worth a look. */
import type { Candidate } from "../../network/artifacts/search.ts";
import type { ParetoArtifact } from "../../network/artifacts/search.ts";

/** A candidate that was trained, with its latency on the platform that counts. */
export interface Trained {
  readonly candidate: Candidate;
  readonly latency_s: number;
  readonly val_accuracy: number;
}

/** Best validation accuracy; of equal ones the lowest latency, then the first drawn. */
export function chooseBest(trained: readonly Trained[]): Trained | undefined {
  return [...trained].sort((a, b) =>
    b.val_accuracy - a.val_accuracy || a.latency_s - b.latency_s ||
    a.candidate.sample - b.candidate.sample
  )[0];
}

/** Trained networks by latency, marked where no other is at least as good in both and better in one. */
export function paretoPoints(
  trained: readonly Trained[],
  chosen: number,
): ParetoArtifact["points"] {
  const dominates = (a: Trained, b: Trained) =>
    a.latency_s <= b.latency_s && a.val_accuracy >= b.val_accuracy &&
    (a.latency_s < b.latency_s || a.val_accuracy > b.val_accuracy);
  return [...trained]
    .sort((a, b) => a.latency_s - b.latency_s || a.candidate.sample - b.candidate.sample)
    .map((point) => ({
      sample: point.candidate.sample,
      network: point.candidate.network,
      latency_s: point.latency_s,
      val_accuracy: point.val_accuracy,
      on_front: !trained.some((other) => dominates(other, point)),
      chosen: point.candidate.sample === chosen,
    }));
}
