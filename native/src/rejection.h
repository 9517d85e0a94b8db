/** Why designs are refused: counted by reason, each with the design that misses its limit by least.
 */
#pragma once

#include "design.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace brownout {

enum class Binding { vm = 0, energy = 1, nvm = 2, alignment = 3, latency = 4 };
constexpr size_t BINDINGS = 5;

/** By how much a design misses one limit, in the limit's unit. */
struct Miss {
  bo_design design;
  double violation;
};

struct Rejection {
  uint64_t count = 0;
  /** The least miss of a design that misses nothing else: mend this and there is a feasible design.
   */
  bool has_sole = false;
  Miss sole{};
  /** The least miss of any design that misses this limit. */
  bool has_any = false;
  Miss any{};

  void offer_sole(const Miss &miss) { keep_least(has_sole, sole, miss); }
  void offer_any(const Miss &miss) { keep_least(has_any, any, miss); }
  /** Whether a miss of this size could still become the witness. */
  bool could_be_sole(double violation) const { return !has_sole || violation <= sole.violation; }

  const Miss &witness() const { return has_sole ? sole : any; }

  void merge(const Rejection &other) {
    count += other.count;
    if (other.has_sole)
      offer_sole(other.sole);
    if (other.has_any)
      offer_any(other.any);
  }

private:
  static void keep_least(bool &has, Miss &kept, const Miss &miss) {
    const bool better =
        !has || miss.violation < kept.violation ||
        (miss.violation == kept.violation && design_before(miss.design, kept.design));
    if (better)
      has = true, kept = miss;
  }
};

using Rejections = std::array<Rejection, BINDINGS>;

/** The design that misses its limits by least in all, where no design misses one limit only. */
struct NearestMiss {
  bo_design design{};
  /** By binding, in its unit; 0 where that limit is kept. */
  std::array<double, BINDINGS> over{};
  /** Sum of the misses as shares of their limits; infinite where there is no such design. */
  double excess = 1.0 / 0.0;

  void offer(const NearestMiss &other) {
    const bool better = other.excess < excess || (other.excess == excess && excess < 1.0 / 0.0 &&
                                                  design_before(other.design, design));
    if (better)
      *this = other;
  }
};

/** @param worst_J of a power cycle; 0 under continuous power */
inline NearestMiss miss_of(const Platform &p, uint64_t plane_limit_bytes, const bo_design &design,
                           uint64_t vm_bytes, uint64_t plane_bytes, double worst_J) {
  const auto over = [](uint64_t value, uint64_t limit) {
    return value > limit ? static_cast<double>(value - limit) : 0.0;
  };
  NearestMiss miss{design, {}, 0};
  const auto set = [&](Binding binding, double by, double limit) {
    miss.over[static_cast<size_t>(binding)] = by;
    miss.excess += by / limit;
  };
  const double budget_J = p.buffer.safe_J();
  set(Binding::vm, over(vm_bytes, p.vm_bytes), p.vm_bytes);
  set(Binding::nvm, 2 * over(plane_bytes, plane_limit_bytes), p.nvm_bytes);
  set(Binding::energy, std::max(0.0, worst_J - budget_J), budget_J);
  return miss;
}

} // namespace brownout
