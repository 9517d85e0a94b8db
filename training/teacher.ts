/**
 * A trained network whose opinion of a sample, all classes' probabilities, is what another one learns
 * (Hinton et al. 2015). A network that is rounded stays so close to the float one that it was: labels alone
 * would let it drift to another one of equal worth, whose mistakes are elsewhere.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Network } from "../network/network.ts";
import { toTensors } from "./backward.ts";
import type { Batch } from "./data.ts";
import { predict } from "./evaluate.ts";
import { buildGraph, type Graph } from "./forward.ts";
import { softmax } from "./loss.ts";
import type { Parameter } from "./parameters.ts";

/** Keeps its weights on the backend; dispose of it after use. */
export class Teacher {
  readonly #graph: Graph;
  readonly #tensors: tf.Tensor[];

  constructor(network: Network, parameters: readonly Parameter[]) {
    this.#graph = buildGraph(network, parameters);
    this.#tensors = toTensors(parameters);
  }

  /** [samples][classes] */
  async probabilities({ x, y }: Batch): Promise<Float32Array> {
    const split = { input: this.#graph.layers[0]!.input, x, y, samples: y.length };
    const { logits, classes } = await predict(this.#graph, this.#tensors, split, {
      batchSize: y.length,
    });
    return softmax(logits, classes);
  }

  dispose(): void {
    tf.dispose(this.#tensors);
  }
}
