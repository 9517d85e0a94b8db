/**
 * The controller of hardware-aware NAS (DAC 2019, arXiv 1901.11211; iNAS section 5 uses it): an LSTM that
 * makes one decision per step, its own argmax fed on, and REINFORCE by RMSProp. Float64 and sequential:
 * the same seed gives the same numbers anywhere.
 *
 * Where the publications say nothing: weights start uniform in +-1/sqrt(cells), embeddings in +-1, the
 * forget gate's bias at 1; the first step reads an embedding of its own; RMSProp keeps 0.9 of its mean
 * square, which starts at 1 (TensorFlow 1).
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
/** Rows of the LSTM's kernel: what it reads, its last output, the bias. */
const ROWS = EMBEDDING + CELLS + 1;
const GATES = 4 * CELLS;

interface StepState {
  /** Embedded input, last output, 1. */
  readonly read: Float64Array;
  /** After the non-linearity: input, forget, candidate, output gates. */
  readonly gates: Float64Array;
  readonly cell: Float64Array;
  readonly previousCell: Float64Array;
  readonly output: Float64Array;
  readonly probabilities: Float64Array;
  /** Offset of the embedding that was read. */
  readonly embedded: number;
}

export class Controller {
  /** All weights in one array: LSTM kernel, embeddings, one classifier per decision. */
  readonly weights: Float64Array;
  readonly #radices: readonly number[];
  readonly #meanSquare: Float64Array;
  readonly #classifiers: readonly number[];
  readonly #embeddings: readonly number[];
  #steps = 0;

  constructor(radices: readonly number[], seed: number) {
    this.#radices = radices;
    let size = ROWS * GATES;
    // Step i reads the choice of decision i - 1; the first one has a single row.
    this.#embeddings = radices.map((_, i) => {
      const at = size;
      size += (i === 0 ? 1 : radices[i - 1]!) * EMBEDDING;
      return at;
    });
    const classifiersAt = size;
    this.#classifiers = radices.map((choices) => {
      const at = size;
      size += (CELLS + 1) * choices;
      return at;
    });
    const random = new Random(seed, "search/controller");
    const limit = 1 / Math.sqrt(CELLS);
    this.weights = Float64Array.from({ length: size }, (_, i) => {
      const embedding = i >= ROWS * GATES && i < classifiersAt;
      return random.range(-1, 1) * (embedding ? 1 : limit);
    });
    for (let c = 0; c < CELLS; c++) this.weights[(ROWS - 1) * GATES + CELLS + c] = 1;
    this.#meanSquare = new Float64Array(size).fill(1);
  }

  /** Chance of every choice, per decision. */
  probabilities(): Float64Array[] {
    return this.#forward().map(({ probabilities }) => probabilities);
  }

  /** The likeliest choice of every decision. */
  decide(): number[] {
    return this.probabilities().map(argMax);
  }

  /** reward x cross-entropy of the actions + L2 / 2 x |weights|^2, what a step descends. */
  loss(actions: readonly number[], reward: number): number {
    const entropy = this.#forward().reduce(
      (sum, { probabilities }, i) => sum - Math.log(probabilities[actions[i]!]!),
      0,
    );
    return reward * entropy + L2 / 2 * this.weights.reduce((sum, w) => sum + w * w, 0);
  }

  /** d loss / d weights; the argmax that is fed on counts as given. */
  gradient(actions: readonly number[], reward: number): Float64Array {
    const { weights } = this;
    const gradient = Float64Array.from(weights, (w) => L2 * w);
    const states = this.#forward();
    let dOutput = new Float64Array(CELLS);
    let dCell = new Float64Array(CELLS);
    for (let i = states.length - 1; i >= 0; i--) {
      const state = states[i]!;
      const { probabilities, output, gates, cell, previousCell, read } = state;
      const choices = probabilities.length;
      const at = this.#classifiers[i]!;
      for (let k = 0; k < choices; k++) {
        const dLogit = reward * (probabilities[k]! - (k === actions[i] ? 1 : 0));
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
  learn(actions: readonly number[], reward: number): void {
    const gradient = this.gradient(actions, reward);
    const rate = LEARNING_RATE * LEARNING_RATE_DECAY ** Math.floor(this.#steps++ / STEPS_PER_DECAY);
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      const mean = MEAN_SQUARE_KEPT * this.#meanSquare[i]! + (1 - MEAN_SQUARE_KEPT) * g * g;
      this.#meanSquare[i] = mean;
      this.weights[i]! -= rate * g / Math.sqrt(mean + EPSILON);
    }
  }

  #forward(): StepState[] {
    const { weights } = this;
    let output = new Float64Array(CELLS);
    let cell = new Float64Array(CELLS);
    let choice = 0;
    return this.#radices.map((choices, i) => {
      const embedded = this.#embeddings[i]! + choice * EMBEDDING;
      const read = new Float64Array(ROWS);
      read.set(weights.subarray(embedded, embedded + EMBEDDING));
      read.set(output, EMBEDDING);
      read[ROWS - 1] = 1;
      const gates = new Float64Array(GATES);
      for (let r = 0; r < ROWS; r++) {
        for (let g = 0; g < GATES; g++) gates[g]! += read[r]! * weights[r * GATES + g]!;
      }
      const previousCell = cell;
      cell = new Float64Array(CELLS);
      output = new Float64Array(CELLS);
      for (let g = 0; g < GATES; g++) {
        const candidate = g >= 2 * CELLS && g < 3 * CELLS;
        gates[g] = candidate ? Math.tanh(gates[g]!) : 1 / (1 + Math.exp(-gates[g]!));
      }
      for (let c = 0; c < CELLS; c++) {
        cell[c] = gates[CELLS + c]! * previousCell[c]! + gates[c]! * gates[2 * CELLS + c]!;
        output[c] = gates[3 * CELLS + c]! * Math.tanh(cell[c]!);
      }
      const at = this.#classifiers[i]!;
      const logits = Float64Array.from({ length: choices }, (_, k) => {
        let logit = weights[at + CELLS * choices + k]!;
        for (let c = 0; c < CELLS; c++) logit += output[c]! * weights[at + c * choices + k]!;
        return logit;
      });
      const probabilities = softmax(logits);
      choice = argMax(probabilities);
      return { read, gates, cell, previousCell, output, probabilities, embedded };
    });
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
