/** Accuracy that a learning curve will reach, from its first epochs. */
import { mean } from "./statistics.ts";

/** Decay rates that are tried, per epoch. */
const RATES = [0.15, 0.25, 0.4, 0.6, 0.9, 1.3, 2];

/**
 * Fits a - b exp(-c epoch) by least squares and reads it at `epoch`; never below the best seen, as that
 * is kept.
 */
export function extrapolate(accuracies: readonly number[], epoch: number): number {
  const best = Math.max(...accuracies);
  let least = Infinity;
  let predicted = best;
  for (const rate of RATES) {
    const x = accuracies.map((_, i) => Math.exp(-rate * (i + 1)));
    const [slope, constant] = line(x, accuracies);
    const error = accuracies.reduce(
      (sum, y, i) => sum + (y - constant - slope * x[i]!) ** 2,
      0,
    );
    if (error < least) {
      least = error;
      predicted = constant + slope * Math.exp(-rate * epoch);
    }
  }
  return Math.min(1, Math.max(best, predicted));
}

function line(x: readonly number[], y: readonly number[]): [slope: number, constant: number] {
  const [mx, my] = [mean(x), mean(y)];
  const spread = x.reduce((sum, one) => sum + (one - mx) ** 2, 0);
  const slope = x.reduce((sum, one, i) => sum + (one - mx) * (y[i]! - my), 0) / spread;
  return [slope, my - slope * mx];
}
