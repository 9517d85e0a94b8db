/** Golden vectors: test samples as codes, and what the integer reference answers. */
import type { Codes } from "../../base/files.ts";
import { Random } from "../../base/random.ts";
import {
  IntegerInference,
  type IntegerNetwork,
  quantiseInput,
  storedCodes,
} from "../../network/integer/inference.ts";

export interface Vectors {
  seed: number;
  /** Positions in the test split, ascending. */
  samples: number[];
  /** [K][h][w][channels] */
  inputs: Codes;
  /** [K][classes] */
  outputs: Codes;
  /** [K] */
  labels: Int32Array;
}

/** Chooses `count` test samples, all where there are fewer. @param x [samples][h][w][channels] */
export function makeVectors(
  network: IntegerNetwork,
  x: Float32Array,
  y: Int32Array,
  count: number,
  seed: number,
): Vectors {
  const samples = [
    ...new Random(seed, "dump/vectors")
      .shuffle(Int32Array.from({ length: y.length }, (_, i) => i))
      .subarray(0, Math.min(count, y.length))
      .sort(),
  ];
  const size = x.length / y.length;
  const inference = new IntegerInference(network);
  const inputs = samples.map((i) => quantiseInput(network, x.subarray(i * size, (i + 1) * size)));
  const outputs = inputs.map((codes) => inference.run(codes).slice());
  return {
    seed,
    samples,
    inputs: storedCodes(joined(inputs), network.element_bytes),
    outputs: storedCodes(joined(outputs), network.element_bytes),
    labels: Int32Array.from(samples, (i) => y[i]!),
  };
}

function joined(parts: Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
