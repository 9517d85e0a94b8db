#include "compute.h"

#include <stddef.h>

#include "counters.h"
#include "dot.h"
#include "requantise.h"

static int32_t wrapping_sum(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

void bo_compute_start(const bo_tile *tile, const int32_t *bias, int32_t *sums) {
  for (uint32_t pixels = (uint32_t)tile->rows * tile->columns; pixels != 0u; pixels--) {
    for (uint16_t channel = 0; channel < tile->channels; channel++) {
      *sums++ = bias == NULL ? 0 : bias[channel];
    }
  }
}

/** The spans of one output, the same for a whole tile. Steps and lengths in elements. */
typedef struct {
  uint16_t rows, columns; /**< spans down and across the window */
  size_t input_row;       /**< from a row of the input tile to the next */
  uint16_t depth;         /**< from a pixel to the next */
  uint16_t length;
} spans;

static int32_t window_sum(int32_t sum, const spans *s, const int16_t *line,
                          const int16_t *weights) {
  const uint16_t length = s->length;
  for (uint16_t rows = s->rows; rows != 0u; rows--) {
    const int16_t *input = line;
    for (uint16_t columns = s->columns; columns != 0u; columns--) {
      sum = wrapping_sum(sum, bo_dot_s16(input, weights, length));
      input += s->depth;
      weights += length;
    }
    line += s->input_row;
  }
  return sum;
}

void bo_compute_products(const bo_shape *shape, const bo_design *design, const bo_tile *tile,
                         const int16_t *input, const int16_t *weights, int32_t *sums) {
  const bo_macs macs = bo_tile_macs(shape, design, tile);
  spans s;
  s.rows = macs.span == BO_SPAN_WINDOW ? 1u : shape->kernel_h;
  s.columns = macs.span == BO_SPAN_CHANNEL ? shape->kernel_w : 1u;
  s.input_row = (size_t)((uint32_t)tile->window_w * tile->depth);
  s.depth = tile->depth;
  s.length = (uint16_t)macs.length;
  const size_t window = (size_t)((uint32_t)shape->kernel_h * shape->kernel_w * tile->depth);
  const size_t step_down = s.input_row * shape->stride_h;
  const size_t step_right = (size_t)tile->depth * shape->stride_w;
  for (uint16_t rows = tile->rows; rows != 0u; rows--) {
    const int16_t *pixel = input;
    for (uint16_t columns = tile->columns; columns != 0u; columns--) {
      const int16_t *kernel = weights;
      for (uint16_t channels = tile->channels; channels != 0u; channels--) {
        *sums = window_sum(*sums, &s, pixel, kernel);
        sums++;
        kernel += window;
      }
      pixel += step_right;
    }
    input += step_down;
  }
  BO_COUNT(mac_calls, macs.calls);
  BO_COUNT(macs, macs.calls * macs.length);
}

void bo_compute_pool(const bo_tile *tile, const int16_t *input, int32_t *sums) {
  const uint32_t pixels = (uint32_t)tile->window_h * tile->window_w;
  for (uint32_t i = 0; i < pixels; i++) {
    for (uint16_t channel = 0; channel < tile->depth; channel++) {
      sums[channel] = wrapping_sum(sums[channel], *input++);
    }
  }
  BO_COUNT(pooled, pixels * tile->depth);
}

int16_t *bo_compute_codes(const bo_tile *tile, const bo_requantisation *by, int32_t *sums) {
  const uint32_t outputs = (uint32_t)tile->rows * tile->columns * tile->channels;
  int16_t *const codes = (int16_t *)(void *)sums;
  int16_t *code = codes;
  for (uint32_t i = 0; i < outputs; i++)
    *code++ = bo_requantise(*sums++, by);
  BO_COUNT(requantised, outputs);
  return codes;
}
