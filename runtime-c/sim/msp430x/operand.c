#include "operand.h"

uint16_t next_word(msp430x *m) {
  const uint16_t word = bus_fetch(m, m->r[REG_PC]);
  m->r[REG_PC] = (m->r[REG_PC] + 2u) & 0xfffffu;
  return word;
}

uint32_t register_read(const msp430x *m, unsigned reg, operand_size size) {
  return m->r[reg] & size_mask(size);
}

void register_write(msp430x *m, unsigned reg, operand_size size, uint32_t value) {
  value &= size_mask(size);
  switch (reg) {
  case REG_PC:
  case REG_SP:
    m->r[reg] = value & ~1u;
    break;
  case REG_SR:
    m->r[reg] = value & SR_BITS;
    break;
  case REG_CG:
    break;
  default:
    m->r[reg] = value;
  }
}

/*
 * An index of an extended instruction has 20 bits. One of 16 bits is unsigned and stays in the
 * lower 64 KB where the register points there, and is signed elsewhere (SLAU367 "Indexed Mode").
 */
static uint32_t indexed(uint32_t base, uint16_t index, unsigned high, int extended) {
  if (extended)
    return (base + (high << 16 | index)) & 0xfffffu;
  if (base < 0x10000u)
    return (base + index) & 0xffffu;
  return (base + (uint32_t)(int32_t)(int16_t)index) & 0xfffffu;
}

static operand memory_operand(msp430x *m, unsigned reg, unsigned high, int extended) {
  operand o = {MODE_INDEXED, 0, 0, 0, 0};
  const uint32_t at = m->r[REG_PC];
  const uint16_t index = next_word(m);
  if (reg == REG_SR) {
    o.mode = MODE_ABSOLUTE;
    o.address = high << 16 | index;
  } else {
    o.mode = reg == REG_PC ? MODE_SYMBOLIC : MODE_INDEXED;
    o.address = indexed(reg == REG_PC ? at : m->r[reg], index, high, extended);
  }
  return o;
}

static operand constant(operand_mode mode, uint32_t value) {
  return (operand){mode, 0, 1, value, 0};
}

operand operand_source(msp430x *m, unsigned reg, unsigned as, const operand_width *width) {
  static const uint32_t generated[4] = {0, 1, 2, 0xfffff};
  operand o = {MODE_REGISTER, (uint8_t)reg, 0, 0, 0};
  if (reg == REG_CG)
    return constant(MODE_REGISTER, generated[as]);
  if (reg == REG_SR && as >= 2u)
    return constant(MODE_REGISTER, as == 2u ? 4u : 8u);
  if (as == 0u)
    return o;
  if (as == 1u)
    return memory_operand(m, reg, width->source_high, width->extended);
  if (as == 3u && reg == REG_PC)
    return constant(MODE_IMMEDIATE, (uint32_t)width->source_high << 16 | next_word(m));
  o.mode = MODE_INDIRECT;
  o.address = m->r[reg];
  if (as == 3u) {
    const uint32_t step = reg == REG_SP && width->size == SIZE_BYTE ? 2u : (uint32_t)width->size;
    register_write(m, reg, SIZE_ADDRESS, m->r[reg] + step);
  }
  return o;
}

operand operand_destination(msp430x *m, unsigned reg, unsigned ad, const operand_width *width) {
  if (ad != 0u)
    return memory_operand(m, reg, width->destination_high, width->extended);
  return (operand){MODE_REGISTER, (uint8_t)reg, 0, 0, 0};
}

uint32_t operand_read(msp430x *m, const operand *o, operand_size size) {
  if (o->constant)
    return o->value & size_mask(size);
  if (o->mode == MODE_REGISTER)
    return register_read(m, o->reg, size);
  return bus_read(m, o->address, size);
}

void operand_write(msp430x *m, const operand *o, operand_size size, uint32_t value) {
  if (o->constant)
    return;
  if (o->mode == MODE_REGISTER)
    register_write(m, o->reg, size, value);
  else
    bus_write(m, o->address, size, value);
}

/* A byte takes a word of the stack, whose upper half stays as it is. */
void stack_push(msp430x *m, operand_size size, uint32_t value) {
  const uint32_t room = size == SIZE_ADDRESS ? 4u : 2u;
  m->r[REG_SP] = (m->r[REG_SP] - room) & 0xffffeu;
  bus_write(m, m->r[REG_SP], size, value);
}

uint32_t stack_pop(msp430x *m, operand_size size) {
  const uint32_t value = bus_read(m, m->r[REG_SP], size);
  m->r[REG_SP] = (m->r[REG_SP] + (size == SIZE_ADDRESS ? 4u : 2u)) & 0xffffeu;
  return value;
}
