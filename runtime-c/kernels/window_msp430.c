/**
 * The MSP430 twin of bo_window_s16(): MPY32 adds up a whole window, two MOV @Rn+,&MPY per element,
 * eight elements per turn. It runs from RAM (section .bo_ram_text): a turn is longer than the
 * FRAM's cache, and each of its lines would wait.
 */
#include "window.h"

#include "dot.h"
#include "mpy.h"

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)
/* mov @r12+, &MACS; mov @r13+, &OP2: as words, since clang's assembler refuses this mode. */
#define ELEMENT                                                                                    \
  ".word 0x4cb2, " TEXT(BO_MPY_BASE) "+6\n\t"                                                      \
                                     ".word 0x4db2, " TEXT(BO_MPY_BASE) "+8\n\t"

void bo_window_prepare(bo_window *window) {
  bo_window_join(window);
  window->blocks = window->run / 8u;
  window->rest = window->run % 8u;
  window->step = (uint16_t)(2u * (uint16_t)(window->input_row - window->run));
}

int32_t __attribute__((section(".bo_ram_text"), noinline))
bo_window_s16(int32_t sum, const bo_window *window, const int16_t *input, const int16_t *weights) {
  const uint16_t blocks = window->blocks, rest = window->rest, step = window->step;
  uint16_t lines = window->lines, left;
  if (lines == 0u)
    return bo_window_s16_reference(sum, window, input, weights);
  const uint16_t status = bo_mpy_take();
  BO_RESLO = (uint16_t)sum;
  BO_RESHI = (uint16_t)((uint32_t)sum >> 16);
  /* No call of the compiler's helpers may stand between them and the loop. */
  register const int16_t *at_a __asm__("r12") = input;
  register const int16_t *at_b __asm__("r13") = weights;
  __asm__ volatile("1: mov %[blocks], %[left]\n\t"
                   "tst %[left]\n\t"
                   "jeq 3f\n\t"
                   "2: " ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT ELEMENT
                   "dec %[left]\n\t"
                   "jne 2b\n\t"
                   "3: mov %[rest], %[left]\n\t"
                   "tst %[left]\n\t"
                   "jeq 5f\n\t"
                   "4: " ELEMENT "dec %[left]\n\t"
                   "jne 4b\n\t"
                   "5: add %[step], %[a]\n\t"
                   "dec %[lines]\n\t"
                   "jne 1b"
                   : [a] "+r"(at_a), [b] "+r"(at_b), [lines] "+r"(lines), [left] "=&r"(left)
                   : [blocks] "r"(blocks), [rest] "r"(rest), [step] "r"(step)
                   : "memory", "cc");
  const uint32_t total = bo_mpy_result();
  bo_mpy_give(status);
  return (int32_t)total;
}
