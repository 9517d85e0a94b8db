/**
 * Accounts of protocol inas2021: what the published model charges for what the runtime does, tile
 * by tile, so that published figures can be reproduced. 16-bit sums, one transfer per pixel and
 * kernel tap, loop indices of 4 elements, no requantisation, recharging by the published formula.
 */
#ifndef BROWNOUT_POWER_PUBLISHED_H
#define BROWNOUT_POWER_PUBLISHED_H

#include "meter.h"

/** Of a transfer of `elements` int16 as the runtime makes it, in the layer that runs. */
bo_cost bo_published_transfer(bo_meter *meter, bo_deed deed, double elements);

/** Of one element that a global pool looks at. */
bo_cost bo_published_pool(const bo_platform *platform);

/** Seconds to recharge after a power cycle that drew `energy_J`; NAN where it is over the budget.
 */
double bo_published_off_s(const bo_platform *platform, double energy_J);

#endif
