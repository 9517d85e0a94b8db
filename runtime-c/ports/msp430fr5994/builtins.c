/**
 * The arithmetic that clang calls for MSP430 and Debian ships no library of (MSP430 EABI, SLAA534
 * section "Helper functions"); shifts are in shifts.S. 16- and 32-bit only: nothing here uses
 * int64_t or floating point.
 */
#include <stdint.h>

#include "mpy.h"

uint16_t __mspabi_mpyi(uint16_t a, uint16_t b);
uint32_t __mspabi_mpyl(uint32_t a, uint32_t b);
uint16_t __mspabi_divu(uint16_t a, uint16_t b);
uint16_t __mspabi_remu(uint16_t a, uint16_t b);
int16_t __mspabi_divi(int16_t a, int16_t b);
int16_t __mspabi_remi(int16_t a, int16_t b);
uint32_t __mspabi_divul(uint32_t a, uint32_t b);
uint32_t __mspabi_remul(uint32_t a, uint32_t b);
int32_t __mspabi_divli(int32_t a, int32_t b);
int32_t __mspabi_remli(int32_t a, int32_t b);

static uint32_t multiply(uint16_t a, uint16_t b) {
  const uint16_t status = bo_mpy_take();
  BO_MPY = a;
  BO_OP2 = b;
  const uint32_t product = bo_mpy_result();
  bo_mpy_give(status);
  return product;
}

uint16_t __mspabi_mpyi(uint16_t a, uint16_t b) { return (uint16_t)multiply(a, b); }

uint32_t __mspabi_mpyl(uint32_t a, uint32_t b) {
  const uint16_t low_a = (uint16_t)a, high_a = (uint16_t)(a >> 16);
  const uint16_t low_b = (uint16_t)b, high_b = (uint16_t)(b >> 16);
  uint32_t product = multiply(low_a, low_b);
  uint16_t high = 0;
  if (high_b != 0u)
    high = (uint16_t)multiply(low_a, high_b);
  if (high_a != 0u)
    high = (uint16_t)(high + (uint16_t)multiply(high_a, low_b));
  return product + ((uint32_t)high << 16);
}

/* The names that -mhwmult=f5series and -mhwmult=16bit make. */
uint16_t __mspabi_mpyi_f5hw(uint16_t a, uint16_t b) __attribute__((alias("__mspabi_mpyi")));
uint16_t __mspabi_mpyi_hw(uint16_t a, uint16_t b) __attribute__((alias("__mspabi_mpyi")));
uint32_t __mspabi_mpyl_f5hw(uint32_t a, uint32_t b) __attribute__((alias("__mspabi_mpyl")));
uint32_t __mspabi_mpyl_hw(uint32_t a, uint32_t b) __attribute__((alias("__mspabi_mpyl")));

/** Shift and subtract; by zero it gives all ones and the dividend. */
typedef struct {
  uint32_t quotient, remainder;
} division;

static division divide_words(uint16_t a, uint16_t b) {
  uint16_t quotient = a, remainder = 0;
  for (uint16_t bits = 16; bits != 0u; bits--) {
    remainder = (uint16_t)(remainder << 1 | quotient >> 15);
    quotient = (uint16_t)(quotient << 1);
    if (remainder >= b) {
      remainder = (uint16_t)(remainder - b);
      quotient |= 1u;
    }
  }
  return (division){quotient, remainder};
}

static division divide(uint32_t a, uint32_t b) {
  /* Most divisors here are trip counts of 1, most dividends tile indices. */
  if (b == 1u)
    return (division){a, 0};
  if (a < b)
    return (division){0, a};
  if (a < 0x8000u && b != 0u)
    return divide_words((uint16_t)a, (uint16_t)b);
  division result = {a, 0};
  for (uint16_t bits = 32; bits != 0u; bits--) {
    result.remainder <<= 1;
    if ((result.quotient & 0x80000000u) != 0u)
      result.remainder |= 1u;
    result.quotient <<= 1;
    if (result.remainder >= b) {
      result.remainder -= b;
      result.quotient |= 1u;
    }
  }
  return result;
}

uint32_t __mspabi_divul(uint32_t a, uint32_t b) { return divide(a, b).quotient; }
uint32_t __mspabi_remul(uint32_t a, uint32_t b) { return divide(a, b).remainder; }
uint16_t __mspabi_divu(uint16_t a, uint16_t b) { return (uint16_t)divide(a, b).quotient; }
uint16_t __mspabi_remu(uint16_t a, uint16_t b) { return (uint16_t)divide(a, b).remainder; }

static uint32_t magnitude(int32_t value) {
  return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

int32_t __mspabi_divli(int32_t a, int32_t b) {
  const uint32_t quotient = divide(magnitude(a), magnitude(b)).quotient;
  return (int32_t)((a < 0) != (b < 0) ? 0u - quotient : quotient);
}
int32_t __mspabi_remli(int32_t a, int32_t b) {
  const uint32_t remainder = divide(magnitude(a), magnitude(b)).remainder;
  return (int32_t)(a < 0 ? 0u - remainder : remainder);
}
int16_t __mspabi_divi(int16_t a, int16_t b) { return (int16_t)__mspabi_divli(a, b); }
int16_t __mspabi_remi(int16_t a, int16_t b) { return (int16_t)__mspabi_remli(a, b); }
