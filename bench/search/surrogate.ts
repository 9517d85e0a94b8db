/**
 * Accuracies of all networks of the HAR space from those of the recorded ones, as NAS-Bench-301 does:
 * ridge regression, and the residual's deviation as seeded noise per network, so that searching it is as
 * rugged as training is. It serves to compare search methods, never to report an accuracy.
 */
import { Random } from "../../base/random.ts";
import type { Choice } from "../../network/space.ts";
import type { Recorded } from "./record.ts";

const RIDGE = 0.3;

export class Surrogate {
  readonly #weights: number[];
  readonly #mean: number[];
  readonly #deviation: number[];
  readonly #noise: number;
  readonly #known: Map<string, number>;

  constructor(recorded: readonly Recorded[], noise?: number) {
    const rows = recorded.map(({ decisions }) => features(decisions));
    const columns = rows[0]!.length;
    this.#mean = Array.from({ length: columns }, (_, c) => average(rows.map((row) => row[c]!)));
    this.#deviation = this.#mean.map((mean, c) =>
      Math.sqrt(average(rows.map((row) => (row[c]! - mean) ** 2))) || 1
    );
    const scaled = rows.map((row) => this.#scale(row));
    this.#weights = ridge(scaled, recorded.map((one) => logit(one.epochs.at(-1)!)));
    const errors = recorded.map((one, i) =>
      logit(one.epochs.at(-1)!) - dot(scaled[i]!, this.#weights)
    );
    this.#noise = noise ?? Math.sqrt(average(errors.map((error) => error * error)));
    this.#known = new Map(recorded.map((one) => [one.network, one.epochs.at(-1)!]));
  }

  get noise(): number {
    return this.#noise;
  }

  /** The recorded accuracy, or a predicted one. */
  accuracy(network: string, decisions: Record<string, Choice>): number {
    const known = this.#known.get(network);
    if (known !== undefined) return known;
    const noise = this.#noise * new Random(1, `surrogate/${network}`).normal();
    return 1 / (1 + Math.exp(-(this.predict(decisions) + noise)));
  }

  /** Logit of the accuracy, without noise. */
  predict(decisions: Record<string, Choice>): number {
    return dot(this.#scale(features(decisions)), this.#weights);
  }

  #scale(row: readonly number[]): number[] {
    return [1, ...row.map((value, c) => (value - this.#mean[c]!) / this.#deviation[c]!)];
  }
}

function features(decisions: Record<string, Choice>): number[] {
  const k = [1, 2, 3].map((i) => Number(decisions[`conv${i}.kernel`]!));
  const c = [1, 2, 3].map((i) => Math.log2(Number(decisions[`conv${i}.channels`]!)));
  const reach = 1 + k.reduce((sum, one) => sum + one - 1, 0);
  const narrow = Math.min(...c);
  const pairs = [[0, 1], [1, 2], [0, 2]] as const;
  return [
    ...k,
    ...c,
    ...c.map((one) => one * one),
    ...k.map((one) => (one === 1 ? 1 : 0)),
    ...pairs.map(([i, j]) => c[i]! * c[j]!),
    ...k.map((one, i) => one * c[i]!),
    reach,
    reach * c[2]!,
    Math.log2(reach),
    narrow,
    c[2] === 2 ? 1 : 0,
  ];
}

function logit(share: number): number {
  const inside = Math.min(0.999, Math.max(0.001, share));
  return Math.log(inside / (1 - inside));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** Weights w that minimise |X w - y|^2 + RIDGE |w|^2, the constant first and free. */
function ridge(rows: readonly number[][], targets: readonly number[]): number[] {
  const size = rows[0]!.length;
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from(
      { length: size },
      (_, j) =>
        rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0) + (i === j && i > 0 ? RIDGE : 0),
    ),
    rows.reduce((sum, row, r) => sum + row[i]! * targets[r]!, 0),
  ]);
  for (let i = 0; i < size; i++) {
    // Positive definite by the ridge: no pivoting.
    for (let j = 0; j < size; j++) {
      if (j === i) continue;
      const factor = system[j]![i]! / system[i]![i]!;
      for (let k = i; k <= size; k++) system[j]![k]! -= factor * system[i]![k]!;
    }
  }
  return system.map((row, i) => row[size]! / row[i]!);
}
