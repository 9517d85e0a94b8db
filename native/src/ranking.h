/** Which designs are best, kept exactly and independently of the order in which they come. */
#pragma once

#include "design.h"

#include <algorithm>
#include <vector>

namespace brownout {

struct Candidate {
  bo_design design;
  double latency_s;
  uint32_t vm_bytes;
};

/**
 * Keeps what is needed to name the best `wanted` designs. Designs within a factor of 1 + 1e-12 of
 * the lowest latency count as equal: of these the smaller VM wins, then the first in the order of
 * the space.
 */
class Ranking {
public:
  static constexpr double EQUAL = 1e-12;

  explicit Ranking(size_t wanted) : wanted_(wanted) {}

  /** Latencies above this cannot be among the wanted. */
  double cutoff_s() const { return cutoff_s_; }

  void add(const Candidate &candidate) {
    if (candidate.latency_s > cutoff_s_)
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
      double lowest = rest.front().latency_s;
      for (const auto &c : rest)
        lowest = std::min(lowest, c.latency_s);
      const double equal = lowest * (1 + EQUAL);
      auto winner = rest.end();
      for (auto c = rest.begin(); c != rest.end(); ++c) {
        if (c->latency_s > equal)
          continue;
        if (winner == rest.end() || c->vm_bytes < winner->vm_bytes ||
            (c->vm_bytes == winner->vm_bytes && design_before(c->design, winner->design)))
          winner = c;
      }
      chosen.push_back(*winner);
      rest.erase(winner);
    }
    return chosen;
  }

private:
  void prune() {
    if (kept_.size() > wanted_) {
      const auto nth = kept_.begin() + static_cast<std::ptrdiff_t>(wanted_ - 1);
      std::nth_element(kept_.begin(), nth, kept_.end(), [](const Candidate &a, const Candidate &b) {
        return a.latency_s < b.latency_s;
      });
      // Choosing an equal one of higher latency leaves the lower ones in: one step of slack per
      // choice.
      cutoff_s_ = nth->latency_s * (1 + EQUAL) * (1 + EQUAL);
      std::erase_if(kept_, [&](const Candidate &c) { return c.latency_s > cutoff_s_; });
    }
    limit_ = std::max<size_t>(64, 2 * kept_.size());
  }

  size_t wanted_;
  size_t limit_ = 64;
  double cutoff_s_ = 1.0 / 0.0;
  std::vector<Candidate> kept_;
};

} // namespace brownout
