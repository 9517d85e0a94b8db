/** Integer inference of many samples: by the runtime's kernels where they can, else by the reference. */
import { UserError } from "../../base/errors.ts";
import { loadExplorer, type NativeIntegerNetwork } from "../../native/addon.ts";
import { forKernels, inferAll } from "../../native/infer.ts";
import { IntegerInference, type IntegerNetwork } from "../../network/integer/inference.ts";

export class IntegerOutputs {
  readonly reference: IntegerInference;
  /** Why the reference computes everything; undefined where the kernels do. */
  readonly instead: string | undefined;
  readonly #native: NativeIntegerNetwork | undefined;
  readonly #threads: number;

  constructor(network: IntegerNetwork, threads: number) {
    this.reference = new IntegerInference(network);
    this.#threads = threads;
    try {
      loadExplorer();
      this.#native = forKernels(network);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.instead = error.problems[0]!.message;
    }
  }

  /** Codes [samples][outputs]. @param inputs [samples][h][w][channels], of `quantiseInput` */
  async of(inputs: readonly Int16Array[]): Promise<Int16Array> {
    if (this.#native === undefined) {
      return Int16Array.from(inputs.flatMap((codes) => [...this.reference.run(codes)]));
    }
    const all = new Int16Array(inputs.reduce((sum, codes) => sum + codes.length, 0));
    let at = 0;
    for (const codes of inputs) {
      all.set(codes, at);
      at += codes.length;
    }
    return await inferAll(this.#native, all, this.#threads);
  }
}
