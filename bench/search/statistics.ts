/** Kendall's tau-b: rank correlation that allows for ties, -1 to 1. */
export function kendall(a: readonly number[], b: readonly number[]): number {
  let balance = 0;
  let untiedA = 0;
  let untiedB = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const x = Math.sign(a[i]! - a[j]!);
      const y = Math.sign(b[i]! - b[j]!);
      balance += x * y;
      untiedA += x * x;
      untiedB += y * y;
    }
  }
  return balance / Math.sqrt(untiedA * untiedB);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
