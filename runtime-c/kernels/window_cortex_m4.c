/**
 * The Cortex-M4 twin of bo_window_s16(): SMLAD, two products each, sixteen elements per turn where
 * both vectors start on 4 bytes; a line of another start goes by bo_dot_s16().
 */
#include "window.h"

#include "dot.h"

#include <arm_acle.h>

void bo_window_prepare(bo_window *window) {
  bo_window_join(window);
  window->blocks = window->run / 16u;
  window->rest = window->run % 16u;
}

/* %[sixteens] turns of sixteen, then eight, then pairs; the odd element is the caller's. */
static int32_t aligned(int32_t sum, const int16_t *a, const int16_t *b, uint32_t sixteens,
                       uint32_t rest) {
  __asm__ volatile(
      "cbz %[sixteens], 2f\n\t"
      "1:\n\t"
      "ldmia %[a]!, {r3, r4, r5, r6}\n\t"
      "ldmia %[b]!, {r8, r9, r10, r12}\n\t"
      "smlad %[sum], r3, r8, %[sum]\n\t"
      "smlad %[sum], r4, r9, %[sum]\n\t"
      "smlad %[sum], r5, r10, %[sum]\n\t"
      "smlad %[sum], r6, r12, %[sum]\n\t"
      "ldmia %[a]!, {r3, r4, r5, r6}\n\t"
      "ldmia %[b]!, {r8, r9, r10, r12}\n\t"
      "smlad %[sum], r3, r8, %[sum]\n\t"
      "smlad %[sum], r4, r9, %[sum]\n\t"
      "smlad %[sum], r5, r10, %[sum]\n\t"
      "smlad %[sum], r6, r12, %[sum]\n\t"
      "subs %[sixteens], #1\n\t"
      "bne 1b\n\t"
      "2:\n\t"
      "subs %[rest], #8\n\t"
      "blo 3f\n\t"
      "ldmia %[a]!, {r3, r4, r5, r6}\n\t"
      "ldmia %[b]!, {r8, r9, r10, r12}\n\t"
      "smlad %[sum], r3, r8, %[sum]\n\t"
      "smlad %[sum], r4, r9, %[sum]\n\t"
      "smlad %[sum], r5, r10, %[sum]\n\t"
      "smlad %[sum], r6, r12, %[sum]\n\t"
      "b 4f\n\t"
      "3: adds %[rest], #8\n\t"
      "4: cbz %[rest], 6f\n\t"
      "5: ldrsh r3, [%[a]], #2\n\t"
      "ldrsh r8, [%[b]], #2\n\t"
      "smlabb %[sum], r3, r8, %[sum]\n\t"
      "subs %[rest], #1\n\t"
      "bne 5b\n\t"
      "6:"
      : [a] "+r"(a), [b] "+r"(b), [sum] "+r"(sum), [sixteens] "+l"(sixteens), [rest] "+l"(rest)
      :
      : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "cc", "memory");
  return sum;
}

int32_t bo_window_s16(int32_t sum, const bo_window *window, const int16_t *input,
                      const int16_t *weights) {
  const uint32_t run = window->run;
  uint32_t lines = window->lines;
  if (lines == 0u)
    return bo_window_s16_reference(sum, window, input, weights);
  do {
    if ((((uintptr_t)input | (uintptr_t)weights) & 3u) == 0u)
      sum = aligned(sum, input, weights, window->blocks, window->rest);
    else
      sum = (int32_t)((uint32_t)sum + (uint32_t)bo_dot_s16(input, weights, (uint16_t)run));
    input += window->input_row;
    weights += run;
  } while (--lines != 0u);
  return sum;
}
