/** The products of one tile: what the calls of its MAC spans come to. */
#ifndef BROWNOUT_WINDOWS_H
#define BROWNOUT_WINDOWS_H

#include <stdint.h>

/**
 * A tile's windows; lengths and distances in elements, each a word of the machine and below 2^16.
 * A window is `lines` lines of `line` elements, in the input `input_row` apart. The outputs are
 * `rows` x `columns` pixels of `channels`; in the input a pixel's window starts `right` behind its
 * left neighbour's and `down` behind its upper one's. In the weights lines follow one another, and
 * so do the windows of one channel after the other. windows_cortex_m4.S knows the order.
 */
typedef struct {
  unsigned lines, line, input_row;
  unsigned channels;
  unsigned columns, right;
  unsigned rows, down;
  unsigned span; /**< what a call of the kernel takes of a line; a line is a multiple of it */
} bo_windows;

/**
 * Adds each output's products to sums[row][column][channel], modulo 2^32: bo_dot_s16() of each
 * span, added up. A twin may take a line at once and, in a tile as wide as the kernel, a window;
 * it may also take several channels at once, which share the input.
 */
void bo_windows_s16(int32_t *sums, const bo_windows *windows, const int16_t *input,
                    const int16_t *weights);

/** The same of int8 codes, on every board; with a twin by bo_dot_s8() of all that lies in a row. */
void bo_windows_s8(int32_t *sums, const bo_windows *windows, const int8_t *input,
                   const int8_t *weights);

/** The definition that every twin equals; compiled for every board. */
void bo_windows_s16_reference(int32_t *sums, const bo_windows *windows, const int16_t *input,
                              const int16_t *weights);

/** What of a window lies in a row, in the input as in the weights: `count` runs of `length`. */
typedef struct {
  unsigned count, length;
} bo_runs;

static inline bo_runs bo_windows_runs(const bo_windows *w) {
  bo_runs runs = {w->lines, w->line};
  if (w->lines != 1u && w->input_row == w->line) {
    runs.length *= w->lines;
    runs.count = 1;
  }
  return runs;
}

#endif
