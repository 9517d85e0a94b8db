/** What a model says of one design before it is known to be feasible, and after. */
#pragma once

#include "cost.h"

#include <cstdint>
#include <vector>

namespace brownout {

/** Power cycles (or, under continuous power, the whole layer) of one and the same cost. */
struct CycleClass {
  double cycles;
  Cost cost;
};

/** All power cycles of a layer under one design. */
struct Evaluation {
  std::vector<CycleClass> classes;
  /**
   * Of schemes whose power cycles last until power fails; 0 of scheme tile. A boot with the largest
   * unit of progress; charging after each power cycle; work without boots and what is repeated.
   */
  Joules unit_J = 0;
  Seconds recharge_s = 0;
  Cost work{};
  /** Progress marks that are written. */
  double marks = 0;

  Joules worst_J() const {
    if (unit_J > 0)
      return unit_J;
    Joules worst = 0;
    for (const auto &c : classes)
      worst = c.cost.energy_J > worst ? c.cost.energy_J : worst;
    return worst;
  }
  Joules cheapest_J() const {
    if (unit_J > 0)
      return unit_J;
    Joules least = classes.empty() ? Joules(0) : classes.front().cost.energy_J;
    for (const auto &c : classes)
      least = c.cost.energy_J < least ? c.cost.energy_J : least;
    return least;
  }
  double cycles() const {
    double sum = 0;
    for (const auto &c : classes)
      sum += c.cycles;
    return sum;
  }
  Joules energy_J() const {
    Joules sum = 0;
    for (const auto &c : classes)
      sum += c.cycles * c.cost.energy_J;
    return sum;
  }
  Seconds running_s() const {
    Seconds sum = 0;
    for (const auto &c : classes)
      sum += c.cycles * c.cost.latency_s;
    return sum;
  }
};

} // namespace brownout
