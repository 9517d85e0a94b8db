/**
 * The controller of hardware-aware NAS (DAC 2019, arXiv 1901.11211; iNAS section 5 uses it): an LSTM that
 * makes one decision per step, its own argmax fed on, and REINFORCE by RMSProp. Float64 and sequential:
 * the same seed gives the same numbers anywhere.
 *
 * What the publications leave out is as in the program that iNAS published, quirks included:
 * - decisions of one kind (all kernels, all widths) share one table of embeddings, with a row 0 that
 *   stands for no choice;
 * - the first step reads a row per choice of the first decision: all are 0 but, where the action before
 *   was drawn at random, the one that was chosen, which is its number from 1 (behind the policy's own
 *   action: the probabilities cut to whole numbers). A learning step reads those of the action that it
 *   learns;
 * - the target of choice k of a softmax is k + 1, not 1: later choices (larger kernels, more channels)
 *   are pushed harder;
 * - the reward multiplies the whole gradient, that of L2 included;
 * - weights start uniform in +-sqrt(6 / (rows + columns)), embeddings in +-1, biases at 0, the forget
 *   gate's input raised by 1; RMSProp keeps 0.9 of a mean square that starts at 1.
 */
import { Random } from "../../../base/random.ts";

export const CELLS = 32;
export const EMBEDDING = 20;
const LEARNING_RATE = 0.1;
const LEARNING_RATE_DECAY = 0.95;
const STEPS_PER_DECAY = 500;
const L2 = 1e-3;
const MEAN_SQUARE_KEPT = 0.9;
const EPSILON = 1e-10;
const FORGET_BIAS = 1;
/** Rows of the LSTM's kernel: what it reads, its last output, the bias. */
const ROWS = EMBEDDING + CELLS + 1;
const GATES = 4 * CELLS;

interface CellState {
  /** Embedded input, last output, 1. */
  readonly read: Float64Array;
  /** After the non-linearity: input, forget, candidate, output gates. */
  readonly gates: Float64Array;
  readonly cell: Float64Array;
  readonly previousCell: Float64Array;
  readonly output: Float64Array;
  /** Offset of the embedding that was read. */
  readonly embedded: number;
  /** Decision that is made here, -1 where only the input is read; then no probabilities. */
  readonly decision: number;
  readonly logits: Float64Array;
  readonly probabilities: Float64Array;
}

export interface ControllerShape {
  /** Number of choices of each decision. */
  readonly radices: readonly number[];
  /** Kind of each decision, from 0; those of a kind have as many choices. Default: all differ. */
  readonly kinds?: readonly number[] | undefined;
}

export class Controller {
  /** All weights in one array: LSTM kernel, embeddings per kind, one classifier per decision. */
  readonly weights: Float64Array;
  readonly #radices: readonly number[];
  readonly #kinds: readonly number[];
  readonly #meanSquare: Float64Array;
  readonly #classifiers: readonly number[];
  /** By kind. */
  readonly #embeddings: readonly number[];
  #steps = 0;

  constructor({ radices, kinds = radices.map((_, i) => i) }: ControllerShape, seed: number) {
    this.#radices = radices;
    this.#kinds = kinds;
    let size = ROWS * GATES;
    this.#embeddings = Array.from({ length: Math.max(...kinds) + 1 }, (_, kind) => {
      const at = size;
      size += (radices[kinds.indexOf(kind)]! + 1) * EMBEDDING;
      return at;
    });
    const classifiersAt = size;
    this.#classifiers = radices.map((choices) => {
      const at = size;
      size += (CELLS + 1) * choices;
      return at;
    });
    const random = new Random(seed, "search/controller");
    this.weights = new Float64Array(size);
    const fill = (from: number, to: number, limit: number) => {
      for (let i = from; i < to; i++) this.weights[i] = random.range(-limit, limit);
    };
    fill(0, (ROWS - 1) * GATES, Math.sqrt(6 / (ROWS - 1 + GATES)));
    fill(ROWS * GATES, classifiersAt, 1);
    radices.forEach((choices, i) => {
      const at = this.#classifiers[i]!;
      fill(at, at + CELLS * choices, Math.sqrt(6 / (CELLS + choices)));
    });
    this.#meanSquare = new Float64Array(size).fill(1);
  }

  /** Chance of every choice, per decision. @param first what the first step reads */
  probabilities(first: readonly number[] = this.nothing()): Float64Array[] {
    return this.#decisions(first).map(({ probabilities }) => probabilities);
  }

  /** The likeliest choice of every decision. */
  decide(first: readonly number[] = this.nothing()): number[] {
    return this.probabilities(first).map(argMax);
  }

  /** {@link decide}, and what the first step reads behind it: whole probabilities, 0 unless certain. */
  act(first: readonly number[]): { indices: number[]; first: number[] } {
    const probabilities = this.probabilities(first);
    const read = Array.from(probabilities[0]!, (p) => Math.trunc(Math.fround(p)));
    return { indices: probabilities.map(argMax), first: read };
  }

  /** Rows that stand for no choice. */
  nothing(): number[] {
    return new Array<number>(this.#radices[0]!).fill(0);
  }

  /** What the first step reads behind an action that was drawn at random. */
  chosen(action: readonly number[]): number[] {
    return this.nothing().map((_, k) => k === action[0] ? k + 1 : 0);
  }

  /** What a step descends: reward x (cross-entropies of the actions + L2 |weights|^2). */
  loss(
    actions: readonly number[],
    reward: number,
    first: readonly number[] = this.nothing(),
  ): number {
    const entropy = this.#decisions(first).reduce((sum, { logits }, i) => {
      const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
      const whole = largest +
        Math.log(logits.reduce((all, logit) => all + Math.exp(logit - largest), 0));
      return sum + whole - (actions[i]! + 1) * logits[actions[i]!]!;
    }, 0);
    return reward * (entropy + L2 * this.weights.reduce((sum, w) => sum + w * w, 0));
  }

  /** d loss / d weights; the argmax that is fed on counts as given. */
  gradient(
    actions: readonly number[],
    reward: number,
    first: readonly number[] = this.nothing(),
  ): Float64Array {
    const { weights } = this;
    const gradient = Float64Array.from(weights, (w) => 2 * reward * L2 * w);
    const states = this.#forward(first);
    let dOutput = new Float64Array(CELLS);
    let dCell = new Float64Array(CELLS);
    for (const state of states.reverse()) {
      const { decision, probabilities, output, gates, cell, previousCell, read } = state;
      const choices = probabilities.length;
      const at = this.#classifiers[decision]!;
      for (let k = 0; k < choices; k++) {
        const target = k === actions[decision] ? k + 1 : 0;
        const dLogit = reward * (probabilities[k]! - target);
        for (let c = 0; c < CELLS; c++) {
          gradient[at + c * choices + k]! += dLogit * output[c]!;
          dOutput[c]! += dLogit * weights[at + c * choices + k]!;
        }
        gradient[at + CELLS * choices + k]! += dLogit;
      }
      const dGates = new Float64Array(GATES);
      const dPreviousCell = new Float64Array(CELLS);
      for (let c = 0; c < CELLS; c++) {
        const input = gates[c]!;
        const forget = gates[CELLS + c]!;
        const candidate = gates[2 * CELLS + c]!;
        const out = gates[3 * CELLS + c]!;
        const squashed = Math.tanh(cell[c]!);
        const d = dCell[c]! + dOutput[c]! * out * (1 - squashed * squashed);
        dGates[c] = d * candidate * input * (1 - input);
        dGates[CELLS + c] = d * previousCell[c]! * forget * (1 - forget);
        dGates[2 * CELLS + c] = d * input * (1 - candidate * candidate);
        dGates[3 * CELLS + c] = dOutput[c]! * squashed * out * (1 - out);
        dPreviousCell[c] = d * forget;
      }
      const dRead = new Float64Array(ROWS);
      for (let r = 0; r < ROWS; r++) {
        for (let g = 0; g < GATES; g++) {
          gradient[r * GATES + g]! += read[r]! * dGates[g]!;
          dRead[r]! += weights[r * GATES + g]! * dGates[g]!;
        }
      }
      for (let e = 0; e < EMBEDDING; e++) gradient[state.embedded + e]! += dRead[e]!;
      dOutput = dRead.slice(EMBEDDING, EMBEDDING + CELLS);
      dCell = dPreviousCell;
    }
    return gradient;
  }

  /** One step of RMSProp towards (reward > 0) or away from these actions. */
  learn(
    actions: readonly number[],
    reward: number,
    first: readonly number[] = this.nothing(),
  ): void {
    const gradient = this.gradient(actions, reward, first);
    const rate = LEARNING_RATE * LEARNING_RATE_DECAY ** Math.floor(this.#steps++ / STEPS_PER_DECAY);
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      const mean = MEAN_SQUARE_KEPT * this.#meanSquare[i]! + (1 - MEAN_SQUARE_KEPT) * g * g;
      this.#meanSquare[i] = mean;
      this.weights[i]! -= rate * g / Math.sqrt(mean + EPSILON);
    }
  }

  #decisions(first: readonly number[]): CellState[] {
    return this.#forward(first).filter(({ decision }) => decision >= 0);
  }

  #forward(first: readonly number[]): CellState[] {
    const states: CellState[] = [];
    const embedding = (kind: number, row: number) => this.#embeddings[kind]! + row * EMBEDDING;
    const last = first.length - 1;
    first.forEach((row, i) => {
      states.push(this.#cell(embedding(this.#kinds[0]!, row), states.at(-1), i === last ? 0 : -1));
    });
    for (let i = 1; i < this.#radices.length; i++) {
      const before = states.at(-1)!;
      const row = argMax(before.probabilities) + 1;
      states.push(this.#cell(embedding(this.#kinds[i - 1]!, row), before, i));
    }
    return states;
  }

  #cell(embedded: number, before: CellState | undefined, decision: number): CellState {
    const { weights } = this;
    const read = new Float64Array(ROWS);
    read.set(weights.subarray(embedded, embedded + EMBEDDING));
    if (before !== undefined) read.set(before.output, EMBEDDING);
    read[ROWS - 1] = 1;
    const gates = new Float64Array(GATES);
    gates.fill(FORGET_BIAS, CELLS, 2 * CELLS);
    for (let r = 0; r < ROWS; r++) {
      for (let g = 0; g < GATES; g++) gates[g]! += read[r]! * weights[r * GATES + g]!;
    }
    const previousCell = before?.cell ?? new Float64Array(CELLS);
    const cell = new Float64Array(CELLS);
    const output = new Float64Array(CELLS);
    for (let g = 0; g < GATES; g++) {
      const candidate = g >= 2 * CELLS && g < 3 * CELLS;
      gates[g] = candidate ? Math.tanh(gates[g]!) : 1 / (1 + Math.exp(-gates[g]!));
    }
    for (let c = 0; c < CELLS; c++) {
      cell[c] = gates[CELLS + c]! * previousCell[c]! + gates[c]! * gates[2 * CELLS + c]!;
      output[c] = gates[3 * CELLS + c]! * Math.tanh(cell[c]!);
    }
    const at = this.#classifiers[decision]!;
    const choices = decision < 0 ? 0 : this.#radices[decision]!;
    const logits = Float64Array.from({ length: choices }, (_, k) => {
      let logit = weights[at + CELLS * choices + k]!;
      for (let c = 0; c < CELLS; c++) logit += output[c]! * weights[at + c * choices + k]!;
      return logit;
    });
    const probabilities = softmax(logits);
    return { read, gates, cell, previousCell, output, embedded, decision, logits, probabilities };
  }
}

function softmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function argMax(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
