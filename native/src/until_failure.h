/**
 * Schemes whose power cycles last until power fails (all but tile): what a layer costs, what a
 * power failure costs, and what a design must keep to be safe. docs/protocol-brownout.md, "Power
 * cycles that last until power fails".
 */
#pragma once

#include "brownout_model.h"
#include "overhead.h"

namespace brownout {

/** Reboot, records, and of hawaii the marks; `probes` reads of stateful. */
Cost boot_cost(const Platform &platform, const bo_shape &shape, uint8_t scheme, uint32_t probes);

/**
 * Power cycles of `full_J` each, harvest while running not counted: every one gives up `failure`,
 * the rest is work. Rises with the energy and the time of both.
 */
struct UntilFailure {
  double power_cycles;
  /** Running, what is repeated included. */
  Cost total;
  /** Charging from V_off to V_on, once a power cycle. */
  double recharge_s;

  double latency_s() const { return total.latency_s + power_cycles * recharge_s; }
};

UntilFailure until_failure(const EnergyBuffer &buffer, const Cost &work, const Cost &failure);

/** What a power failure costs: a boot, and on average half of the unit that it falls into. */
inline Cost failure_cost(const Cost &boot, const Cost &unit) { return boot + 0.5 * unit; }

/** A layer under a scheme other than tile. */
void evaluate_until_failure(BrownoutModel &model, const Platform &platform, const bo_shape &shape,
                            const bo_design &design, const bo_nest &nest, const bo_plane &plane,
                            Evaluation &evaluation);

/** What keeping progress costs a layer that evaluate_until_failure() has looked at. */
Overhead overhead_until_failure(const Platform &platform, const bo_shape &shape,
                                const bo_design &design, const Evaluation &evaluation);

} // namespace brownout
