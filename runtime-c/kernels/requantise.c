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

#if defined(BO_MPY_BASE) || defined(BO_SHIFT_BY_PRODUCT)
/* Without a barrel shifter a product by 2^n is several times faster than n steps of one bit. */
static const uint16_t power[16] = {0x1,   0x2,   0x4,   0x8,   0x10,   0x20,   0x40,   0x80,
                                   0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x8000};

/** 2^bits, bits in [0, 29]. */
static uint32_t unit(uint8_t bits) {
  return bits < 16u ? power[bits] : (uint32_t)power[bits - 16u] << 16;
}

/** floor(value / 2^bits), bits in [1, 30]. */
static int32_t floor_shift(uint32_t value, uint8_t bits) {
  const uint16_t high = (uint16_t)(value >> 16);
  if (bits < 16u) {
    const uint32_t low = product_u16((uint16_t)value, power[16u - bits]) >> 16;
    return (int32_t)(2u * product_s16(high, power[15u - bits]) + low);
  }
  if (bits == 16u)
    return (int16_t)high;
  return (int16_t)(uint16_t)(2u * product_s16(high, power[31u - bits]) >> 16);
}
#else
static uint32_t unit(uint8_t bits) { return (uint32_t)1u << bits; }

/** floor(value / 2^bits), bits in [0, 31]; C leaves >> of a negative value to the compiler. */
static int32_t floor_shift(uint32_t value, uint8_t bits) {
  if ((value & 0x80000000u) == 0u)
    return (int32_t)(value >> bits);
  return (int32_t) ~(~value >> bits);
}
#endif

int16_t bo_requantise(int32_t sum, const bo_requantisation *by) {
  const uint32_t bits = (uint32_t)sum;
  const uint16_t multiplier = (uint16_t)by->multiplier;
  const uint8_t shift = (uint8_t)(by->shift - 16u);
  uint32_t q = product_s16((uint16_t)(bits >> 16), multiplier);
  q += product_u16((uint16_t)bits, multiplier) >> 16;
  q += unit((uint8_t)(shift - 1u));
  const int32_t code = floor_shift(q, shift);
  const int16_t low = (int16_t)code;
  if (low != code)
    return code < 0 ? by->minimum : by->maximum;
  if (low < by->minimum)
    return by->minimum;
  return low > by->maximum ? by->maximum : low;
}
