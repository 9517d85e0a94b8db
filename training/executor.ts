/** What computes a network's gradients and scores: the calling thread's backend, or several threads. */
import * as tf from "@tensorflow/tfjs-core";
import type { Network } from "../network/network.ts";
import { type BatchGradients, lossAndGradients, type LossOptions, toTensors } from "./backward.ts";
import type { Batch, Split } from "./data.ts";
import { type EvaluateOptions, predict, type Prediction } from "./evaluate.ts";
import { buildGraph, type Graph } from "./forward.ts";
import { emptyParameters, type Parameter } from "./parameters.ts";

/** Parameters are those of its network, in the order of `emptyParameters()`. */
export interface Executor extends Disposable {
  /** Mean loss of a batch and its gradient by every parameter. The batch is read before it returns. */
  gradients(
    parameters: readonly Parameter[],
    batch: Batch,
    options?: LossOptions,
  ): Promise<BatchGradients>;
  /** Class scores before softmax of a whole split. */
  predict(
    parameters: readonly Parameter[],
    split: Split,
    options?: EvaluateOptions,
  ): Promise<Prediction>;
}

/** On the backend that is selected in this thread, each batch whole. */
export class OwnThread implements Executor {
  readonly #graph: Graph;

  constructor(network: Network) {
    this.#graph = buildGraph(network, emptyParameters(network));
  }

  gradients(
    parameters: readonly Parameter[],
    batch: Batch,
    options?: LossOptions,
  ): Promise<BatchGradients> {
    const { input } = this.#graph.layers[0]!;
    return lossAndGradients(this.#graph, parameters, input, batch, options);
  }

  async predict(
    parameters: readonly Parameter[],
    split: Split,
    options?: EvaluateOptions,
  ): Promise<Prediction> {
    const tensors = toTensors(parameters);
    try {
      return await predict(this.#graph, tensors, split, options);
    } finally {
      tf.dispose(tensors);
    }
  }

  [Symbol.dispose](): void {}
}
