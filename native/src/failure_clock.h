/**
 * The time line of a board whose power cycles last until power fails: an exact recurrence over
 * batches, and over units of progress where power fails within one (docs/protocol-brownout.md).
 */
#pragma once

#include "run_on.h"

namespace brownout {

/**
 * A network under a scheme other than tile on the capacitor of cycle_recharge_s(): from V_on until
 * the voltage is at V_off, then charging to V_on, a boot, and what the scheme repeats. Harvest
 * counts all the time. Mean of so many inferences, as run_on_network(); `above_V` is V_off. Of
 * scheme ideal every inference begins at V_on.
 * @param designs safe ones; null where a layer does no work
 */
RunOn until_failure_network(const NetworkRequest &request,
                            const std::vector<std::optional<bo_design>> &designs,
                            unsigned inferences);

} // namespace brownout
