/**
 * A trained network whose opinion of a sample, all classes' probabilities, is what another one learns
 * (Hinton et al. 2015). A network that is rounded stays so close to the float one that it was: labels alone
 * would let it drift to another one of equal worth, whose mistakes are elsewhere.
 */
import type { Batch, Split } from "./data.ts";
import type { EvaluateOptions } from "./evaluate.ts";
import type { Shape } from "../network/network.ts";
import type { Executor } from "./executor.ts";
import { softmax } from "./loss.ts";
import type { Parameter } from "./parameters.ts";

export class Teacher {
  readonly #executor: Executor;
  readonly #parameters: readonly Parameter[];

  constructor(executor: Executor, parameters: readonly Parameter[]) {
    this.#executor = executor;
    this.#parameters = parameters;
  }

  /** [samples][classes] */
  async probabilities({ x, y }: Batch, input: Shape): Promise<Float32Array> {
    return await this.#softened({ input, x, y, samples: y.length }, { batchSize: y.length });
  }

  /** Of a whole split, [samples][classes]. */
  async probabilitiesOf(split: Split, signal: AbortSignal | undefined): Promise<Float32Array> {
    return await this.#softened(split, { signal });
  }

  async #softened(split: Split, options: EvaluateOptions): Promise<Float32Array> {
    const { logits, classes } = await this.#executor.predict(this.#parameters, split, options);
    return softmax(logits, classes);
  }
}
