/**
 * Adam (Kingma & Ba 2015) on plain arrays: a network for a microcontroller has few parameters, so one
 * pass here is quicker than ten dispatched operations per array, and its state is simple to keep.
 */

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay (Loshchilov & Hutter 2019), on kernels only. */
  readonly weightDecay: number;
}

export const ADAM_DEFAULTS: AdamOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-7,
  weightDecay: 0,
};

/** First and second moments of the gradient, and the number of steps taken. */
export interface AdamState {
  step: number;
  readonly first: readonly Float32Array[];
  readonly second: readonly Float32Array[];
}

/** The state before the first step, for arrays of these lengths. */
export function adamStart(lengths: readonly number[]): AdamState {
  const zeros = () => lengths.map((length) => new Float32Array(length));
  return { step: 0, first: zeros(), second: zeros() };
}

/** One step, in place. */
export function adamStep(
  state: AdamState,
  parameters: readonly { data: Float32Array; kind: string }[],
  gradients: readonly Float32Array[],
  learningRate: number,
  options: AdamOptions = ADAM_DEFAULTS,
): void {
  const { beta1, beta2, epsilon, weightDecay } = options;
  state.step++;
  const rate = learningRate * Math.sqrt(1 - beta2 ** state.step) / (1 - beta1 ** state.step);
  parameters.forEach(({ data, kind }, k) => {
    const gradient = gradients[k]!;
    const first = state.first[k]!;
    const second = state.second[k]!;
    const decay = kind === "bias" ? 0 : learningRate * weightDecay;
    for (let i = 0; i < data.length; i++) {
      const g = gradient[i]!;
      first[i] = beta1 * first[i]! + (1 - beta1) * g;
      second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
      data[i] = data[i]! * (1 - decay) -
        rate * first[i]! / (Math.sqrt(second[i]!) + epsilon);
    }
  });
}
