/** Mixed batches: each sample with another one of its batch, in one share for all (Zhang et al. 2018). */
import type { Random } from "../base/random.ts";
import type { Batch } from "./data.ts";

/** The other half of a mixed batch. */
export interface Mixture {
  /** Class of what each sample was mixed with. */
  readonly labels: Int32Array;
  /** Share of the sample itself, 0 to 1. */
  readonly share: number;
}

/** Mixes a batch in place. @param alpha of Beta(alpha, alpha) */
export function mixBatch({ x, y }: Batch, alpha: number, random: Random): Mixture {
  const share = beta(alpha, random);
  const partner = random.shuffle(Int32Array.from(y, (_, i) => i));
  const size = x.length / y.length;
  const before = x.slice();
  partner.forEach((other, i) => {
    for (let k = 0; k < size; k++) {
      x[i * size + k] = share * before[i * size + k]! + (1 - share) * before[other * size + k]!;
    }
  });
  return { labels: Int32Array.from(partner, (other) => y[other]!), share };
}

/** Joehnk's method (1964): two powers of uniform numbers whose sum is at most 1. */
function beta(alpha: number, random: Random): number {
  for (;;) {
    const a = random.uniform() ** (1 / alpha);
    const b = random.uniform() ** (1 / alpha);
    if (a + b > 0 && a + b <= 1) return a / (a + b);
  }
}
