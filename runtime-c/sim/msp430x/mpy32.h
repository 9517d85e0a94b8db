/**
 * MPY32, the MSP430's hardware multiplier: 16- and 32-bit operands, unsigned and signed, with and
 * without accumulation (SLAU367 chapter "32-Bit Hardware Multiplier"). A result is there at once:
 * every instruction that could read it too early is the user's own timing. Fractional and
 * saturating modes are not modelled; selecting one is reported.
 */
#ifndef BROWNOUT_SIM_MPY32_H
#define BROWNOUT_SIM_MPY32_H

#include <stdint.h>

/** Bytes of its register file; on the FR5994 it starts at 0x04c0. */
#define MPY32_BYTES 0x2eu

typedef struct {
  uint64_t result; /**< RES3..RES0 */
  uint32_t operand1, operand2;
  uint16_t sum_extension;
  uint16_t control;    /**< MPY32CTL0 */
  uint64_t unmodelled; /**< times a fractional or saturating mode was selected */
} mpy32;

void mpy32_reset(mpy32 *unit);
/** `offset` in [0, MPY32_BYTES), any parity; a byte store extends as the operand's mode says. */
uint16_t mpy32_read(const mpy32 *unit, uint32_t offset);
void mpy32_write_word(mpy32 *unit, uint32_t offset, uint16_t value);
void mpy32_write_byte(mpy32 *unit, uint32_t offset, uint8_t value);

#endif
