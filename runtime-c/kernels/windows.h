/** The products of one tile: what the calls of its MAC spans come to. */
#ifndef BROWNOUT_WINDOWS_H
#define BROWNOUT_WINDOWS_H

#include <stdint.h>

/**
 * A tile's windows; lengths and distances in elements. The outputs are `rows` x `columns` pixels of
 * `channels`; in the input tile a pixel's window starts `right` behind its left neighbour's and
 * `down` behind its upper one's. A window is `span_rows` lines of `span_columns` spans of `length`:
 * in the input a span starts `depth` behind the one before, a line `input_row`; in the weights
 * spans follow one another, and so do the windows of one channel after the other.
 */
typedef struct {
  uint16_t rows, columns, channels;
  uint16_t right, down;
  uint16_t span_rows, span_columns, length;
  uint16_t depth, input_row;
} bo_windows;

/**
 * Adds each output's products to sums[row][column][channel], modulo 2^32: bo_dot_s16() of each
 * span, added up. Where spans lie in a row, as those of a line do and, in a tile as wide as the
 * kernel, all of them, a twin may take them at once; it may also take several channels at once,
 * which share the input.
 */
void bo_windows_s16(int32_t *sums, const bo_windows *windows, const int16_t *input,
                    const int16_t *weights);

/** The same of int8 codes, span by span on every board. */
void bo_windows_s8(int32_t *sums, const bo_windows *windows, const int8_t *input,
                   const int8_t *weights);

/** The definition that every twin equals; compiled for every board. */
void bo_windows_s16_reference(int32_t *sums, const bo_windows *windows, const int16_t *input,
                              const int16_t *weights);

/** The spans of a window, those that lie in a row joined: `count` lines of `run` elements. */
typedef struct {
  uint16_t count, run;
} bo_lines;

/** For twins; count 0: the spans of a line have gaps between them. */
static inline bo_lines bo_windows_join(const bo_windows *w) {
  bo_lines lines = {w->span_rows, (uint16_t)(w->span_columns * w->length)};
  if (w->span_columns != 1u && w->depth != w->length) {
    lines.count = 0;
  } else if (w->span_rows == 1u || w->input_row == lines.run) {
    lines.run = (uint16_t)(lines.run * w->span_rows);
    lines.count = 1;
  }
  return lines;
}

#endif
