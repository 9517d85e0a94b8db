#include "compute.h"

#include <stddef.h>

#include "counters.h"
#include "dot.h"
#include "requantise.h"
#include "windows.h"

#ifdef BO_MPY_BASE
#include "mpy.h"
static inline unsigned times(unsigned a, unsigned b) { return bo_mpy_product(a, b); }
#else
static inline unsigned times(unsigned a, unsigned b) { return a * b; }
#endif

static int32_t wrapping_sum(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/** A code of `bytes` bytes. */
static inline int16_t code_at(const uint8_t *at, uint32_t bytes) {
  return bytes == 1u ? *(const int8_t *)at : *(const int16_t *)(const void *)at;
}

void bo_compute_start(const bo_tile *tile, const int32_t *bias, int32_t *sums) {
  for (uint32_t pixels = (uint32_t)tile->rows * tile->columns; pixels != 0u; pixels--) {
    for (uint16_t channel = 0; channel < tile->channels; channel++) {
      *sums++ = bias == NULL ? 0 : bias[channel];
    }
  }
}

void bo_compute_products(const bo_shape *shape, const bo_design *design, const bo_tile *tile,
                         const void *input, const void *weights, int32_t *sums) {
  const bo_macs macs = bo_tile_macs(shape, design, tile);
  (void)macs;
  const unsigned depth = tile->depth;
  bo_windows w;
  w.lines = shape->kernel_h;
  w.line = times(depth, shape->kernel_w);
  w.input_row = times(depth, tile->window_w);
  w.channels = tile->channels;
  w.columns = tile->columns, w.right = times(depth, shape->stride_w);
  w.rows = tile->rows, w.down = times(w.input_row, shape->stride_h);
#ifdef BO_WINDOWS_TWIN
  w.span = w.line; /* It takes lines, whatever the spans. */
#else
  w.span = (unsigned)macs.length;
  if (macs.span == BO_SPAN_WINDOW)
    w.lines = 1, w.line = w.span;
#endif
  if (bo_element_bytes(shape) == 1u)
    bo_windows_s8(sums, &w, input, weights);
  else
    bo_windows_s16(sums, &w, input, weights);
  BO_COUNT(mac_calls, macs.calls);
  BO_COUNT(macs, macs.calls * macs.length);
}

void bo_compute_pool(const bo_shape *shape, const bo_tile *tile, const void *input, int32_t *sums) {
  const uint32_t bytes = bo_element_bytes(shape);
  const uint32_t pixels = (uint32_t)tile->window_h * tile->window_w;
  const uint8_t *code = input;
  for (uint32_t i = 0; i < pixels; i++) {
    for (uint16_t channel = 0; channel < tile->depth; channel++, code += bytes) {
      sums[channel] = wrapping_sum(sums[channel], code_at(code, bytes));
    }
  }
  BO_COUNT(pooled, pixels * tile->depth);
}

#if BO_CHANNELWISE
void bo_compute_start_maximum(const bo_tile *tile, int32_t *sums) {
  const uint32_t outputs = (uint32_t)tile->rows * tile->columns * tile->channels;
  for (uint32_t i = 0; i < outputs; i++)
    sums[i] = INT16_MIN;
}

static inline int32_t strided(const uint8_t *a, uint16_t step, const uint8_t *b, uint16_t length,
                              uint32_t bytes) {
  return bytes == 1u ? bo_dot_s8_strided((const int8_t *)a, step, (const int8_t *)b, length)
                     : bo_dot_s16_strided((const int16_t *)(const void *)a, step,
                                          (const int16_t *)(const void *)b, length);
}

void bo_compute_depthwise(const bo_shape *shape, const bo_tile *tile, const void *input,
                          const void *weights, int32_t *sums) {
  const uint32_t code = bo_element_bytes(shape);
  const size_t pixel_bytes = (size_t)(code * tile->channels);
  const size_t row = pixel_bytes * tile->window_w;
  const uint8_t *const first = input;
  for (uint16_t r = 0; r < tile->rows; r++) {
    for (uint16_t c = 0; c < tile->columns; c++) {
      const uint8_t *pixel = first + (size_t)((uint32_t)r * shape->stride_h) * row +
                             (size_t)((uint32_t)c * shape->stride_w) * pixel_bytes;
      const uint8_t *kernel = weights;
      for (uint16_t channel = 0; channel < tile->channels; channel++, pixel += code) {
        const uint8_t *line = pixel;
        int32_t sum = *sums;
        for (uint16_t i = 0; i < shape->kernel_h; i++) {
          sum = wrapping_sum(sum, strided(line, tile->channels, kernel, shape->kernel_w, code));
          line += row;
          kernel += code * shape->kernel_w;
        }
        *sums++ = sum;
      }
    }
  }
  const uint32_t calls = (uint32_t)tile->rows * tile->columns * tile->channels * shape->kernel_h;
  BO_COUNT(mac_calls, calls);
  BO_COUNT(macs, calls * shape->kernel_w);
  (void)calls;
}

/** The part [low, high) of a window of `kernel` elements from `at` that lies inside [0, size). */
typedef struct {
  uint16_t low, high;
} inside;

static inside inside_of(int32_t at, uint16_t kernel, uint16_t size) {
  inside part;
  const int32_t last = (int32_t)size - at;
  part.low = (uint16_t)(at < 0 ? -at : 0);
  part.high = (uint16_t)(last < (int32_t)kernel ? last : (int32_t)kernel);
  return part;
}

void bo_compute_windows(const bo_shape *shape, const bo_tile *tile, const void *input,
                        int32_t *sums) {
  const int is_max = shape->kind == BO_MAX_POOL;
  const uint32_t bytes = bo_element_bytes(shape);
  const size_t pixel_bytes = (size_t)(bytes * tile->channels);
  const size_t row = pixel_bytes * tile->window_w;
  const uint8_t *const first = input;
  for (uint16_t r = 0; r < tile->rows; r++) {
    const uint32_t top = (uint32_t)r * shape->stride_h;
    const inside y = inside_of(tile->y0 + (int32_t)top, shape->kernel_h, shape->h);
    for (uint16_t c = 0; c < tile->columns; c++, sums += tile->channels) {
      const uint32_t left = (uint32_t)c * shape->stride_w;
      const inside x = inside_of(tile->x0 + (int32_t)left, shape->kernel_w, shape->w);
      for (uint16_t i = y.low; i < y.high; i++) {
        const uint8_t *at = first + (size_t)(top + i) * row + (size_t)(left + x.low) * pixel_bytes;
        for (uint16_t j = x.low; j < x.high; j++) {
          for (uint16_t channel = 0; channel < tile->channels; channel++, at += bytes) {
            const int16_t code = code_at(at, bytes);
            if (!is_max)
              sums[channel] = wrapping_sum(sums[channel], code);
            else if (code > sums[channel])
              sums[channel] = code;
          }
        }
      }
    }
  }
  BO_COUNT(pooled, bo_pooled(shape, tile));
}

void bo_compute_joined(const bo_shape *shape, const bo_tile *tile, const int16_t multipliers[2],
                       const void *input, int32_t *sums) {
  const uint32_t bytes = bo_element_bytes(shape);
  const uint32_t pixels = (uint32_t)tile->rows * tile->columns;
  const uint8_t *code = input;
  uint16_t behind = 0;
  for (int part = 0; part < 2; part++) {
    const uint16_t count = bo_input_part(shape, tile, part).count;
    int32_t *pixel = sums + behind;
    for (uint32_t i = 0; i < pixels; i++, pixel += tile->channels) {
      for (uint16_t channel = 0; channel < count; channel++, code += bytes) {
        pixel[channel] = wrapping_sum(pixel[channel],
                                      (int32_t)code_at(code, bytes) * (int32_t)multipliers[part]);
      }
    }
    if (shape->kind == BO_CONCAT)
      behind = count;
  }
  BO_COUNT(pooled, bo_pooled(shape, tile));
}

/** floor(sum * whole / count + 1/2), where |sum| * whole < 2^30; ROUNDING.md. */
static int32_t as_whole(int32_t sum, uint32_t whole, uint32_t count) {
  const uint32_t twice = (uint32_t)sum * whole * 2u + count;
  const uint32_t by = 2u * count;
  if ((twice & 0x80000000u) == 0u)
    return (int32_t)(twice / by);
  return -1 - (int32_t)(~twice / by);
}

static void make_whole(const bo_shape *shape, const bo_tile *tile, int32_t *sums) {
  const uint32_t whole = (uint32_t)shape->kernel_h * shape->kernel_w;
  for (uint16_t r = 0; r < tile->rows; r++) {
    const inside y = inside_of(tile->y0 + (int32_t)r * shape->stride_h, shape->kernel_h, shape->h);
    for (uint16_t c = 0; c < tile->columns; c++) {
      const inside x =
          inside_of(tile->x0 + (int32_t)c * shape->stride_w, shape->kernel_w, shape->w);
      const uint32_t count = (uint32_t)(y.high - y.low) * (uint32_t)(x.high - x.low);
      for (uint16_t channel = 0; channel < tile->channels; channel++, sums++)
        *sums = as_whole(*sums, whole, count);
    }
  }
  BO_COUNT(requantised, bo_divided(shape, tile));
}

void bo_compute_finish(const bo_shape *shape, const bo_tile *tile, int32_t *sums) {
  if (bo_divided(shape, tile) != 0u)
    make_whole(shape, tile, sums);
  if (shape->kind == BO_MAX_POOL) {
    const uint32_t outputs = (uint32_t)tile->rows * tile->columns * tile->channels;
    for (uint32_t i = 0; i < outputs; i++)
      sums[i] *= 1 << 14;
  }
}
#endif

void bo_compute_codes(const bo_shape *shape, const bo_tile *tile, const bo_requantisation *by,
                      const bo_scale *scales, const int32_t *sums, void *codes) {
  const uint32_t bytes = bo_element_bytes(shape);
  uint8_t *to = codes;
  bo_requantisation of = *by;
  for (uint32_t pixels = (uint32_t)tile->rows * tile->columns; pixels != 0u; pixels--) {
    for (uint16_t channel = 0; channel < tile->channels; channel++, to += bytes) {
      if (BO_PER_CHANNEL && scales != NULL) {
        of.multiplier = scales[channel].multiplier;
        /* It comes from NVM: whatever that holds, no shift goes beyond a word. */
        of.shift = scales[channel].shift;
        if ((uint8_t)(of.shift - BO_SHIFT_MIN) > BO_SHIFT_MAX - BO_SHIFT_MIN)
          of.shift = BO_SHIFT_MAX;
      }
      const int16_t code = bo_requantise(*sums++, &of);
      if (bytes == 1u)
        *to = (uint8_t)code;
      else
        *(int16_t *)(void *)to = code;
    }
  }
  BO_COUNT(requantised, (uint32_t)tile->rows * tile->columns * tile->channels);
}
