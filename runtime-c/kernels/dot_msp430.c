/** The MSP430 twin of bo_dot_s16(): MACS/OP2, four instructions and a branch per element. */
#include "dot.h"
#include "mpy.h"

int32_t bo_dot_s16(const int16_t *a, const int16_t *b, uint16_t n) {
  const uint16_t status = bo_mpy_take();
  BO_RESLO = 0;
  BO_RESHI = 0;
  const int16_t *const end = a + (n & ~3u);
  while (a != end) {
    BO_MACS = (uint16_t)a[0];
    BO_OP2 = (uint16_t)b[0];
    BO_MACS = (uint16_t)a[1];
    BO_OP2 = (uint16_t)b[1];
    BO_MACS = (uint16_t)a[2];
    BO_OP2 = (uint16_t)b[2];
    BO_MACS = (uint16_t)a[3];
    BO_OP2 = (uint16_t)b[3];
    a += 4, b += 4;
  }
  for (n &= 3u; n != 0u; n--) {
    BO_MACS = (uint16_t)*a++;
    BO_OP2 = (uint16_t)*b++;
  }
  const uint32_t sum = bo_mpy_result();
  bo_mpy_give(status);
  return (int32_t)sum;
}
