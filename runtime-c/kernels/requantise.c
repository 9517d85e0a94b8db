#include "requantise.h"

#ifdef BO_MPY_BASE
#include "mpy.h"

static uint32_t product_s16(uint16_t a, uint16_t b) {
  const uint16_t status = bo_mpy_take();
  BO_MPYS = a;
  BO_OP2 = b;
  const uint32_t product = bo_mpy_result();
  bo_mpy_give(status);
  return product;
}

static uint32_t product_u16(uint16_t a, uint16_t b) {
  const uint16_t status = bo_mpy_take();
  BO_MPY = a;
  BO_OP2 = b;
  const uint32_t product = bo_mpy_result();
  bo_mpy_give(status);
  return product;
}
#else
static uint32_t product_s16(uint16_t a, uint16_t b) {
  return (uint32_t)((int32_t)(int16_t)a * (int32_t)(int16_t)b);
}

static uint32_t product_u16(uint16_t a, uint16_t b) { return (uint32_t)a * (uint32_t)b; }
#endif

/** floor(value / 2^bits), bits in [0, 31]; C leaves >> of a negative value to the compiler. */
static int32_t floor_shift(uint32_t value, uint8_t bits) {
  if ((value & 0x80000000u) == 0u)
    return (int32_t)(value >> bits);
  return (int32_t) ~(~value >> bits);
}

int16_t bo_requantise(int32_t sum, const bo_requantisation *by) {
  const uint32_t bits = (uint32_t)sum;
  const uint16_t multiplier = (uint16_t)by->multiplier;
  const uint8_t shift = (uint8_t)(by->shift - 16u);
  uint32_t q = product_s16((uint16_t)(bits >> 16), multiplier);
  q += product_u16((uint16_t)bits, multiplier) >> 16;
  q += (uint32_t)1u << (shift - 1u);
  const int32_t code = floor_shift(q, shift);
  if (code < by->minimum)
    return by->minimum;
  if (code > by->maximum)
    return by->maximum;
  return (int16_t)code;
}
