/**
 * The MSP430 hardware multiplier's 16-bit registers, at the same offsets in MPY32 (0x04c0, SLAU367
 * chapter "32-Bit Hardware Multiplier") and in the older 16-bit multiplier (0x0130, which mspdebug
 * simulates). MPY32CTL0 is as after reset: neither fractional nor saturating.
 *
 * One set of registers serves everyone: the runtime uses no interrupts; an application whose
 * handlers multiply must build with BO_MPY_SHARED, which keeps interrupts off around each use.
 */
#ifndef BROWNOUT_MPY_H
#define BROWNOUT_MPY_H

#include <stdint.h>

/* A plain number, since it is also assembler text. */
#ifndef BO_MPY_BASE
#define BO_MPY_BASE 0x04c0
#endif
#define BO_MPY_REGISTER(offset) (*(volatile uint16_t *)(BO_MPY_BASE + (offset)))
#define BO_MPY BO_MPY_REGISTER(0x0u)   /**< first operand, unsigned multiply */
#define BO_MPYS BO_MPY_REGISTER(0x2u)  /**< first operand, signed multiply */
#define BO_MACS BO_MPY_REGISTER(0x6u)  /**< first operand, signed multiply and add */
#define BO_OP2 BO_MPY_REGISTER(0x8u)   /**< second operand; writing it starts */
#define BO_RESLO BO_MPY_REGISTER(0xau) /**< result, low half */
#define BO_RESHI BO_MPY_REGISTER(0xcu) /**< result, high half */

#ifdef BO_MPY_SHARED
static inline uint16_t bo_mpy_take(void) {
  uint16_t status;
  __asm__ volatile("mov r2, %0\n\tdint\n\tnop" : "=r"(status) : : "memory");
  return status;
}
static inline void bo_mpy_give(uint16_t status) {
  if ((status & 8u) != 0u)
    __asm__ volatile("nop\n\teint\n\tnop" : : : "memory");
}
#else
static inline uint16_t bo_mpy_take(void) { return 0; }
static inline void bo_mpy_give(uint16_t status) { (void)status; }
#endif

static inline uint32_t bo_mpy_result(void) {
  const uint16_t low = BO_RESLO;
  return (uint32_t)BO_RESHI << 16 | low;
}

/** a * b modulo 2^16, without the call that compilers make of it. */
static inline uint16_t bo_mpy_product(uint16_t a, uint16_t b) {
  const uint16_t status = bo_mpy_take();
  BO_MPY = a;
  BO_OP2 = b;
  const uint16_t product = BO_RESLO;
  bo_mpy_give(status);
  return product;
}

#endif
