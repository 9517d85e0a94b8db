/**
 * A stand-in for TI's DSPLib where the user's copy is not there: the one call that
 * kernels/dot_lea.c makes, with the same names, so that `DSPLIB=` may point here or there.
 *
 * The model of msp_mac_q15() on LEA (DSPLib API guide "msp_mac_q15"; SLAU720 "LEA"):
 * - `length` is a multiple of two, else MSP_SIZE_ERROR and nothing is written;
 * - both vectors and the result start on 4 bytes in LEA RAM before DSPLib's stack
 *   ([BO_LEA_RAM, BO_LEA_STACK), the whole memory on the host), else MSP_LEA_INVALID_ADDRESS;
 * - the result is the sum of Q15 x Q15 as Q31, that is 2 * sum(a[i] * b[i]), saturated to
 *   [-2^31, 2^31 - 1] after every product, as the fractional saturating multiplier does. Where no
 *   partial sum reaches 2^30 nothing saturates and half the result is the sum;
 * - it takes BO_LEA_FIXED_CYCLES + 3/2 length cycles of the CPU, which sleeps meanwhile: iNAS (ACM
 *   TECS 2021, doi 10.1145/3476995) measured 616 + 1.5 length, call included; `mac.lea` of
 *   platforms/msp430fr5994-lea.yaml is the same line. The stand-in itself computes on the CPU, so a
 *   simulator's cycles are NOT LEA's: use BO_LEA_CYCLES().
 */
#ifndef BROWNOUT_LEA_DSPLIB_H
#define BROWNOUT_LEA_DSPLIB_H

#include <stdint.h>

typedef int16_t _q15;
typedef int32_t _iq31;

typedef enum {
  MSP_SUCCESS = 0,
  MSP_SIZE_ERROR = 1,
  MSP_LEA_INVALID_ADDRESS = 6,
} msp_status;

typedef struct {
  uint16_t length;
} msp_mac_q15_params;

msp_status msp_mac_q15(const msp_mac_q15_params *params, const _q15 *srcA, const _q15 *srcB,
                       _iq31 *result);

/** LEA RAM and where DSPLib's stack (0x138 bytes) begins in it: TI's linker scripts. */
#define BO_LEA_RAM 0x2c00u
#define BO_LEA_STACK 0x3ac8u

#define BO_LEA_FIXED_CYCLES 616u
/** CPU cycles of one call. */
#define BO_LEA_CYCLES(length) (BO_LEA_FIXED_CYCLES + 3u * (uint32_t)(length) / 2u)

#endif
