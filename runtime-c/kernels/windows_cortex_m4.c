/**
 * The Cortex-M4 twin of bo_windows_s16(): SMLAD, two products each; two output channels at a time,
 * so that a word of the input is loaded once for four products. LDM loads several words, of what
 * starts on 4 bytes alone; LDR loads one, from anywhere.
 */
#include "windows.h"

#include "dot.h"

#include <stddef.h>

/** What a pixel's channels are made from; the assembly below knows the order. */
typedef struct {
  const int16_t *input, *weights;
  uint32_t run;       /**< elements of a line */
  uint32_t lines;     /**< of a window */
  uint32_t step;      /**< bytes from a line's end to the next line */
  uint32_t window;    /**< bytes of one channel's weights */
  const int32_t *end; /**< of the sums */
} walk;

/* r0, r1: the sums of two channels; r2: input; r7, r11: weights; lr: elements left. */
#define PAIR                                                                                       \
  "ldr r3, [r2], #4\n\t"                                                                           \
  "ldr r8, [r7], #4\n\t"                                                                           \
  "ldr r9, [r11], #4\n\t"                                                                          \
  "smlad r0, r3, r8, r0\n\t"                                                                       \
  "smlad r1, r3, r9, r1\n\t"

#define ALIGNED_EIGHT                                                                              \
  "ldmia r2!, {r3, r4, r5, r6}\n\t"                                                                \
  "ldmia r7!, {r8, r9, r10, r12}\n\t"                                                              \
  "smlad r0, r3, r8, r0\n\t"                                                                       \
  "smlad r0, r4, r9, r0\n\t"                                                                       \
  "smlad r0, r5, r10, r0\n\t"                                                                      \
  "smlad r0, r6, r12, r0\n\t"                                                                      \
  "ldmia r11!, {r8, r9, r10, r12}\n\t"                                                             \
  "smlad r1, r3, r8, r1\n\t"                                                                       \
  "smlad r1, r4, r9, r1\n\t"                                                                       \
  "smlad r1, r5, r10, r1\n\t"                                                                      \
  "smlad r1, r6, r12, r1\n\t"

#define UNALIGNED_EIGHT PAIR PAIR PAIR PAIR

/*
 * void NAME(int32_t *sums, const walk *walk): pairs of channels from `sums` to its end, at least
 * one. On the stack: [0] lines left, [4] sums, then input, run, lines, step, window, end. A line
 * goes sixteen elements per turn, then eight, pairs, and one.
 */
#define DEFINE(NAME, EIGHT)                                                                        \
  static __attribute__((naked, noinline)) void NAME(int32_t *sums __attribute__((unused)),         \
                                                    const walk *of __attribute__((unused))) {      \
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                                      \
            "mov r3, r0\n\t"                                                                       \
            "ldm r1, {r4, r7, r8, r9, r10, r11, r12}\n\t"                                          \
            "push {r3, r4, r8, r9, r10, r11, r12}\n\t"                                             \
            "add r11, r7\n\t"                                                                      \
            "sub sp, #4\n"                                                                         \
            "1:\n\t"                                                                               \
            "ldrd r3, r2, [sp, #4]\n\t"                                                            \
            "ldrd r0, r1, [r3]\n\t"                                                                \
            "ldr r3, [sp, #16]\n"                                                                  \
            "2:\n\t"                                                                               \
            "str r3, [sp]\n\t"                                                                     \
            "ldr lr, [sp, #12]\n\t"                                                                \
            "subs lr, #16\n\t"                                                                     \
            "bmi 4f\n"                                                                             \
            "3:\n\t" EIGHT EIGHT "subs lr, #16\n\t"                                                \
            "bpl 3b\n"                                                                             \
            "4:\n\t"                                                                               \
            "adds lr, #8\n\t"                                                                      \
            "bmi 5f\n\t" EIGHT "subs lr, #8\n"                                                     \
            "5:\n\t"                                                                               \
            "adds lr, #8\n\t"                                                                      \
            "beq 8f\n"                                                                             \
            "6:\n\t"                                                                               \
            "subs lr, #2\n\t"                                                                      \
            "bmi 7f\n\t" PAIR "b 6b\n"                                                             \
            "7:\n\t"                                                                               \
            "adds lr, #1\n\t"                                                                      \
            "bne 8f\n\t"                                                                           \
            "ldrsh r3, [r2], #2\n\t"                                                               \
            "ldrsh r8, [r7], #2\n\t"                                                               \
            "ldrsh r9, [r11], #2\n\t"                                                              \
            "smlabb r0, r3, r8, r0\n\t"                                                            \
            "smlabb r1, r3, r9, r1\n"                                                              \
            "8:\n\t"                                                                               \
            "ldr r3, [sp]\n\t"                                                                     \
            "subs r3, #1\n\t"                                                                      \
            "beq 9f\n\t"                                                                           \
            "ldr r4, [sp, #20]\n\t"                                                                \
            "add r2, r4\n\t"                                                                       \
            "b 2b\n"                                                                               \
            "9:\n\t"                                                                               \
            "ldr r3, [sp, #4]\n\t"                                                                 \
            "strd r0, r1, [r3], #8\n\t"                                                            \
            "str r3, [sp, #4]\n\t"                                                                 \
            "mov r7, r11\n\t"                                                                      \
            "ldrd r4, r5, [sp, #24]\n\t"                                                           \
            "add r11, r4\n\t"                                                                      \
            "cmp r3, r5\n\t"                                                                       \
            "bne 1b\n\t"                                                                           \
            "add sp, #32\n\t"                                                                      \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");                                         \
  }

DEFINE(aligned, ALIGNED_EIGHT)
DEFINE(unaligned, UNALIGNED_EIGHT)

/** An odd last channel. */
static __attribute__((noinline)) int32_t one_channel(int32_t sum, const bo_windows *w,
                                                     const walk *of, const int16_t *weights) {
  const int16_t *input = of->input;
  for (uint32_t left = of->lines; left != 0u; left--) {
    sum = (int32_t)((uint32_t)sum + (uint32_t)bo_dot_s16(input, weights, (uint16_t)of->run));
    input += w->input_row;
    weights += of->run;
  }
  return sum;
}

void bo_windows_s16(int32_t *sums, const bo_windows *w, const int16_t *input,
                    const int16_t *weights) {
  const bo_lines lines = bo_windows_join(w);
  if (lines.count == 0u) {
    bo_windows_s16_reference(sums, w, input, weights);
    return;
  }
  const uint32_t row = lines.count == 1u ? 0u : w->input_row;
  const uint32_t starts = 2u * (lines.run | row | w->right | w->down);
  const int is_aligned = (((uintptr_t)input | (uintptr_t)weights | starts) & 3u) == 0u;
  const uint32_t paired = w->channels & ~1u, window = (uint32_t)lines.run * lines.count;
  walk of = {input, weights, lines.run, lines.count, 2u * (row - lines.run), 2u * window, NULL};
  for (uint32_t rows = w->rows; rows != 0u; rows--, input += w->down) {
    of.input = input;
    for (uint32_t columns = w->columns; columns != 0u; columns--, of.input += w->right) {
      of.end = sums + paired;
      if (paired != 0u && is_aligned)
        aligned(sums, &of);
      else if (paired != 0u)
        unaligned(sums, &of);
      sums += paired;
      if (paired != w->channels) {
        *sums = one_channel(*sums, w, &of, weights + paired * window);
        sums++;
      }
    }
  }
}
