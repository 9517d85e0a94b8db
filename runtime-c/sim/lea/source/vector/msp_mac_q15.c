#include "DSPLib.h"

/* For tests that no vector is refused. */
#ifdef BO_LEA_STRICT
#include <stdlib.h>
#define REFUSED(status) (abort(), (status))
#else
#define REFUSED(status) (status)
#endif

/** Whether LEA can reach it: on 4 bytes and, on the chip, in its RAM. */
static int reachable(const void *address, uint32_t bytes) {
  const uintptr_t at = (uintptr_t)address;
#ifdef __MSP430__
  if (at < BO_LEA_RAM || at + bytes > BO_LEA_STACK)
    return 0;
#else
  (void)bytes;
#endif
  return (at & 3u) == 0u;
}

/** sum + 2 * a * b within Q31. */
static int32_t saturating(int32_t sum, int16_t a, int16_t b) {
  int32_t product = (int32_t)a * (int32_t)b;
  for (int half = 0; half < 2; half++) {
    if (product > 0 && sum > INT32_MAX - product)
      sum = INT32_MAX;
    else if (product < 0 && sum < INT32_MIN - product)
      sum = INT32_MIN;
    else
      sum += product;
  }
  return sum;
}

msp_status msp_mac_q15(const msp_mac_q15_params *params, const _q15 *srcA, const _q15 *srcB,
                       _iq31 *result) {
  const uint32_t bytes = 2u * (uint32_t)params->length;
  if ((params->length & 1u) != 0u)
    return REFUSED(MSP_SIZE_ERROR);
  if (!reachable(srcA, bytes) || !reachable(srcB, bytes) || !reachable(result, 4))
    return REFUSED(MSP_LEA_INVALID_ADDRESS);
  int32_t sum = 0;
  for (uint16_t i = 0; i < params->length; i++)
    sum = saturating(sum, srcA[i], srcB[i]);
  *result = sum;
  return MSP_SUCCESS;
}
