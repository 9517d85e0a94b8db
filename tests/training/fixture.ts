/** A small data set in memory and options that train on it in a blink. */
import { Random } from "../../base/random.ts";
import type { FitParameters } from "../../network/artifacts/training.ts";
import { buildNetwork, SearchSpace } from "../../network/space.ts";
import type { Split } from "../../training/data.ts";

export const input = { h: 16, w: 1, channels: 2 };
export const CLASSES = 3;

/** Three frequencies under noise. */
export function waves(samples: number, seed: number): Split {
  const random = new Random(seed, "waves");
  const y = Int32Array.from({ length: samples }, (_, i) => i % CLASSES);
  const x = new Float32Array(samples * input.h * input.channels);
  for (let i = 0; i < samples; i++) {
    const phase = random.range(0, 2 * Math.PI);
    for (let t = 0; t < input.h; t++) {
      for (let c = 0; c < input.channels; c++) {
        x[(i * input.h + t) * input.channels + c] = Math.sin(phase + c + t * (0.4 + 0.8 * y[i]!)) +
          0.5 * random.normal();
      }
    }
  }
  return { input, samples, x, y };
}

export const network = buildNetwork(
  SearchSpace.parse({ type: "conv", dimensions: 1, layers: 2, kernels: [3, 5], channels: [4, 8] }),
  [1, 0, 0, 1],
  input,
  CLASSES,
);

export const options: FitParameters = {
  epochs: 6,
  batch_size: 32,
  learning_rate: 0.02,
  schedule: "cosine",
  weight_decay: 0.001,
  label_smoothing: 0.05,
  weight_average: 0.8,
  augment: { gain: 0.1, offset: 0.1 },
  patience: null,
  seed: 7,
};
