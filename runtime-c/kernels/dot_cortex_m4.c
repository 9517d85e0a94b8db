/**
 * The Cortex-M4 twin of bo_dot_s16(): SMLAD, two products each. Where both vectors start on 4
 * bytes, as spans of an even number of channels do, eight elements take eight instructions.
 */
#include "dot.h"

#include <arm_acle.h>

/* The M4 loads unaligned words, though not several at once. */
typedef struct __attribute__((packed)) {
  int16x2_t pair;
} unaligned_pair;

static inline int16x2_t pair_at(const int16_t *at) {
  return ((const unaligned_pair *)(const void *)at)->pair;
}

static int32_t aligned_blocks(const int16_t **a, const int16_t **b, uint32_t blocks) {
  int32_t sum = 0;
  __asm__ volatile("1:\n\t"
                   "ldmia %[a]!, {r3, r4, r5, r6}\n\t"
                   "ldmia %[b]!, {r8, r9, r10, r12}\n\t"
                   "smlad %[sum], r3, r8, %[sum]\n\t"
                   "smlad %[sum], r4, r9, %[sum]\n\t"
                   "smlad %[sum], r5, r10, %[sum]\n\t"
                   "smlad %[sum], r6, r12, %[sum]\n\t"
                   "subs %[blocks], #1\n\t"
                   "bne 1b"
                   : [a] "+r"(*a), [b] "+r"(*b), [sum] "+r"(sum), [blocks] "+r"(blocks)
                   :
                   : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "cc", "memory");
  return sum;
}

static int32_t unaligned_blocks(const int16_t **at_a, const int16_t **at_b, uint32_t blocks) {
  const int16_t *a = *at_a, *b = *at_b;
  int32_t sum = 0;
  for (; blocks != 0u; blocks--, a += 8, b += 8) {
    sum = __smlad(pair_at(a), pair_at(b), sum);
    sum = __smlad(pair_at(a + 2), pair_at(b + 2), sum);
    sum = __smlad(pair_at(a + 4), pair_at(b + 4), sum);
    sum = __smlad(pair_at(a + 6), pair_at(b + 6), sum);
  }
  *at_a = a, *at_b = b;
  return sum;
}

uint32_t bo_dot_s16_buffer_bytes(void) { return 0; }

int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  const uint32_t blocks = n / 8u;
  int32_t sum = 0;
  if (blocks != 0u) {
    const int aligned = (((uintptr_t)a | (uintptr_t)b) & 3u) == 0u;
    sum = aligned ? aligned_blocks(&a, &b, blocks) : unaligned_blocks(&a, &b, blocks);
  }
  for (uint32_t left = n % 8u; left != 0u; left--) {
    sum = (int32_t)((uint32_t)sum + (uint32_t)((int32_t)*a++ * *b++));
  }
  return sum;
}
