/** The published reward of a child network, with its quirks (iNAS; specs: DAC 2019's controller). */
import type { Told } from "./searcher.ts";

const LIMIT = 0.1;
const KEPT = 0.8;
const REPEAT_FACTOR = 1.2;

const clip = (value: number) => Math.min(LIMIT, Math.max(-LIMIT, value));

export class Reward {
  readonly #requirement_s: number;
  #movingAccuracy = 0;
  #accuracies = 0;

  /** @param requirement_s Infinity: latency earns nothing */
  constructor(requirement_s: number) {
    this.#requirement_s = requirement_s;
  }

  get movingAccuracy(): number {
    return this.#movingAccuracy;
  }

  /** Reward of a child; a trained one moves the average afterwards. */
  of({ latency_s, accuracy, rejected }: Pick<Told, "latency_s" | "accuracy" | "rejected">): number {
    const required = this.#requirement_s;
    if (latency_s === null || (rejected !== null && rejected.binding !== "latency")) return -LIMIT;
    if (latency_s > required) return clip((required - latency_s) / (10 * required) - 1);
    if (accuracy === null) throw new RangeError("a network within the requirement was not trained");
    const reward = clip(accuracy - this.#movingAccuracy + latency_s / (10 * required));
    // Bias-corrected once: the average of one accuracy is that accuracy.
    this.#movingAccuracy = this.#accuracies++ === 0
      ? accuracy
      : KEPT * this.#movingAccuracy + (1 - KEPT) * accuracy;
    return reward;
  }

  /** An action came twice in a row. */
  repeated(): void {
    this.#movingAccuracy *= REPEAT_FACTOR;
  }
}
