/**
 * What keeping progress costs: the part of a layer's energy and time that is neither loading,
 * computing nor storing its outputs once (docs/protocol-brownout.md, "What keeping progress
 * costs").
 */
#pragma once

#include "design.h"
#include "nest.h"

namespace brownout {

struct Overhead {
  /** Records, and partial sums that go to NVM at the end of a visit and come back for the next. */
  Cost preservation;
  /** Reboots, reading records, and loading again what the batch before left in VM. */
  Cost recovery;

  Overhead &operator+=(const Overhead &other) {
    preservation += other.preservation, recovery += other.recovery;
    return *this;
  }
};

/** Parts of a whole, each in [0, 1]. Time counts charging, shared among operations by energy. */
struct OverheadShares {
  double preservation_time, preservation_energy, recovery_time, recovery_energy;
};

/** Of all power cycles of a layer, `off after each commit`. */
Overhead overhead_of(const Platform &platform, const bo_shape &shape, const bo_design &design);

/** Adds what does not depend on the scheme: partial sums, and what a batch loads again. */
Overhead with_batches(Overhead records, const Platform &platform, const bo_shape &shape,
                      const bo_design &design);

/** @param total running, @param latency_s with charging */
OverheadShares shares_of(const Overhead &overhead, const Cost &total, double latency_s);

} // namespace brownout
