/** Registers, operands and addressing modes of CPUX. */
#ifndef BROWNOUT_SIM_OPERAND_H
#define BROWNOUT_SIM_OPERAND_H

#include "bus.h"
#include "cycles.h"

typedef struct {
  operand_mode mode;
  uint8_t reg;      /**< MODE_REGISTER, where it is no constant */
  uint8_t constant; /**< MODE_REGISTER of a constant generator, or MODE_IMMEDIATE: `value` it is */
  uint32_t value;
  uint32_t address; /**< any other mode */
} operand;

/** An instruction's size and what its extension word says. */
typedef struct {
  operand_size size;
  uint8_t extended;
  uint8_t source_high, destination_high; /**< bits 19:16 */
} operand_width;

static inline uint32_t size_mask(operand_size size) {
  return size == SIZE_BYTE ? 0xffu : size == SIZE_WORD ? 0xffffu : 0xfffffu;
}
static inline uint32_t size_sign(operand_size size) {
  return size == SIZE_BYTE ? 0x80u : size == SIZE_WORD ? 0x8000u : 0x80000u;
}

/** The next word of code. */
uint16_t next_word(msp430x *m);
uint32_t register_read(const msp430x *m, unsigned reg, operand_size size);
/** A byte clears bits 19:8, a word bits 19:16; PC and SP stay even; R3 keeps nothing. */
void register_write(msp430x *m, unsigned reg, operand_size size, uint32_t value);

/** Decodes a source of mode `as`; fetches what belongs to it and advances @Rn+. */
operand operand_source(msp430x *m, unsigned reg, unsigned as, const operand_width *width);
operand operand_destination(msp430x *m, unsigned reg, unsigned ad, const operand_width *width);
uint32_t operand_read(msp430x *m, const operand *o, operand_size size);
void operand_write(msp430x *m, const operand *o, operand_size size, uint32_t value);

void stack_push(msp430x *m, operand_size size, uint32_t value);
uint32_t stack_pop(msp430x *m, operand_size size);

#endif
