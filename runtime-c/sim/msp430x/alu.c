#include "alu.h"

#include "operand.h"

void alu_flags(msp430x *m, uint32_t result, operand_size size, int carry, int overflow) {
  uint32_t sr = m->r[REG_SR] & ~(uint32_t)(SR_C | SR_Z | SR_N | SR_V);
  if (carry)
    sr |= SR_C;
  if (result == 0u)
    sr |= SR_Z;
  if ((result & size_sign(size)) != 0u)
    sr |= SR_N;
  if (overflow)
    sr |= SR_V;
  m->r[REG_SR] = sr;
}

uint32_t alu_add(msp430x *m, uint32_t a, uint32_t b, int carry_in, operand_size size) {
  const uint32_t mask = size_mask(size), sum = a + b + (uint32_t)carry_in, result = sum & mask;
  alu_flags(m, result, size, sum > mask, (~(a ^ b) & (a ^ result) & size_sign(size)) != 0u);
  return result;
}

uint32_t alu_subtract(msp430x *m, uint32_t a, uint32_t b, int carry_in, operand_size size) {
  return alu_add(m, a, ~b & size_mask(size), carry_in, size);
}

uint32_t alu_add_decimal(msp430x *m, uint32_t a, uint32_t b, int carry_in, operand_size size) {
  const unsigned bits = size == SIZE_BYTE ? 8u : size == SIZE_WORD ? 16u : 20u;
  uint32_t result = 0;
  unsigned carry = (unsigned)carry_in;
  for (unsigned at = 0; at < bits; at += 4u) {
    uint32_t digit = (a >> at & 0xfu) + (b >> at & 0xfu) + carry;
    carry = digit > 9u;
    if (carry)
      digit -= 10u;
    result |= (digit & 0xfu) << at;
  }
  alu_flags(m, result, size, (int)carry, 0);
  return result;
}

uint32_t alu_shift_right(msp430x *m, uint32_t value, int in, operand_size size) {
  const uint32_t result = value >> 1 | (in ? size_sign(size) : 0u);
  alu_flags(m, result, size, (int)(value & 1u), 0);
  return result;
}
