/** Trained numbers of one layer, as artifacts have them. */
export interface FloatConstants {
  /** [M][Kh][Kw][N] of conv and fc, [M][Kh][Kw][1] of depthwise_conv. */
  readonly weights: Float32Array;
  /** [M] */
  readonly bias?: Float32Array;
}
