/** The LEA kernel over the stand-in for DSPLib: equal within its precondition, not beyond. */
#include "DSPLib.h"
#include "check.h"
#include "dot.h"
#include "host.h"

int32_t bo_dot_s16_lea(const int16_t *a, const int16_t *b, uint16_t n);
uint32_t bo_dot_s16_lea_buffer_bytes(void);
uint32_t bo_dot_s8_lea_buffer_bytes(void);

#define LONGEST 256u

/** Random codes whose products' magnitudes add up to less than 2^30, close to it where it can be.
 */
static void within_bound(uint32_t *random, int16_t *a, int16_t *b, uint16_t n) {
  uint32_t left = (UINT32_C(1) << 30) - 1u;
  for (uint16_t i = 0; i < n; i++) {
    a[i] = (int16_t)(bo_host_random(random) >> 16);
    b[i] = (int16_t)(bo_host_random(random) >> 16);
    const uint32_t product =
        (uint32_t)(a[i] < 0 ? -a[i] : a[i]) * (uint32_t)(b[i] < 0 ? -b[i] : b[i]);
    if (product > left)
      b[i] = 0;
    else
      left -= product;
  }
}

void test_lea(void) {
  static _Alignas(4) int16_t a[LONGEST + 2u], b[LONGEST + 2u];
  uint32_t random = bo_host_seed(7, 7), beyond = 0;
  for (uint32_t i = 0; i < 20000u; i++) {
    const uint16_t n = (uint16_t)(2u * (bo_host_random(&random) % (LONGEST / 2u + 1u)));
    within_bound(&random, a, b, n);
    CHECK(bo_dot_s16_lea(a, b, n) == bo_dot_s16_reference(a, b, n), "LEA's dot of %u", n);
  }
  for (uint32_t i = 0; i < 2000u; i++) {
    const uint16_t n = (uint16_t)(8u + 2u * (bo_host_random(&random) % 100u));
    for (uint16_t k = 0; k < n; k++) {
      a[k] = (int16_t)(bo_host_random(&random) >> 16);
      b[k] = (int16_t)(bo_host_random(&random) >> 16);
    }
    beyond += bo_dot_s16_lea(a, b, n) != bo_dot_s16_reference(a, b, n);
  }
  CHECK(beyond > 1000u, "the stand-in saturates beyond 2^30: %u of 2000", (unsigned)beyond);
  a[0] = b[0] = 32767, a[1] = 32767, b[1] = 1, a[2] = a[3] = b[2] = b[3] = 0;
  CHECK(bo_dot_s16_lea(a, b, 4) == (1 << 30) - 32768, "largest sum below 2^30");
  b[1] = 3;
  CHECK(bo_dot_s16_lea(a, b, 4) == (1 << 30) - 1, "2^30 and more saturates");
  a[0] = b[0] = -32768, b[1] = 0;
  CHECK(bo_dot_s16_lea(a, b, 4) == (1 << 30) - 1, "-1 times -1 saturates");

  const msp_mac_q15_params even = {4}, odd = {5};
  _Alignas(4) int32_t result = 77;
  CHECK(msp_mac_q15(&odd, a, b, &result) == MSP_SIZE_ERROR, "an odd length is refused");
  CHECK(msp_mac_q15(&even, a + 1, b, &result) == MSP_LEA_INVALID_ADDRESS, "a start on 2 bytes");
  CHECK(msp_mac_q15(&even, a, b + 1, &result) == MSP_LEA_INVALID_ADDRESS, "a start on 2 bytes");
  CHECK(result == 77, "a refusal writes nothing");
  for (uint16_t n = 0; n < 64u; n++) {
    CHECK(bo_dot_s16_lea(a + 1, b, n) == bo_dot_s16_reference(a + 1, b, n), "refused by LEA, %u",
          n);
  }
  CHECK(bo_dot_s16_lea_buffer_bytes() == 4u && bo_dot_s16_buffer_bytes() == 0u, "buffers");
  CHECK(bo_dot_s8_lea_buffer_bytes() == 0u && bo_dot_s8_buffer_bytes() == 0u, "int8 buffers");
}
