#include "alu.h"
#include "instructions.h"
#include "operand.h"

enum { MOV = 4, ADD, ADDC, SUBC, SUB, CMP, DADD, BIT, BIC, BIS, XOR, AND };

static uint32_t logical(msp430x *m, uint32_t result, operand_size size, int overflow) {
  alu_flags(m, result, size, result != 0u, overflow);
  return result;
}

static uint32_t compute(msp430x *m, unsigned opcode, uint32_t source, uint32_t before,
                        operand_size size, int carry) {
  switch (opcode) {
  case ADD:
    return alu_add(m, before, source, 0, size);
  case ADDC:
    return alu_add(m, before, source, carry, size);
  case SUBC:
    return alu_subtract(m, before, source, carry, size);
  case SUB:
  case CMP:
    return alu_subtract(m, before, source, 1, size);
  case DADD:
    return alu_add_decimal(m, before, source, carry, size);
  case BIC:
    return before & ~source;
  case BIS:
    return before | source;
  case XOR:
    return logical(m, before ^ source, size, (before & source & size_sign(size)) != 0u);
  case BIT:
  case AND:
    return logical(m, before & source, size, 0);
  default:
    return source;
  }
}

unsigned extension_repeats(const msp430x *m, uint16_t extension) {
  const unsigned field = extension & 0xfu;
  if ((extension & EXT_COUNT_IN_REGISTER) != 0u)
    return (m->r[field] & 0xfu) + 1u;
  return field + 1u;
}

void execute_format1(msp430x *m, uint16_t word, uint16_t extension) {
  const unsigned opcode = word >> 12, as = word >> 4 & 3u, ad = word >> 7 & 1u;
  const unsigned from = word >> 8 & 0xfu, to = word & 0xfu;
  const int is_byte = (word & 0x40u) != 0u;
  const int between_registers = as == 0u && ad == 0u;
  operand_width width = {is_byte ? SIZE_BYTE : SIZE_WORD, extension != 0u, 0, 0};
  if (extension != 0u) {
    if ((extension & EXT_WORD_OR_BYTE) == 0u)
      width.size = SIZE_ADDRESS;
    if (!between_registers) {
      width.source_high = extension >> 7 & 0xfu;
      width.destination_high = extension & 0xfu;
    }
  }
  const operand_size size = width.size;
  operand source = operand_source(m, from, as, &width);
  const operand destination = operand_destination(m, to, ad, &width);
  const int to_pc = !ad && to == REG_PC && opcode != CMP && opcode != BIT;
  unsigned repeats = 1;
  if (extension != 0u) {
    m->count.cycles += cycles_format1_extended(opcode, source.mode, (int)ad, to_pc, size);
    if (between_registers) {
      repeats = extension_repeats(m, extension);
      m->count.cycles += repeats - 1u;
    }
  } else {
    m->count.cycles += cycles_format1(opcode, source.mode, (int)ad, to_pc);
  }
  while (repeats-- != 0u) {
    const int zero_carry = between_registers && (extension & EXT_ZERO_CARRY) != 0u;
    const int carry = !zero_carry && (m->r[REG_SR] & SR_C) != 0u;
    const uint32_t value = operand_read(m, &source, size);
    const uint32_t before = opcode == MOV ? 0u : operand_read(m, &destination, size);
    const uint32_t result = compute(m, opcode, value, before, size, carry);
    if (opcode != CMP && opcode != BIT)
      operand_write(m, &destination, size, result);
  }
}
