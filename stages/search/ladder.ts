/**
 * Rungs of successive halving in which a trial is held against those asked for before it alone. Trials
 * are decided in the order of asking, whoever trained first, so that the outcome does not depend on the
 * workers; nobody waits for those asked for later.
 */
export class Ladder<T> {
  readonly #untils: readonly number[];
  readonly #keep: number;
  /** By rung: trials under way to it, in the order of asking. */
  readonly #under: T[][];
  /** By rung: accuracies of all trials that were decided there. */
  readonly #decided: number[][];

  /** @param untils epochs of each rung, the end of training last */
  constructor(untils: readonly number[], keep: number) {
    this.#untils = untils;
    this.#keep = keep;
    this.#under = untils.map(() => []);
    this.#decided = untils.map(() => []);
  }

  enter(trial: T): void {
    this.#under[0]!.push(trial);
  }

  /** Trials that are neither given up nor at their end. */
  get open(): number {
    return this.#under.reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * Decides what can be decided, by accuracies as far as they are known.
   * @returns the trials that were, each with the rung that it got to and the one it goes on to
   */
  decide(
    accuracy: (trial: T, until: number) => { value: number; ended: boolean } | undefined,
  ): { trial: T; until: number; next: number | undefined }[] {
    const decisions: { trial: T; until: number; next: number | undefined }[] = [];
    for (const [rung, until] of this.#untils.entries()) {
      const queue = this.#under[rung]!;
      const seen = this.#decided[rung]!;
      while (queue.length > 0) {
        const trial = queue[0]!;
        const found = accuracy(trial, until);
        if (found === undefined) break;
        queue.shift();
        seen.push(found.value);
        const bar = [...seen].sort((a, b) => b - a)[Math.ceil(this.#keep * seen.length) - 1]!;
        const goesOn = !found.ended && rung + 1 < this.#untils.length && found.value >= bar;
        if (goesOn) this.#under[rung + 1]!.push(trial);
        decisions.push({ trial, until, next: goesOn ? this.#untils[rung + 1] : undefined });
      }
    }
    return decisions;
  }
}
