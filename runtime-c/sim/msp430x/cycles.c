#include "cycles.h"

enum { MOV = 4, ADD = 5, SUB = 8, CMP = 9, BIT = 11 };
enum { PUSH = 4, CALL = 5 };

/* Only reads, or only writes, its destination. */
static unsigned is_short(unsigned opcode) {
  return opcode == MOV || opcode == CMP || opcode == BIT;
}

unsigned cycles_format1(unsigned opcode, operand_mode source, int to_memory, int to_pc) {
  static const uint8_t to_register[] = {1, 2, 2, 3, 3, 3};
  static const uint8_t to_program_counter[] = {3, 4, 3, 5, 5, 5};
  static const uint8_t to_address[] = {4, 5, 5, 6, 6, 6};
  if (to_memory)
    return to_address[source] - is_short(opcode);
  return to_pc ? to_program_counter[source] : to_register[source];
}

unsigned cycles_format1_extended(unsigned opcode, operand_mode source, int to_memory, int to_pc,
                                 operand_size size) {
  static const uint8_t to_register[2][6] = {{2, 3, 3, 4, 4, 4}, {2, 4, 3, 5, 5, 5}};
  static const uint8_t to_program_counter[2][6] = {{4, 5, 4, 6, 6, 6}, {4, 6, 4, 7, 7, 7}};
  static const uint8_t to_address[2][6] = {{5, 6, 6, 7, 7, 7}, {7, 9, 8, 10, 10, 10}};
  const unsigned wide = size == SIZE_ADDRESS;
  if (to_memory)
    return to_address[wide][source] - is_short(opcode) * (1u + wide);
  if (!to_pc)
    return to_register[wide][source];
  const int cheap = opcode == MOV || opcode == ADD || opcode == SUB;
  return to_program_counter[wide][source] - (unsigned)(cheap && source >= MODE_IMMEDIATE);
}

unsigned cycles_format2(unsigned opcode, operand_mode mode) {
  static const uint8_t shift[] = {1, 3, 3, 4, 4, 4};
  static const uint8_t push[] = {3, 3, 3, 4, 4, 4};
  static const uint8_t call[] = {4, 4, 4, 5, 5, 6};
  return opcode == PUSH ? push[mode] : opcode == CALL ? call[mode] : shift[mode];
}

unsigned cycles_format2_extended(unsigned opcode, operand_mode mode, operand_size size,
                                 int stack_indexed) {
  static const uint8_t shift[2][6] = {{2, 4, 4, 5, 5, 5}, {2, 6, 6, 7, 7, 7}};
  static const uint8_t push[2][6] = {{4, 4, 4, 5, 5, 5}, {5, 6, 5, 7, 7, 7}};
  const unsigned wide = size == SIZE_ADDRESS;
  return opcode == PUSH ? push[wide][mode] + (unsigned)stack_indexed : shift[wide][mode];
}

unsigned cycles_calla(operand_mode mode, int stack_indexed) {
  static const uint8_t calla[] = {5, 6, 5, 5, 7, 7};
  return calla[mode] + (unsigned)stack_indexed;
}
