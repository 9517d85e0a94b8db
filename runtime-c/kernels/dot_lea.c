/**
 * The twin of bo_dot_s16() on LEA, the FR5994's vector unit, through TI's DSPLib: build with
 * DSPLIB=<TI's DSPLib, or sim/lea, its stand-in>.
 *
 * LEA takes even lengths and vectors that start on 4 bytes in its RAM, as the explorer plans them
 * for kernel `lea`; it doubles and saturates, so its sum is bo_dot_s16()'s where no partial sum
 * reaches 2^30: dump refuses a network whose accumulator bound does.
 */
#include "dot.h"

#include "DSPLib.h"

/* LEA writes its result to its own RAM, too: behind VM. */
static _iq31 doubled __attribute__((section(".bss.bo_vm_kernel"), aligned(4)));

uint32_t bo_dot_s16_buffer_bytes(void) { return sizeof doubled; }

int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  const msp_mac_q15_params params = {.length = n};
  if (n == 0u)
    return 0;
  /* What LEA refuses is still summed right, by the CPU; no design of the explorer's comes here. */
  if (msp_mac_q15(&params, a, b, &doubled) != MSP_SUCCESS)
    return bo_dot_s16_reference(a, b, n);
  const uint32_t bits = (uint32_t)doubled;
  return (int32_t)(bits >> 1 | (bits & 0x80000000u));
}

/* LEA has no 8-bit vectors. */
uint32_t bo_dot_s8_buffer_bytes(void) { return 0; }

int32_t bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n) {
  return bo_dot_s8_reference(a, b, n);
}
