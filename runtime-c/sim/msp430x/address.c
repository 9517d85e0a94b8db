#include "alu.h"
#include "instructions.h"
#include "operand.h"

/* RRCM, RRAM, RLAM, RRUM by 1 to 4 places. V is undefined after RLAM and cleared here. */
static void shift_multiple(msp430x *m, uint16_t word) {
  const unsigned count = (word >> 10 & 3u) + 1u, kind = word >> 8 & 3u, reg = word & 0xfu;
  const operand_size size = (word & 0x10u) != 0u ? SIZE_WORD : SIZE_ADDRESS;
  uint32_t value = register_read(m, reg, size);
  for (unsigned i = 0; i < count; i++) {
    const uint32_t sign = value & size_sign(size);
    switch (kind) {
    case 0:
      value = alu_shift_right(m, value, (m->r[REG_SR] & SR_C) != 0u, size);
      break;
    case 1:
      value = alu_shift_right(m, value, sign != 0u, size);
      break;
    case 2:
      value = value << 1 & size_mask(size);
      alu_flags(m, value, size, sign != 0u, 0);
      break;
    default:
      value = alu_shift_right(m, value, 0, size);
    }
  }
  register_write(m, reg, size, value);
  m->count.cycles += count;
}

static uint32_t short_index(msp430x *m, unsigned reg) {
  const uint32_t at = m->r[REG_PC];
  const uint32_t index = (uint32_t)(int32_t)(int16_t)next_word(m);
  const uint32_t base = reg == REG_PC ? at : m->r[reg];
  return base < 0x10000u ? (base + index) & 0xffffu : (base + index) & 0xfffffu;
}

static void move_to_register(msp430x *m, unsigned reg, uint32_t value, unsigned cycles,
                             unsigned cycles_to_pc) {
  m->count.cycles += reg == REG_PC ? cycles_to_pc : cycles;
  register_write(m, reg, SIZE_ADDRESS, value);
}

void execute_address(msp430x *m, uint16_t word) {
  const unsigned kind = word >> 4 & 0xfu, from = word >> 8 & 0xfu, to = word & 0xfu;
  const uint32_t high = (uint32_t)from << 16;
  uint32_t address, value;
  switch (kind) {
  case 0x0:
    move_to_register(m, to, bus_read(m, m->r[from], SIZE_ADDRESS), 3, 5);
    return;
  case 0x1:
    address = m->r[from];
    register_write(m, from, SIZE_ADDRESS, address + 4u);
    move_to_register(m, to, bus_read(m, address, SIZE_ADDRESS), 3, 5);
    return;
  case 0x2:
    address = high | next_word(m);
    move_to_register(m, to, bus_read(m, address, SIZE_ADDRESS), 4, 6);
    return;
  case 0x3:
    address = short_index(m, from);
    move_to_register(m, to, bus_read(m, address, SIZE_ADDRESS), 4, 6);
    return;
  case 0x4:
  case 0x5:
    shift_multiple(m, word);
    return;
  case 0x6:
    address = (uint32_t)to << 16 | next_word(m);
    m->count.cycles += 4u;
    bus_write(m, address, SIZE_ADDRESS, m->r[from]);
    return;
  case 0x7:
    address = short_index(m, to);
    m->count.cycles += 4u;
    bus_write(m, address, SIZE_ADDRESS, m->r[from]);
    return;
  case 0x8:
    value = high | next_word(m);
    move_to_register(m, to, value, 2, 3);
    return;
  case 0xc:
    move_to_register(m, to, m->r[from], 1, 3);
    return;
  default:
    break;
  }
  const int immediate = kind < 0xcu;
  value = immediate ? high | next_word(m) : m->r[from];
  m->count.cycles += immediate || to == REG_PC ? 3u : 1u;
  switch (kind & 3u) {
  case 1:
    alu_subtract(m, m->r[to], value, 1, SIZE_ADDRESS);
    break;
  case 2:
    value = alu_add(m, m->r[to], value, 0, SIZE_ADDRESS);
    register_write(m, to, SIZE_ADDRESS, value);
    break;
  default:
    value = alu_subtract(m, m->r[to], value, 1, SIZE_ADDRESS);
    register_write(m, to, SIZE_ADDRESS, value);
  }
}
