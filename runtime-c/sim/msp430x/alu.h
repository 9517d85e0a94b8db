/** Arithmetic and flags of CPUX for 8, 16 and 20 bits (SLAU367 "Instruction Set Description"). */
#ifndef BROWNOUT_SIM_ALU_H
#define BROWNOUT_SIM_ALU_H

#include "machine.h"

/** N and Z of a result, with carry and overflow as given. */
void alu_flags(msp430x *m, uint32_t result, operand_size size, int carry, int overflow);
/** a + b + carry_in, all flags. */
uint32_t alu_add(msp430x *m, uint32_t a, uint32_t b, int carry_in, operand_size size);
/** a - b - 1 + carry_in, all flags; C is not borrow. */
uint32_t alu_subtract(msp430x *m, uint32_t a, uint32_t b, int carry_in, operand_size size);
/** Decimal a + b + carry_in; V is undefined on the chip and cleared here. */
uint32_t alu_add_decimal(msp430x *m, uint32_t a, uint32_t b, int carry_in, operand_size size);
/** One place to the right; `in` comes in at the top. */
uint32_t alu_shift_right(msp430x *m, uint32_t value, int in, operand_size size);

#endif
