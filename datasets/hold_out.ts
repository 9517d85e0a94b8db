/** Validation and test samples held out of others, by a rule that can be told in one sentence. */
import type { Random } from "../base/random.ts";
import type { RawSplit } from "./dataset.ts";

/**
 * Draws the same share of every class, at least one sample of each that has two.
 *
 * @param candidates positions in `y` to draw from
 * @returns positions, both lists in rising order
 */
export function holdOutByClass(
  y: Int32Array,
  candidates: readonly number[],
  share: number,
  random: Random,
): { kept: number[]; held: number[] } {
  const byClass = new Map<number, number[]>();
  for (const i of candidates) {
    const label = y[i]!;
    if (!byClass.has(label)) byClass.set(label, []);
    byClass.get(label)!.push(i);
  }
  const held: number[] = [];
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    const positions = byClass.get(label)!;
    const count = positions.length < 2 || share === 0
      ? 0
      : Math.min(positions.length - 1, Math.max(1, Math.round(share * positions.length)));
    held.push(...random.shuffle(positions).slice(0, count));
  }
  return divide(candidates, new Set(held));
}

/**
 * Draws whole groups until the share of samples is reached, the closest count of groups winning; at
 * least one group, and never all.
 *
 * @param groups one name per sample
 */
export function holdOutByGroup(
  groups: readonly string[],
  candidates: readonly number[],
  share: number,
  random: Random,
): { kept: number[]; held: number[]; names: string[] } {
  const sizes = new Map<string, number>();
  for (const i of candidates) sizes.set(groups[i]!, (sizes.get(groups[i]!) ?? 0) + 1);
  const names = random.shuffle([...sizes.keys()].sort());
  const wanted = share * candidates.length;
  const drawn = new Set<string>();
  let count = 0;
  for (const name of share === 0 ? [] : names.slice(0, -1)) {
    const size = sizes.get(name)!;
    if (drawn.size > 0 && Math.abs(count + size - wanted) > Math.abs(count - wanted)) break;
    drawn.add(name);
    count += size;
  }
  const held = new Set(candidates.filter((i) => drawn.has(groups[i]!)));
  return { ...divide(candidates, held), names: [...drawn].sort() };
}

function divide(candidates: readonly number[], held: ReadonlySet<number>) {
  return {
    kept: candidates.filter((i) => !held.has(i)),
    held: candidates.filter((i) => held.has(i)).sort((a, b) => a - b),
  };
}

/**
 * Samples of some positions, each written by `fill` into its place.
 *
 * @param size elements of a sample
 */
export function takeSamples(
  y: Int32Array,
  positions: readonly number[],
  size: number,
  fill: (position: number, target: Float32Array) => void,
): RawSplit {
  const x = new Float32Array(positions.length * size);
  positions.forEach((position, to) => fill(position, x.subarray(to * size, (to + 1) * size)));
  return { x, y: Int32Array.from(positions, (position) => y[position]!) };
}
