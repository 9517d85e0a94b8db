#include "windows.h"

#include "dot.h"

static int32_t wrapping_sum(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* One text for both sizes of code: `count` lines a window, of `length` elements in `spans`. */
#define DEFINE(code, dot)                                                                          \
  static inline void add_##dot(int32_t *sums, const bo_windows *w, bo_runs runs, unsigned span,    \
                               const code *input, const code *weights) {                           \
    for (unsigned r = 0; r < w->rows; r++, input += w->down) {                                     \
      const code *pixel = input;                                                                   \
      for (unsigned c = 0; c < w->columns; c++, pixel += w->right) {                               \
        const code *kernel = weights;                                                              \
        for (unsigned m = 0; m < w->channels; m++, sums++) {                                       \
          const code *line = pixel;                                                                \
          for (unsigned i = 0; i < runs.count; i++, line += w->input_row) {                        \
            for (unsigned at = 0; at < runs.length; at += span, kernel += span)                    \
              *sums = wrapping_sum(*sums, dot(line + at, kernel, (uint16_t)span));                 \
          }                                                                                        \
        }                                                                                          \
      }                                                                                            \
    }                                                                                              \
  }

DEFINE(int16_t, bo_dot_s16)
DEFINE(int8_t, bo_dot_s8)

void bo_windows_s16_reference(int32_t *sums, const bo_windows *w, const int16_t *input,
                              const int16_t *weights) {
  const bo_runs lines = {w->lines, w->line};
  add_bo_dot_s16(sums, w, lines, w->span, input, weights);
}

void bo_windows_s8(int32_t *sums, const bo_windows *w, const int8_t *input, const int8_t *weights) {
#ifdef BO_WINDOWS_TWIN
  const bo_runs runs = bo_windows_runs(w);
  const unsigned span = runs.length;
#else
  /* As the model counts calls. */
  const bo_runs runs = {w->lines, w->line};
  const unsigned span = w->span;
#endif
  add_bo_dot_s8(sums, w, runs, span, input, weights);
}

#ifndef BO_WINDOWS_TWIN
void bo_windows_s16(int32_t *sums, const bo_windows *windows, const int16_t *input,
                    const int16_t *weights) {
  bo_windows_s16_reference(sums, windows, input, weights);
}
#endif
