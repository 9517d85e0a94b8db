#include "mpy32.h"

enum {
  OPERAND1_16 = 0x00, /* MPY, MPYS, MAC, MACS */
  OP2 = 0x08,
  RESLO = 0x0a,
  RESHI = 0x0c,
  SUMEXT = 0x0e,
  OPERAND1_32 = 0x10, /* MPY32L, H, MPYS32L, H, MAC32L, H, MACS32L, H */
  OP2L = 0x20,
  OP2H = 0x22,
  RES0 = 0x24,
  CTL0 = 0x2c
};
enum {
  CARRY = 0x0001,
  FRACTIONAL = 0x0004,
  SATURATING = 0x0008,
  MODE = 0x0030,
  MODE_SIGNED = 0x0010,
  MODE_ACCUMULATE = 0x0020,
  OP2_32 = 0x0040,
  OP1_32 = 0x0080
};

void mpy32_reset(mpy32 *unit) {
  const uint64_t unmodelled = unit->unmodelled;
  *unit = (mpy32){0};
  unit->unmodelled = unmodelled;
}

static int64_t extend_signed(uint32_t value, int wide) {
  return wide ? (int64_t)(int32_t)value : (int64_t)(int16_t)value;
}

static void set_result_bits(mpy32 *unit, unsigned first_bit, unsigned bits, uint64_t value) {
  const uint64_t mask = (bits == 64u ? ~0ull : (1ull << bits) - 1u) << first_bit;
  unit->result = (unit->result & ~mask) | (value << first_bit & mask);
}

/* 16 x 16 works on RES1:RES0, anything wider on all 64 bits. */
static void start(mpy32 *unit) {
  const int wide1 = (unit->control & OP1_32) != 0, wide2 = (unit->control & OP2_32) != 0;
  const int is_signed = (unit->control & MODE_SIGNED) != 0;
  const int accumulates = (unit->control & MODE_ACCUMULATE) != 0;
  const unsigned bits = wide1 || wide2 ? 64u : 32u;
  const uint64_t mask = bits == 64u ? ~0ull : 0xffffffffull;
  const uint64_t product =
      is_signed
          ? (uint64_t)(extend_signed(unit->operand1, wide1) * extend_signed(unit->operand2, wide2))
          : (uint64_t)unit->operand1 * unit->operand2;
  const uint64_t before = accumulates ? unit->result & mask : 0u;
  const uint64_t sum = (before + product) & mask;
  const int carry = accumulates && sum < (product & mask);
  const int negative = (sum >> (bits - 1u)) != 0u;
  set_result_bits(unit, 0, bits, sum);
  unit->sum_extension = (uint16_t)(is_signed ? (negative ? 0xffffu : 0u) : (unsigned)carry);
  unit->control = (uint16_t)((unit->control & ~CARRY) | ((unit->sum_extension & 1u) ? CARRY : 0));
}

uint16_t mpy32_read(const mpy32 *unit, uint32_t offset) {
  switch (offset & ~1u) {
  case OP2:
  case OP2L:
    return (uint16_t)unit->operand2;
  case OP2H:
    return (uint16_t)(unit->operand2 >> 16);
  case RESLO:
    return (uint16_t)unit->result;
  case RESHI:
    return (uint16_t)(unit->result >> 16);
  case SUMEXT:
    return unit->sum_extension;
  case CTL0:
    return unit->control;
  default:
    break;
  }
  if (offset >= RES0)
    return (uint16_t)(unit->result >> (8u * ((offset & ~1u) - RES0)));
  if (offset >= OPERAND1_32 && (offset & 2u) != 0u)
    return (uint16_t)(unit->operand1 >> 16);
  return (uint16_t)unit->operand1;
}

static void set_mode(mpy32 *unit, unsigned mode) {
  unit->control = (uint16_t)((unit->control & ~(unsigned)(MODE | OP1_32)) | mode);
}

void mpy32_write_word(mpy32 *unit, uint32_t offset, uint16_t value) {
  offset &= ~1u;
  if (offset < OP2) {
    set_mode(unit, (offset / 2u) << 4);
    unit->operand1 = value;
  } else if (offset >= OPERAND1_32 && offset < OP2L) {
    set_mode(unit, ((offset - OPERAND1_32) / 4u) << 4 | OP1_32);
    unit->operand1 =
        (offset & 2u) != 0u ? (unit->operand1 & 0xffffu) | (uint32_t)value << 16 : value;
  } else if (offset == OP2) {
    unit->control = (uint16_t)(unit->control & ~OP2_32);
    unit->operand2 = value;
    start(unit);
  } else if (offset == OP2L) {
    unit->control |= OP2_32;
    unit->operand2 = value;
  } else if (offset == OP2H) {
    unit->control |= OP2_32;
    unit->operand2 = (unit->operand2 & 0xffffu) | (uint32_t)value << 16;
    start(unit);
  } else if (offset == RESLO || offset == RESHI) {
    set_result_bits(unit, offset == RESLO ? 0u : 16u, 16, value);
  } else if (offset == SUMEXT) {
    unit->sum_extension = value;
  } else if (offset == CTL0) {
    unit->control = value;
    unit->unmodelled += (value & (FRACTIONAL | SATURATING)) != 0;
  } else {
    set_result_bits(unit, 8u * (offset - RES0), 16, value);
  }
}

void mpy32_write_byte(mpy32 *unit, uint32_t offset, uint8_t value) {
  const int first = offset < OP2;
  const int is_signed = first ? (offset & 2u) != 0u : (unit->control & MODE_SIGNED) != 0;
  const int operand = offset <= OP2;
  if (operand && is_signed) {
    mpy32_write_word(unit, offset, (uint16_t)(int16_t)(int8_t)value);
  } else {
    mpy32_write_word(unit, offset, value);
  }
}
