#include "window.h"

#include "dot.h"

int32_t bo_window_s16_reference(int32_t sum, const bo_window *window, const int16_t *input,
                                const int16_t *weights) {
  for (uint16_t rows = window->rows; rows != 0u; rows--) {
    const int16_t *span = input;
    for (uint16_t columns = window->columns; columns != 0u; columns--) {
      sum = (int32_t)((uint32_t)sum + (uint32_t)bo_dot_s16(span, weights, window->length));
      span += window->depth;
      weights += window->length;
    }
    input += window->input_row;
  }
  return sum;
}

int32_t bo_window_s8(int32_t sum, const bo_window *window, const int8_t *input,
                     const int8_t *weights) {
  for (uint16_t rows = window->rows; rows != 0u; rows--) {
    const int8_t *span = input;
    for (uint16_t columns = window->columns; columns != 0u; columns--) {
      sum = (int32_t)((uint32_t)sum + (uint32_t)bo_dot_s8(span, weights, window->length));
      span += window->depth;
      weights += window->length;
    }
    input += window->input_row;
  }
  return sum;
}

#ifndef BO_WINDOW_TWIN
void bo_window_prepare(bo_window *window) { (void)window; }

int32_t bo_window_s16(int32_t sum, const bo_window *window, const int16_t *input,
                      const int16_t *weights) {
  return bo_window_s16_reference(sum, window, input, weights);
}
#endif
