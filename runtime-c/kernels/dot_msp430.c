/**
 * The MSP430 twins of bo_dot_s16() and bo_dot_s8(): two MOV @Rn+,&MPY per element, at most 5 cycles
 * each (SLAU367 "Format I instruction cycles"), four elements per turn. A byte written to an
 * operand register of MPY32 is extended by its sign in the signed modes (SLAU367 chapter "32-Bit
 * Hardware Multiplier"). The older multiplier does not do that: there, which is mspdebug alone,
 * int8 takes the reference.
 */
#include "dot.h"
#include "mpy.h"

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)
/* mov @r12+, &MACS; mov @r13+, &OP2: as words, since clang's assembler refuses this mode. */
#define ELEMENT                                                                                    \
  ".word 0x4cb2, " TEXT(BO_MPY_BASE) "+6\n\t"                                                      \
                                     ".word 0x4db2, " TEXT(BO_MPY_BASE) "+8\n\t"
/* mov.b @r12+, &MACS; mov.b @r13+, &OP2 */
#define BYTE_ELEMENT                                                                               \
  ".word 0x4cf2, " TEXT(BO_MPY_BASE) "+6\n\t"                                                      \
                                     ".word 0x4df2, " TEXT(BO_MPY_BASE) "+8\n\t"

uint32_t bo_dot_s16_buffer_bytes(void) { return 0; }
uint32_t bo_dot_s8_buffer_bytes(void) { return 0; }

int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  register const int16_t *at_a __asm__("r12") = a;
  register const int16_t *at_b __asm__("r13") = b;
  const uint16_t status = bo_mpy_take();
  BO_RESLO = 0;
  BO_RESHI = 0;
  for (uint16_t fours = n / 4u; fours != 0u; fours--) {
    __asm__ volatile(ELEMENT ELEMENT ELEMENT ELEMENT : "+r"(at_a), "+r"(at_b) : : "memory");
  }
  for (uint16_t left = n % 4u; left != 0u; left--) {
    __asm__ volatile(ELEMENT : "+r"(at_a), "+r"(at_b) : : "memory");
  }
  const uint32_t sum = bo_mpy_result();
  bo_mpy_give(status);
  return (int32_t)sum;
}

#if BO_MPY_BASE == 0x0130
int32_t bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n) {
  return bo_dot_s8_reference(a, b, n);
}
#else
int32_t bo_dot_s8(const int8_t *a, const int8_t *b, uint16_t n) {
  register const int8_t *at_a __asm__("r12") = a;
  register const int8_t *at_b __asm__("r13") = b;
  const uint16_t status = bo_mpy_take();
  BO_RESLO = 0;
  BO_RESHI = 0;
  for (uint16_t fours = n / 4u; fours != 0u; fours--) {
    __asm__ volatile(BYTE_ELEMENT BYTE_ELEMENT BYTE_ELEMENT BYTE_ELEMENT
                     : "+r"(at_a), "+r"(at_b)
                     :
                     : "memory");
  }
  for (uint16_t left = n % 4u; left != 0u; left--) {
    __asm__ volatile(BYTE_ELEMENT : "+r"(at_a), "+r"(at_b) : : "memory");
  }
  const uint32_t sum = bo_mpy_result();
  bo_mpy_give(status);
  return (int32_t)sum;
}
#endif
