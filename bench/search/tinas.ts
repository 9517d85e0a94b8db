/**
 * What TiNAS (TCAD 2025, doi 10.1109/TCAD.2025.3555963) published for this board at 5 mF: latency by its
 * own model, accuracy after fine-tuning; from the solution files of its repository.
 */
export const TINAS = {
  har: [
    { name: "TiNAS", latency_s: 18.4, accuracy: 0.9121 },
    { name: "TiNAS", latency_s: 32.9, accuracy: 0.8975 },
    { name: "TiNAS-M", latency_s: 17.9, accuracy: 0.8717 },
    { name: "TiNAS-M", latency_s: 27.9, accuracy: 0.8921 },
    { name: "TiNAS-U", latency_s: 18.3, accuracy: 0.8948 },
    { name: "TiNAS-U", latency_s: 32.2, accuracy: 0.8975 },
  ],
  cifar10: [
    { name: "TiNAS", latency_s: 238.9, accuracy: 0.7018 },
    { name: "TiNAS", latency_s: 393.0, accuracy: 0.7466 },
    { name: "TiNAS-M", latency_s: 246.1, accuracy: 0.6096 },
    { name: "TiNAS-M", latency_s: 414.7, accuracy: 0.633 },
    { name: "TiNAS-U", latency_s: 229.7, accuracy: 0.6974 },
    { name: "TiNAS-U", latency_s: 419.4, accuracy: 0.7654 },
  ],
} as const satisfies Record<string, readonly PublishedPoint[]>;

export interface PublishedPoint {
  readonly name: string;
  readonly latency_s: number;
  /** Share, on the test split. */
  readonly accuracy: number;
}
