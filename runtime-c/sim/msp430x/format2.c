#include "alu.h"
#include "instructions.h"
#include "operand.h"

enum { RRC = 0, SWPB, RRA, SXT, PUSH, CALL };

static uint32_t swap_bytes(uint32_t value) {
  return (value & 0xf0000u) | (value >> 8 & 0xffu) | (value << 8 & 0xff00u);
}

/* In a register all bits above bit 7 follow it, whatever the size. */
static uint32_t extend_sign(uint32_t value) {
  return (value & 0x80u) != 0u ? value | 0xfff00u : value & 0xffu;
}

static void shift(msp430x *m, unsigned opcode, const operand *o, operand_size size,
                  int zero_carry) {
  const uint32_t value = operand_read(m, o, size);
  const int carry = !zero_carry && (m->r[REG_SR] & SR_C) != 0u;
  uint32_t result;
  operand_size stored = size;
  switch (opcode) {
  case RRC:
    result = alu_shift_right(m, value, carry, size);
    break;
  case RRA:
    result = alu_shift_right(m, value, (value & size_sign(size)) != 0u, size);
    break;
  case SWPB:
    result = swap_bytes(value);
    break;
  default:
    result = extend_sign(value);
    if (o->mode == MODE_REGISTER)
      stored = SIZE_ADDRESS;
    alu_flags(m, result & size_mask(size), size, result != 0u, 0);
  }
  operand_write(m, o, stored, result);
}

void execute_format2(msp430x *m, uint16_t word, uint16_t extension) {
  const unsigned opcode = word >> 7 & 7u, mode = word >> 4 & 3u, reg = word & 0xfu;
  const int is_byte = (word & 0x40u) != 0u && opcode != SWPB && opcode != SXT && opcode != CALL;
  operand_width width = {is_byte ? SIZE_BYTE : SIZE_WORD, extension != 0u, 0, 0};
  if (opcode > CALL || (opcode == CALL && extension != 0u)) {
    m->state = MACHINE_ILLEGAL;
    return;
  }
  if (extension != 0u && (extension & EXT_WORD_OR_BYTE) == 0u)
    width.size = SIZE_ADDRESS;
  if (extension != 0u && mode != 0u) {
    /* Assemblers differ in which of the two fields holds the one address; the other is zero. */
    width.source_high = (extension >> 7 & 0xfu) | (extension & 0xfu);
  }
  const operand o = operand_source(m, reg, mode, &width);
  const int stack_indexed = o.mode == MODE_INDEXED && reg == REG_SP;
  unsigned repeats = 1;
  m->count.cycles += extension == 0u
                         ? cycles_format2(opcode, o.mode)
                         : cycles_format2_extended(opcode, o.mode, width.size, stack_indexed);
  if (extension != 0u && mode == 0u) {
    repeats = extension_repeats(m, extension);
    m->count.cycles += repeats - 1u;
  }
  if (opcode == CALL) {
    const uint32_t target = operand_read(m, &o, SIZE_WORD);
    stack_push(m, SIZE_WORD, m->r[REG_PC] & 0xffffu);
    register_write(m, REG_PC, SIZE_WORD, target);
    return;
  }
  while (repeats-- != 0u) {
    if (opcode == PUSH)
      stack_push(m, width.size, operand_read(m, &o, width.size));
    else
      shift(m, opcode, &o, width.size, mode == 0u && (extension & EXT_ZERO_CARRY) != 0u);
  }
}

/* SR lies at the lower address and holds PC's upper bits in its own. */
static void return_from_interrupt(msp430x *m) {
  const uint32_t status = stack_pop(m, SIZE_WORD);
  const uint32_t low = stack_pop(m, SIZE_WORD);
  register_write(m, REG_SR, SIZE_WORD, status);
  register_write(m, REG_PC, SIZE_ADDRESS, (status & 0xf000u) << 4 | low);
  m->count.cycles += 5u;
}

void execute_call_address(msp430x *m, uint16_t word) {
  const unsigned kind = word >> 4 & 0xfu, field = word & 0xfu;
  const operand_width width = {SIZE_ADDRESS, 0, 0, 0};
  operand o = {MODE_ABSOLUTE, 0, 0, 0, 0};
  uint32_t at;
  int stack_indexed = 0;
  switch (kind) {
  case 0:
    if (field != 0u) {
      m->state = MACHINE_ILLEGAL;
      return;
    }
    return_from_interrupt(m);
    return;
  case 4:
  case 5:
  case 6:
  case 7:
    o = operand_source(m, field, kind & 3u, &width);
    stack_indexed = o.mode == MODE_INDEXED && field == REG_SP;
    break;
  case 8:
    o.address = (uint32_t)field << 16 | next_word(m);
    break;
  case 9:
    at = m->r[REG_PC];
    o.mode = MODE_SYMBOLIC;
    o.address = (at + ((uint32_t)field << 16 | next_word(m))) & 0xfffffu;
    break;
  case 11:
    o.mode = MODE_IMMEDIATE;
    o.constant = 1;
    o.value = (uint32_t)field << 16 | next_word(m);
    break;
  default:
    m->state = MACHINE_ILLEGAL;
    return;
  }
  m->count.cycles += cycles_calla(o.mode, stack_indexed);
  const uint32_t target = operand_read(m, &o, SIZE_ADDRESS);
  stack_push(m, SIZE_ADDRESS, m->r[REG_PC]);
  register_write(m, REG_PC, SIZE_ADDRESS, target);
}

void execute_multiple(msp430x *m, uint16_t word) {
  const unsigned count = (word >> 4 & 0xfu) + 1u, reg = word & 0xfu;
  const operand_size size = (word & 0x0100u) != 0u ? SIZE_WORD : SIZE_ADDRESS;
  m->count.cycles += 2u + count * (size == SIZE_ADDRESS ? 2u : 1u);
  if ((word & 0x0200u) == 0u) {
    for (unsigned i = 0; i < count; i++)
      stack_push(m, size, register_read(m, (reg - i) & 0xfu, size));
  } else {
    for (unsigned i = 0; i < count; i++)
      register_write(m, (reg + i) & 0xfu, size, stack_pop(m, size));
  }
}
