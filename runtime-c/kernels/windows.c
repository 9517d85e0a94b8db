#include "windows.h"

#include "dot.h"

static int32_t wrapping_sum(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* One text for both sizes of code. */
#define DEFINE(name, code, dot)                                                                    \
  void name(int32_t *sums, const bo_windows *w, const code *input, const code *weights) {          \
    for (uint16_t r = 0; r < w->rows; r++, input += w->down) {                                     \
      const code *pixel = input;                                                                   \
      for (uint16_t c = 0; c < w->columns; c++, pixel += w->right) {                               \
        const code *kernel = weights;                                                              \
        for (uint16_t m = 0; m < w->channels; m++, sums++) {                                       \
          const code *line = pixel;                                                                \
          for (uint16_t i = 0; i < w->span_rows; i++, line += w->input_row) {                      \
            const code *span = line;                                                               \
            for (uint16_t j = 0; j < w->span_columns; j++, span += w->depth) {                     \
              *sums = wrapping_sum(*sums, dot(span, kernel, w->length));                           \
              kernel += w->length;                                                                 \
            }                                                                                      \
          }                                                                                        \
        }                                                                                          \
      }                                                                                            \
    }                                                                                              \
  }

DEFINE(bo_windows_s16_reference, int16_t, bo_dot_s16)
DEFINE(bo_windows_s8, int8_t, bo_dot_s8)

#ifndef BO_WINDOWS_TWIN
void bo_windows_s16(int32_t *sums, const bo_windows *windows, const int16_t *input,
                    const int16_t *weights) {
  bo_windows_s16_reference(sums, windows, input, weights);
}
#endif
