/** How little time power cycles can take that together use so much energy and run so long. */
#pragma once

#include "cost.h"
#include "platform.h"

#include <cstddef>
#include <vector>

namespace brownout {

/**
 * Lower bounds on the time of a power cycle that runs for L and uses E, charging included, and on
 * sums of it. They bound f(E, L), where the power is constant (physical_recharge_s()); a cycle that
 * reboots first, drawing less, takes at least as long (cycle_recharge_s()). With h(V) = V (V_sup -
 * V) / R, the power harvested at V, and V above V_sup / 2, so that h falls with V:
 *
 * - along a ray of constant power P, df/dL = P / h(V at the end): it falls as V does, so f is
 *   concave along rays and f(E, L) >= E/B f(B, L B/E) for every B >= E;
 * - f(B, L) grows with L: of two equal drains the later one leaves the lower voltage, because the
 *   higher the voltage the less is harvested.
 *
 * Any convex function below L -> f(B, L) therefore bounds sums: its perspective is convex and of
 * degree one. It is made of samples: f(B, .) is at least the step function below them, and the
 * lower hull of the steps is convex.
 */
class ChargeBound {
public:
  explicit ChargeBound(const Platform &platform);

  /**
   * At most the total time of any power cycles that use `total` together, each at most
   * `most_J` <= buffer.safe_J(). Rounded down.
   */
  double at_least_s(const Cost &total, double most_J) const;

private:
  struct Level {
    double energy_J;
    /** Corners of the hull, ascending; between them it is straight. */
    std::vector<double> at_s, time_s;
  };

  size_t level_of(double most_J) const;

  /** Else, and where the voltage may fall below V_sup / 2, only the most that can be harvested
   * bounds. */
  bool concave_;
  double most_W_;
  /** From the budget down. */
  std::vector<Level> levels_;
};

} // namespace brownout
