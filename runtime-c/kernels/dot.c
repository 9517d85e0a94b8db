#include "dot.h"

int32_t bo_dot_s16_reference(const int16_t *a, const int16_t *b, uint16_t n) {
  uint32_t sum = 0;
  while (n-- != 0u)
    sum += (uint32_t)((int32_t)*a++ * (int32_t)*b++);
  return (int32_t)sum;
}

int32_t bo_dot_s16_strided(const int16_t *a, uint16_t step, const int16_t *b, uint16_t n) {
  uint32_t sum = 0;
  for (; n != 0u; n--, a += step)
    sum += (uint32_t)((int32_t)*a * (int32_t)*b++);
  return (int32_t)sum;
}

int32_t bo_dot_s8_reference(const int8_t *a, const int8_t *b, uint16_t n) {
  uint32_t sum = 0;
  while (n-- != 0u)
    sum += (uint32_t)((int32_t)*a++ * (int32_t)*b++);
  return (int32_t)sum;
}

int32_t bo_dot_s8_strided(const int8_t *a, uint16_t step, const int8_t *b, uint16_t n) {
  uint32_t sum = 0;
  for (; n != 0u; n--, a += step)
    sum += (uint32_t)((int32_t)*a * (int32_t)*b++);
  return (int32_t)sum;
}

#ifndef BO_DOT_TWIN
uint32_t bo_dot_s16_buffer_bytes(void) { return 0; }
uint32_t bo_dot_s8_buffer_bytes(void) { return 0; }

int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  return bo_dot_s16_reference(a, b, n);
}

int32_t bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n) {
  return bo_dot_s8_reference(a, b, n);
}
#endif
