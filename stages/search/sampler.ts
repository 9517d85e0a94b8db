/** Draws networks of a space in a seeded random order, none twice. */
import { Random } from "../../base/random.ts";
import type { Network, Shape } from "../../network/network.ts";
import {
  buildNetwork,
  canBuild,
  type Choice,
  decisions,
  type SearchSpace,
} from "../../network/space.ts";

export interface Sample {
  /** Position in the order of drawing, from 0. */
  readonly sample: number;
  readonly decisions: Record<string, Choice>;
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
  const radices = decisions(space).map(({ choices }) => choices.length);
  let sample = 0;
  for (const indices of drawIndices(radices, seed, (i) => canBuild(space, i, input))) {
    yield {
      sample: sample++,
      decisions: choicesOf(space, indices),
      network: buildNetwork(space, indices, input, classes),
    };
  }
}

/** What indices stand for, by the decisions' names. */
export function choicesOf(space: SearchSpace, indices: readonly number[]): Record<string, Choice> {
  return Object.fromEntries(
    decisions(space).map(({ name, choices }, i) => [name, choices[indices[i]!]!]),
  );
}

/** Yields all choices of indices that exist, in random order. */
export function* drawIndices(
  radices: readonly number[],
  seed: number,
  exists: (indices: readonly number[]) => boolean,
): Generator<number[]> {
  const size = radices.reduce((product, choices) => product * choices, 1);
  const random = new Random(seed, "search/sample");
  // A Fisher-Yates shuffle of 0 .. size-1 that keeps only the places it has touched.
  const moved = new Map<number, number>();
  for (let drawn = 0; drawn < size; drawn++) {
    const place = drawn + random.int(size - drawn);
    const number = moved.get(place) ?? place;
    moved.set(place, moved.get(drawn) ?? drawn);
    moved.delete(drawn);
    const indices = indicesOf(number, radices);
    if (exists(indices)) yield indices;
  }
}

/** Mixed-radix digits, the last decision the fastest. */
export function indicesOf(number: number, radices: readonly number[]): number[] {
  const digits = new Array<number>(radices.length);
  for (let i = radices.length - 1; i >= 0; i--) {
    digits[i] = number % radices[i]!;
    number = Math.floor(number / radices[i]!);
  }
  return digits;
}
