/** The designs worth naming of those that are offered: the best by one objective, or the front. */
#pragma once

#include "front.h"
#include "ranking.h"

#include <limits>

namespace brownout {

/** Runners-up that are named beside the optimum. */
constexpr size_t RUNNERS_UP = 3;

class Keeper {
public:
  explicit Keeper(Objective objective) : objective_(objective) {}

  /** An empty one that refuses what cannot be among this one's. */
  Keeper follower() const {
    Keeper next(objective_);
    next.reached_ = reached();
    next.front_ = front_;
    return next;
  }

  /** Whether a design that costs at least this in each objective cannot be worth naming. */
  bool refuses(const Scores &least) const {
    return objective_ == Objective::pareto ? front_.beats(least)
                                           : least.of(objective_) > with_ties(reached());
  }

  void offer(const bo_design &design, const Scores &scores, uint32_t vm_bytes) {
    if (objective_ == Objective::pareto)
      return front_.add({scores, design, vm_bytes});
    double score = scores.of(objective_);
    if (score > with_ties(reached()))
      return;
    // Of equal wear, which many designs have, the faster one.
    ranking_.add({design, score, vm_bytes, objective_ == Objective::wear ? scores.latency_s : 0.0});
    for (double &kept : least_)
      if (score < kept)
        std::swap(score, kept);
  }

  void merge(const Keeper &other) {
    front_.merge(other.front_);
    ranking_.merge(other.ranking_);
  }

  /** The optimum and its runners-up; of a front all points, the fastest first. */
  std::vector<bo_design> designs() const {
    std::vector<bo_design> designs;
    if (objective_ == Objective::pareto)
      for (const FrontPoint &point : front_.sorted())
        designs.push_back(point.design);
    else
      for (const Candidate &candidate : ranking_.best())
        designs.push_back(candidate.design);
    return designs;
  }

private:
  /** As many designs as are wanted reach this score. */
  double reached() const { return std::min(reached_, least_[RUNNERS_UP]); }
  /** Designs of equal score must meet, so that the smaller VM decides. */
  static double with_ties(double score) {
    return score * (1 + Ranking::EQUAL) * (1 + Ranking::EQUAL);
  }

  static constexpr double INFINITE = std::numeric_limits<double>::infinity();

  Objective objective_;
  double reached_ = INFINITE;
  double least_[RUNNERS_UP + 1] = {INFINITE, INFINITE, INFINITE, INFINITE};
  Ranking ranking_{1 + RUNNERS_UP};
  Front front_;
};

} // namespace brownout
