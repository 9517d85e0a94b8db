/** The Cortex-M4 twin of bo_dot_s16(): two products per SMLAD, eight elements per turn. */
#include "dot.h"

#include <arm_acle.h>

/* Both vectors are 2-byte aligned; the M4 loads unaligned words. */
typedef struct __attribute__((packed)) {
  int16x2_t pair;
} unaligned_pair;

static inline int16x2_t pair_at(const int16_t *at) {
  return ((const unaligned_pair *)(const void *)at)->pair;
}

int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  int32_t sum = 0;
  for (uint32_t blocks = n / 8u; blocks != 0u; blocks--) {
    sum = __smlad(pair_at(a), pair_at(b), sum);
    sum = __smlad(pair_at(a + 2), pair_at(b + 2), sum);
    sum = __smlad(pair_at(a + 4), pair_at(b + 4), sum);
    sum = __smlad(pair_at(a + 6), pair_at(b + 6), sum);
    a += 8, b += 8;
  }
  for (uint32_t left = n % 8u; left != 0u; left--) {
    sum = (int32_t)((uint32_t)sum + (uint32_t)((int32_t)*a++ * *b++));
  }
  return sum;
}
