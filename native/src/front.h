/** What a design costs in each objective, and the designs that no other beats in all of them. */
#pragma once

#include "design.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace brownout {

/** What is least: seconds, joules, bytes written to NVM; or all that no other design beats. */
enum class Objective { latency, energy, wear, pareto };

/** Of a design, a network, or lower bounds on them. */
struct Scores {
  double latency_s = 0, energy_J = 0, written_bytes = 0;

  double of(Objective objective) const {
    return objective == Objective::energy ? energy_J
           : objective == Objective::wear ? written_bytes
                                          : latency_s;
  }
  Scores &operator+=(const Scores &o) {
    latency_s += o.latency_s, energy_J += o.energy_J, written_bytes += o.written_bytes;
    return *this;
  }
};

inline bool no_worse(const Scores &a, const Scores &b) {
  return a.latency_s <= b.latency_s && a.energy_J <= b.energy_J &&
         a.written_bytes <= b.written_bytes;
}

/**
 * The same to 11 digits: sums of the same costs in another order must compare as equal, and "equal
 * within a factor" would depend on which of three is compared first.
 */
inline Scores rounded(const Scores &s) {
  const auto round = [](double value) {
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    return std::ldexp(std::nearbyint(std::ldexp(fraction, 36)), exponent - 36);
  };
  return {round(s.latency_s), round(s.energy_J), round(s.written_bytes)};
}

struct FrontPoint {
  Scores scores;
  bo_design design;
  uint32_t vm_bytes;
  Scores digits = rounded(scores);
};

/** The exact Pareto front of what is added, in whatever order; of equals the smaller VM stays, then
 * the first in the order of the space. */
class Front {
public:
  /** Whether a design that costs at least this in each objective is certain to be beaten. */
  bool beats(const Scores &least) const {
    // Strictly in one objective, and by more than rounding: equals must meet to be ranked.
    const Scores asked{least.latency_s * (1 - 1e-9), least.energy_J, least.written_bytes};
    return std::any_of(points_.begin(), points_.end(),
                       [&](const FrontPoint &p) { return no_worse(p.scores, asked); });
  }

  void add(const FrontPoint &point) {
    for (const FrontPoint &known : points_) {
      const bool equal = no_worse(point.digits, known.digits);
      if (no_worse(known.digits, point.digits) && !(equal && before(point, known)))
        return;
    }
    std::erase_if(points_, [&](const FrontPoint &p) { return no_worse(point.digits, p.digits); });
    points_.push_back(point);
  }

  void merge(const Front &other) {
    for (const FrontPoint &point : other.points_)
      add(point);
  }

  /** The fastest first. */
  std::vector<FrontPoint> sorted() const {
    std::vector<FrontPoint> points = points_;
    std::sort(points.begin(), points.end(), [](const FrontPoint &a, const FrontPoint &b) {
      const Scores &x = a.digits, &y = b.digits;
      return std::tie(x.latency_s, x.energy_J, x.written_bytes) <
             std::tie(y.latency_s, y.energy_J, y.written_bytes);
    });
    return points;
  }

private:
  static bool before(const FrontPoint &a, const FrontPoint &b) {
    return std::make_tuple(a.vm_bytes, design_rank(a.design)) <
           std::make_tuple(b.vm_bytes, design_rank(b.design));
  }

  std::vector<FrontPoint> points_;
};

} // namespace brownout
