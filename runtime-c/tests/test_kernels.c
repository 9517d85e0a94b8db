/** Kernels against their definitions in 64 bits. */
#include <string.h>

#include "check.h"
#include "crc.h"
#include "dot.h"
#include "host.h"
#include "requantise.h"

int16_t bo_requantise_by_product(int32_t sum, const bo_requantisation *by);

/** Whether both ways give the same code as the definition. */
static int is_code(int32_t sum, const bo_requantisation *by, int16_t code) {
  return bo_requantise(sum, by) == code && bo_requantise_by_product(sum, by) == code;
}

static int16_t defined_code(int32_t sum, const bo_requantisation *by) {
  const int64_t unit = (int64_t)1 << by->shift;
  const int64_t scaled = (int64_t)sum * by->multiplier + unit / 2;
  int64_t code = scaled / unit;
  if (scaled % unit < 0)
    code--;
  if (code < by->minimum)
    return by->minimum;
  return (int16_t)(code > by->maximum ? by->maximum : code);
}

static void requantise_edges(uint8_t shift, int16_t multiplier) {
  static const int32_t sums[] = {
      INT32_MIN, INT32_MIN + 1, -65537, -65536, -65535, -32768,        -1,       0, 1,
      32767,     32768,         65535,  65536,  65537,  INT32_MAX - 1, INT32_MAX};
  const bo_requantisation by = {multiplier, shift, 0, -32768, 32767};
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
    CHECK(is_code(sums[i], &by, defined_code(sums[i], &by)), "sum %d * %d >> %d", (int)sums[i],
          multiplier, shift);
  }
}

/** Sums whose scaled value lies on a rounding border, or one beside it. */
static void requantise_borders(uint8_t shift, int16_t multiplier) {
  const bo_requantisation by = {multiplier, shift, 0, -32768, 32767};
  for (int64_t code = -40000; code <= 40000; code += 997) {
    const int64_t middle = ((code * 2 + 1) * ((int64_t)1 << (shift - 1))) / multiplier;
    for (int64_t sum = middle - 1; sum <= middle + 1; sum++) {
      if (sum < INT32_MIN || sum > INT32_MAX)
        continue;
      CHECK(is_code((int32_t)sum, &by, defined_code((int32_t)sum, &by)), "sum %lld * %d >> %d",
            (long long)sum, multiplier, shift);
    }
  }
}

void test_kernels(void) {
  uint32_t random = bo_host_seed(1, 1);
  for (uint8_t shift = 17; shift <= 46; shift++) {
    requantise_edges(shift, 16384);
    requantise_edges(shift, 32767);
    requantise_borders(shift, 16384);
    requantise_borders(shift, 23171);
    requantise_borders(shift, 32767);
  }
  for (uint32_t i = 0; i < 1000000u; i++) {
    const bo_requantisation by = {(int16_t)(16384u + (bo_host_random(&random) >> 18)),
                                  (uint8_t)(17u + (bo_host_random(&random) >> 8) % 30u), 0,
                                  (int16_t)((i & 1u) != 0u ? 0 : -32768), 32767};
    const int32_t sum = (int32_t)(bo_host_random(&random) >> (bo_host_random(&random) >> 28));
    CHECK(is_code(sum, &by, defined_code(sum, &by)), "sum %d * %d >> %d", (int)sum, by.multiplier,
          by.shift);
  }
  for (uint32_t i = 0; i < 20000u; i++) {
    int16_t a[64], b[64];
    const uint16_t n = (uint16_t)(i % 64u);
    uint64_t sum = 0;
    for (uint16_t k = 0; k < n; k++) {
      a[k] = (int16_t)(bo_host_random(&random) >> 16);
      b[k] = (int16_t)(bo_host_random(&random) >> 16);
      if (i < 100u)
        a[k] = b[k] = -32768;
      sum += (uint64_t)((int64_t)a[k] * b[k]);
    }
    CHECK(bo_dot_s16(a, b, n) == (int32_t)(uint32_t)sum, "dot of %u", n);
  }
  for (uint32_t i = 0; i < 20000u; i++) {
    int8_t a[192], b[64];
    const uint16_t n = (uint16_t)(i % 64u), step = (uint16_t)(1u + i % 3u);
    int32_t sum = 0, apart = 0;
    for (uint16_t k = 0; k < 192u; k++)
      a[k] = i < 100u ? INT8_MIN : (int8_t)(bo_host_random(&random) >> 24);
    for (uint16_t k = 0; k < n; k++) {
      b[k] = i < 100u ? INT8_MIN : (int8_t)(bo_host_random(&random) >> 24);
      sum += (int32_t)a[k] * b[k];
      apart += (int32_t)a[k * step] * b[k];
    }
    CHECK(bo_dot_s8(a, b, n) == sum, "dot of %u bytes", n);
    CHECK(bo_dot_s8_strided(a, step, b, n) == apart, "dot of %u bytes, %u apart", n, step);
  }
}

void test_crc(void) {
  static const char digits[] = "123456789";
  CHECK(bo_crc16(BO_CRC16_START, digits, 9) == 0x29b1u, "CRC-16/CCITT-FALSE check value");
  CHECK(bo_crc32(BO_CRC32_START, digits, 9) == 0xcbf43926u, "CRC-32 check value");
  const uint32_t first = bo_crc32(BO_CRC32_START, digits, 4);
  CHECK(bo_crc32(first, digits + 4, 5) == 0xcbf43926u, "CRC-32 goes on");
  for (int fill = 0; fill <= 0xff; fill += 0xff) {
    uint8_t erased[32];
    memset(erased, fill, sizeof erased);
    const uint16_t same16 = (uint16_t)(fill * 0x101);
    CHECK(bo_crc16(BO_CRC16_START, erased, 14) != same16, "an erased record passes");
    CHECK(bo_crc16(BO_CRC16_START, erased, 6) != same16, "an erased release passes");
    CHECK(bo_crc32(BO_CRC32_START, erased, 28) != (uint32_t)fill * 0x1010101u,
          "an erased header passes");
  }
}
