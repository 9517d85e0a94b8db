/** The products of one output: what a MAC span's calls of a window come to. */
#ifndef BROWNOUT_WINDOW_H
#define BROWNOUT_WINDOW_H

#include <stdint.h>

/**
 * The spans of a window, the same for a whole tile, in elements: `rows` lines of `columns` spans of
 * `length` elements. In the weights they follow one another; in the input tile a span is `depth`
 * behind the one before, a line `input_row`.
 */
typedef struct {
  uint16_t rows, columns, length;
  uint16_t depth, input_row;
  /** Of the kernel: set by bo_window_prepare(). */
  uint16_t lines, run, blocks, rest;
  uint16_t step;
} bo_window;

/** Once per tile, before bo_window_s16(). */
void bo_window_prepare(bo_window *window);

/**
 * sum plus the products of a window, modulo 2^32: bo_dot_s16() of each span, added up. Where spans
 * lie in a row, as those of a line do and, in a tile as wide as the kernel, all of them, a twin may
 * take them at once.
 */
int32_t bo_window_s16(int32_t sum, const bo_window *window, const int16_t *input,
                      const int16_t *weights);

/** The same of int8 codes, span by span on every board. */
int32_t bo_window_s8(int32_t sum, const bo_window *window, const int8_t *input,
                     const int8_t *weights);

/** The definition that every twin equals; compiled for every board. */
int32_t bo_window_s16_reference(int32_t sum, const bo_window *window, const int16_t *input,
                                const int16_t *weights);

/** Joins spans that lie in a row: `lines` of `run` elements; for twins. */
static inline void bo_window_join(bo_window *window) {
  const int contiguous = window->columns == 1u || window->depth == window->length;
  window->lines = window->rows;
  window->run = (uint16_t)(window->columns * window->length);
  if (!contiguous)
    window->lines = 0;
  if (contiguous && (window->rows == 1u || window->input_row == window->run)) {
    window->run = (uint16_t)(window->run * window->rows);
    window->lines = 1;
  }
}

#endif
