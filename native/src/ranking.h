/** Which designs are best, kept exactly and independently of the order in which they come. */
#pragma once

#include "design.h"

#include <algorithm>
#include <vector>

namespace brownout {

struct Candidate {
  bo_design design;
  /** What is to be least. */
  double score;
  uint32_t vm_bytes;
  /** Decides between equal scores, before VM does. */
  double second = 0;
};

/** What decides between equal scores. */
inline auto candidate_rank(const Candidate &c) {
  return std::make_tuple(c.second, c.vm_bytes, design_rank(c.design));
}

/**
 * Keeps what is needed to name the best `wanted` designs. Designs within a factor of 1 + 1e-12 of
 * the lowest score count as equal: of these the smaller second score, then the smaller VM wins,
 * then the first in the order of the space.
 */
class Ranking {
public:
  static constexpr double EQUAL = 1e-12;

  explicit Ranking(size_t wanted) : wanted_(wanted) {}

  /** Scores above this cannot be among the wanted. */
  double cutoff() const { return cutoff_; }

  void add(const Candidate &candidate) {
    if (candidate.score > cutoff_)
      return;
    kept_.push_back(candidate);
    if (kept_.size() >= limit_)
      prune();
  }

  void merge(const Ranking &other) {
    for (const Candidate &candidate : other.kept_)
      add(candidate);
  }

  std::vector<Candidate> best() const {
    std::vector<Candidate> rest = kept_, chosen;
    while (!rest.empty() && chosen.size() < wanted_) {
      double lowest = rest.front().score;
      for (const auto &c : rest)
        lowest = std::min(lowest, c.score);
      const double equal = lowest * (1 + EQUAL);
      auto winner = rest.end();
      for (auto c = rest.begin(); c != rest.end(); ++c) {
        if (c->score > equal)
          continue;
        if (winner == rest.end() || candidate_rank(*c) < candidate_rank(*winner))
          winner = c;
      }
      const Candidate best = *winner;
      chosen.push_back(best);
      // A design may have been found twice.
      std::erase_if(rest, [&](const Candidate &c) {
        return candidate_rank(c) == candidate_rank(best) && c.score == best.score;
      });
    }
    return chosen;
  }

private:
  void prune() {
    if (kept_.size() > wanted_) {
      const auto nth = kept_.begin() + static_cast<std::ptrdiff_t>(wanted_ - 1);
      std::nth_element(kept_.begin(), nth, kept_.end(),
                       [](const Candidate &a, const Candidate &b) { return a.score < b.score; });
      // Choosing an equal one of higher score leaves the lower ones in: one step of slack per
      // choice.
      cutoff_ = nth->score * (1 + EQUAL) * (1 + EQUAL);
      std::erase_if(kept_, [&](const Candidate &c) { return c.score > cutoff_; });
    }
    limit_ = std::max<size_t>(64, 2 * kept_.size());
  }

  size_t wanted_;
  size_t limit_ = 64;
  double cutoff_ = 1.0 / 0.0;
  std::vector<Candidate> kept_;
};

} // namespace brownout
