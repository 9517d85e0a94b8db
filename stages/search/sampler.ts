/** Draws networks of a space in a seeded random order, none twice. */
import { Random } from "../../base/random.ts";
import type { Network, Shape } from "../../network/network.ts";
import { buildNetwork, decisions, type SearchSpace, spaceSize } from "../../network/space.ts";

export interface Sample {
  /** Position in the order of drawing, from 0. */
  readonly sample: number;
  readonly decisions: Record<string, number>;
  readonly network: Network;
}

/**
 * Yields every network of the space that can be built for this input, in random order.
 * A network whose kernels outgrow the input does not exist and is passed over.
 */
export function* drawNetworks(
  space: SearchSpace,
  seed: number,
  input: Shape,
  classes: number,
): Generator<Sample> {
  const size = spaceSize(space);
  const list = decisions(space);
  const random = new Random(seed, "search/sample");
  // A Fisher-Yates shuffle of 0 .. size-1 that keeps only the places it has touched.
  const moved = new Map<number, number>();
  let sample = 0;
  for (let drawn = 0; drawn < size; drawn++) {
    const place = drawn + random.int(size - drawn);
    const number = moved.get(place) ?? place;
    moved.set(place, moved.get(drawn) ?? drawn);
    moved.delete(drawn);
    const indices = indicesOf(number, list.map(({ choices }) => choices.length));
    if (!fits(space, indices, input)) continue;
    yield {
      sample: sample++,
      decisions: Object.fromEntries(
        list.map(({ name, choices }, i) => [name, choices[indices[i]!]!]),
      ),
      network: buildNetwork(space, indices, input, classes),
    };
  }
}

/** Mixed-radix digits, the last decision the fastest. */
function indicesOf(number: number, radices: readonly number[]): number[] {
  const digits = new Array<number>(radices.length);
  for (let i = radices.length - 1; i >= 0; i--) {
    digits[i] = number % radices[i]!;
    number = Math.floor(number / radices[i]!);
  }
  return digits;
}

function fits(space: SearchSpace, indices: readonly number[], input: Shape): boolean {
  if (space.type === "fc") return true;
  let shrink = 0;
  for (let i = 0; i < space.layers; i++) shrink += space.kernels[indices[2 * i]!]! - 1;
  return input.h > shrink && (space.dimensions === 1 || input.w > shrink);
}
