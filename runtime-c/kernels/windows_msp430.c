/**
 * The MSP430 twin of bo_windows_s16(): MPY32 adds up the windows of a pixel's channels, two MOV
 * @Rn+,&MPY per element, eight elements per turn. It runs from RAM (section .bo_ram_text): a turn
 * is longer than the FRAM's cache, and each of its lines would wait.
 */
#include "windows.h"

#include "dot.h"
#include "mpy.h"

#include <stddef.h>

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)
/* mov @r12+, &MACS; mov @r13+, &OP2: as words, since clang's assembler refuses this mode. */
#define ELEMENT                                                                                    \
  ".word 0x4cb2, " TEXT(BO_MPY_BASE) "+6\n\t"                                                      \
                                     ".word 0x4db2, " TEXT(BO_MPY_BASE) "+8\n\t"
/* mov @r14+, &RESLO; mov @r14+, &RESHI */
#define NEXT_SUM                                                                                   \
  ".word 0x4eb2, " TEXT(BO_MPY_BASE) "+10\n\t"                                                     \
                                     ".word 0x4eb2, " TEXT(BO_MPY_BASE) "+12\n\t"

/* With BO_MPY_SHARED interrupts wait for one output, not for all of a pixel. */
#ifdef BO_MPY_SHARED
#define AT_ONCE(channels) 1u
#else
#define AT_ONCE(channels) (channels)
#endif

/** The lines of a window as the loop takes them: turns of eight, what is left, bytes to the next.
 */
typedef struct {
  unsigned count, blocks, rest, step;
} line_plan;

/** Returns the weights behind those of the channels. Every loop leaves `left` at 0: ADD, unlike
 * MOV, says whether there is anything to do. */
static inline const int16_t *pixel(int32_t *sums, unsigned channels, const line_plan *lines,
                                   const int16_t *input, const int16_t *weights) {
  register const int16_t *at_a __asm__("r12");
  register const int16_t *at_b __asm__("r13") = weights;
  register int32_t *at_sum __asm__("r14") = sums;
  unsigned count, left;
  __asm__ volatile(
      "clr %[left]\n\t"
      "1: " NEXT_SUM "mov %[input], %[a]\n\t"
      "mov %c[at_count](%[lines]), %[count]\n\t"
      "2: add %c[at_blocks](%[lines]), %[left]\n\t"
      "jeq 4f\n\t"
      "3: " ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT "dec %[left]\n\t"
      "jne 3b\n\t"
      "4: add %c[at_rest](%[lines]), %[left]\n\t"
      "jeq 6f\n\t"
      "5: " ELEMENT "dec %[left]\n\t"
      "jne 5b\n\t"
      "6: add %c[at_step](%[lines]), %[a]\n\t"
      "dec %[count]\n\t"
      "jne 2b\n\t"
      "mov &" TEXT(BO_MPY_BASE) "+10, -4(%[sum])\n\t"
                                "mov &" TEXT(BO_MPY_BASE) "+12, -2(%[sum])\n\t"
                                                          "dec %[channels]\n\t"
                                                          "jne 1b"
      : [a] "=&r"(at_a), "+r"(at_b), [sum] "+r"(at_sum), [channels] "+r"(channels),
        [count] "=&r"(count), [left] "=&r"(left)
      : [input] "r"(input), [lines] "r"(lines), [at_count] "i"(offsetof(line_plan, count)),
        [at_blocks] "i"(offsetof(line_plan, blocks)), [at_rest] "i"(offsetof(line_plan, rest)),
        [at_step] "i"(offsetof(line_plan, step))
      : "memory", "cc");
  return at_b;
}

void __attribute__((section(".bo_ram_text"), noinline))
bo_windows_s16(int32_t *sums, const bo_windows *w, const int16_t *input, const int16_t *weights) {
  unsigned count = w->lines, run = w->line;
  const unsigned gap = w->input_row - run;
  if (gap == 0u) {
    run = bo_mpy_product(run, count);
    count = 1;
  }
  const line_plan lines = {count, run / 8u, run % 8u, 2u * gap};
  const unsigned right = w->right, pixels = w->columns, channels = w->channels;
  for (unsigned rows = w->rows; rows != 0u; rows--, input += w->down) {
    const int16_t *at = input;
    for (unsigned columns = pixels; columns != 0u; columns--, at += right) {
      const int16_t *kernel = weights;
      for (unsigned left = channels; left != 0u;) {
        const unsigned taken = AT_ONCE(left);
        const uint16_t status = bo_mpy_take();
        kernel = pixel(sums, taken, &lines, at, kernel);
        bo_mpy_give(status);
        sums += taken;
        left -= taken;
      }
    }
  }
}
