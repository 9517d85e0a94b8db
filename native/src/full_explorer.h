/**
 * Finds the proven optimum of a layer's full space without visiting every design: whole boxes of
 * tile sizes, orders, spans and values of S are set aside by limits that grow with them, by
 * dominance, and by lower bounds on the objective.
 */
#pragma once

#include "charge_bound.h"
#include "layer_totals.h"
#include "runtime_model.h"

#include <chrono>

namespace brownout {

/** The full space of one layer, explored tile height by tile height; parts never share state. */
class FullExplorer {
public:
  using Clock = std::chrono::steady_clock;

  /** @param task, charge must outlive the explorer */
  FullExplorer(const LayerTask &task, const ChargeBound &charge);

  /** A tile and an order, and the least of one objective that any of its designs can have. */
  struct Seed {
    Objective objective;
    double bound;
    bo_design design;
  };
  /**
   * Of one tile height those that promise most, best first, of each objective that counts: the
   * first has the least bound of its objective.
   */
  std::vector<Seed> seeds(uint32_t tr, const std::atomic<bool> &cancelled) const;

  /** What trying the best seeds gives. */
  Keeper start(std::vector<Seed> seeds, const std::atomic<bool> &cancelled) const;

  struct Part {
    Keeper keeper;
    Coverage coverage{};
    DesignCount feasible = 0;
    Rejections rejections{};
    bool complete = true;
  };
  /** Covers every design of one tile height; visits those that `start` does not make worthless. */
  Part explore(uint32_t tr, const Keeper &start, Clock::time_point until,
               const std::atomic<bool> &cancelled) const;

  /** Where nothing is feasible: the least miss of each limit alone, and of all at once. */
  struct Explanation {
    Rejections rejections{};
    NearestMiss nearest{};
  };
  /** Of one tile height. */
  Explanation explain(uint32_t tr, const std::atomic<bool> &cancelled) const;

  const FullSpace &space() const { return space_; }
  /** Designs, of every group size. */
  DesignCount total() const { return space_.total() * group_sizes_.size(); }

private:
  struct Search;

  template <class TooLarge, class Visit>
  bool for_each_tile(uint32_t tr, const TooLarge &too_large, const Visit &visit) const;
  bo_design design_of(const TileTotals &tile, const Order &order, uint64_t s) const;
  uint64_t vm_of(const TileTotals &tile) const;
  /** Spans whose MAC calls the kernel takes, as bits. */
  unsigned aligned_spans(const TileTotals &tile) const;
  /** The best of them: the longest, or a shorter one that makes the same calls. */
  uint8_t best_span(const TileTotals &tile, unsigned aligned) const;
  /** Lower bounds of a batch size; only those of objectives that count. */
  Scores bounds(const OrderTotals &order, uint64_t chunks, double most_J) const;
  /** Below so many batches a sweep their mean energy exceeds the budget; 0: however many. */
  uint64_t least_chunks(const OrderTotals &order) const;
  double most_J(const OrderTotals &order, uint64_t s) const;
  void walk(const TileTotals &tile, const Order &order, unsigned aligned, Search &search) const;
  /** At least what a boot and the largest unit of progress take; of schemes other than tile. */
  double least_unit_J(const OrderTotals &order, uint64_t chunks) const;
  Cost work_at_least(const OrderTotals &order, uint64_t chunks) const;
  /** With every group size. */
  void try_design(bo_design design, Search &search) const;
  void try_one(const bo_design &design, Search &search) const;

  const LayerTask &task_;
  const std::vector<Objective> objectives_;
  const ChargeBound &charge_;
  const FullSpace space_;
  const LayerTotals totals_;
  const double budget_J_;
  const bool sleeps_;
  /** Values of B; 0 alone of schemes without groups. */
  const std::vector<uint16_t> group_sizes_;
  /** Of schemes other than tile. */
  const Cost boot_;
};

} // namespace brownout
