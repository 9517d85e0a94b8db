/** What a Pareto front must be, checked point by point against every feasible design. */
#pragma once

#include "check.h"
#include "explorer.h"

namespace test {

using namespace brownout;

/** Scores within this are taken for equal: sums of the same costs in another order. */
constexpr double SAME_SCORE = 1e-10;

inline bool at_most(const Scores &a, const Scores &b, double factor) {
  return a.latency_s <= b.latency_s * factor && a.energy_J <= b.energy_J * factor &&
         a.written_bytes <= b.written_bytes * factor;
}

/** Whether a is as good as b everywhere, and better somewhere by more than rounding. */
inline bool clearly_beats(const Scores &a, const Scores &b) {
  return at_most(a, b, 1 + SAME_SCORE) && !at_most(b, a, 1 + SAME_SCORE);
}

/** Throws Failure unless `front` holds exactly the scores that none of `all` beats. */
inline void check_front(const std::vector<CostedDesign> &front, const std::vector<Scores> &all) {
  CHECK(front.empty() == all.empty());
  for (size_t i = 1; i < front.size(); i++)
    CHECK(front[i - 1].latency_s <= front[i].latency_s * (1 + SAME_SCORE), "fastest first");
  for (const CostedDesign &point : front) {
    int as_good = 0;
    for (const CostedDesign &other : front)
      as_good += at_most(other.scores(), point.scores(), 1 + SAME_SCORE);
    CHECK(as_good == 1, "a point of the front beats another");
    for (const Scores &scores : all)
      CHECK(!clearly_beats(scores, point.scores()), "a design beats a point of the front");
  }
  for (const Scores &scores : all) {
    bool reached = false;
    for (const CostedDesign &point : front)
      reached |= at_most(point.scores(), scores, 1 + SAME_SCORE);
    CHECK(reached, "the front misses a design");
  }
}

} // namespace test
