/**
 * The Cortex-M4 twin of bo_dot_s16(): SMLAD, two products each. Where both vectors start on 4
 * bytes, as spans of an even number of channels do, eight elements take eight instructions.
 */
#include "dot.h"
#include "windows.h"

#include <arm_acle.h>
#include <stddef.h>

_Static_assert(offsetof(bo_windows, down) == 28u, "windows_cortex_m4.S loads eight words");

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
uint32_t bo_dot_s8_buffer_bytes(void) { return 0; }

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

typedef struct __attribute__((packed)) {
  uint32_t four;
} unaligned_word;

static inline uint32_t four_at(const int8_t *at) {
  return ((const unaligned_word *)(const void *)at)->four;
}

/* Bytes 0 and 2 as a pair, bytes 1 and 3 as another: the order of a sum does not matter. */
static inline int16x2_t even_of(uint32_t four) {
  int16x2_t pair;
  __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(four));
  return pair;
}
static inline int16x2_t odd_of(uint32_t four) {
  int16x2_t pair;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(four));
  return pair;
}

static inline int32_t add_four(const int8_t *a, const int8_t *b, int32_t sum) {
  const uint32_t x = four_at(a), y = four_at(b);
  sum = __smlad(even_of(x), even_of(y), sum);
  return __smlad(odd_of(x), odd_of(y), sum);
}

int32_t bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n) {
  int32_t sum = 0;
  for (uint32_t blocks = n / 16u; blocks != 0u; blocks--, a += 16, b += 16) {
    sum = add_four(a, b, sum);
    sum = add_four(a + 4, b + 4, sum);
    sum = add_four(a + 8, b + 8, sum);
    sum = add_four(a + 12, b + 12, sum);
  }
  for (uint32_t fours = n % 16u / 4u; fours != 0u; fours--, a += 4, b += 4)
    sum = add_four(a, b, sum);
  for (uint32_t left = n % 4u; left != 0u; left--)
    sum = (int32_t)((uint32_t)sum + (uint32_t)((int32_t)*a++ * *b++));
  return sum;
}
