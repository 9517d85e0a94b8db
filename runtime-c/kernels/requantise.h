/** One 32-bit sum to one output code. */
#ifndef BROWNOUT_REQUANTISE_H
#define BROWNOUT_REQUANTISE_H

#include "format.h"

/**
 * clamp(floor((sum * multiplier + 2^(shift-1)) / 2^shift), minimum, maximum), exactly, for every
 * int32 sum, multiplier in [2^14, 2^15), shift in [17, 46]; in 32-bit arithmetic: with
 * q = floor(sum * multiplier / 2^16), the low 16 bits of the product cannot change the rounded
 * value, since 2^(shift-1) is a multiple of 2^16.
 */
int16_t bo_requantise(int32_t sum, const bo_requantisation *by);

#endif
