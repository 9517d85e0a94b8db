/** Why designs are refused: counted by reason, each with the design that misses its limit by least.
 */
#pragma once

#include "design.h"

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

} // namespace brownout
