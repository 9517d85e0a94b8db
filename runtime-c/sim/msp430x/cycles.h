/**
 * Cycles of CPUX without wait states, by the family guide's tables "Instruction Cycles and Lengths"
 * (SLAU367 and SLAU445 chapter CPUX, tables 4-8 to 4-10, 4-17a, 4-18, 4-19a).
 */
#ifndef BROWNOUT_SIM_CYCLES_H
#define BROWNOUT_SIM_CYCLES_H

#include "machine.h"

/** Columns and rows of the tables. Constant generators count as registers. */
typedef enum {
  MODE_REGISTER,
  MODE_INDIRECT, /**< @Rn, @Rn+ */
  MODE_IMMEDIATE,
  MODE_INDEXED,  /**< X(Rn) */
  MODE_SYMBOLIC, /**< EDE */
  MODE_ABSOLUTE  /**< &EDE */
} operand_mode;

/** `opcode` 4 (MOV) to 15 (AND). */
unsigned cycles_format1(unsigned opcode, operand_mode source, int to_memory, int to_pc);
unsigned cycles_format1_extended(unsigned opcode, operand_mode source, int to_memory, int to_pc,
                                 operand_size size);
/** `opcode` 0 RRC, 1 SWPB, 2 RRA, 3 SXT, 4 PUSH, 5 CALL. */
unsigned cycles_format2(unsigned opcode, operand_mode mode);
unsigned cycles_format2_extended(unsigned opcode, operand_mode mode, operand_size size,
                                 int stack_indexed);
unsigned cycles_calla(operand_mode mode, int stack_indexed);

#endif
