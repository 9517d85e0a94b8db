/** Explores the design space of layers: every design visited or set aside by a proof, the best ones
 * proven. */
#pragma once

#include "evaluation.h"
#include "full_space.h"
#include "keeper.h"
#include "overhead.h"
#include "rejection.h"

#include <atomic>
#include <optional>
#include <vector>

namespace brownout {

enum class Protocol { inas2021, brownout };
enum class Power { intermittent, continuous };
enum class Space { published, full };

/** One layer to explore. */
struct LayerTask {
  const Platform *platform;
  Protocol protocol;
  Power power;
  bo_shape shape;
  /** Most that one plane of partial sums may take in NVM (protocol brownout). */
  uint64_t plane_limit_bytes;
  Space space = Space::published;
  Objective objective = Objective::latency;
  /** Of the full space. */
  Pins pins{};
  /** BO_SCHEME_.., and of schemes with groups the B asked for; 0: every power of two is tried. */
  uint8_t scheme = BO_SCHEME_TILE;
  uint16_t b = 0;
};

/** Where the designs of a full space went: the sum of all fields but `total` is `total`. */
struct Coverage {
  DesignCount total = 0;
  /** Evaluated power cycle by power cycle. */
  DesignCount visited = 0;
  /** No better than another order or span of the same tile. */
  DesignCount order = 0, span = 0;
  /** Beyond a limit, and so is everything larger. */
  DesignCount vm = 0, nvm = 0, alignment = 0, energy = 0;
  /** Their objective is bounded from below by more than the optimum's. */
  DesignCount bound = 0;
  /** Left when the time was up. */
  DesignCount unvisited = 0;

  DesignCount covered() const {
    return visited + order + span + vm + nvm + alignment + energy + bound;
  }
  Coverage &operator+=(const Coverage &o) {
    total += o.total, visited += o.visited, order += o.order, span += o.span, vm += o.vm;
    nvm += o.nvm, alignment += o.alignment, energy += o.energy, bound += o.bound;
    unvisited += o.unvisited;
    return *this;
  }
};

/** A design with its cost. */
struct CostedDesign {
  bo_design design;
  double latency_s;
  double energy_max_J;
  double energy_min_J;
  /** Of the whole layer. */
  double energy_J;
  double power_cycles;
  uint32_t batches;
  uint32_t vm_bytes;
  bo_vm_layout vm;
  uint32_t plane_bytes;
  /** NVM bytes that the layer writes. */
  double written_bytes;
  /** Without charging. */
  double running_s;
  /** What keeping progress takes of it (protocol brownout). */
  Overhead overhead;

  OverheadShares shares() const { return shares_of(overhead, {energy_J, running_s}, latency_s); }

  Scores scores() const { return {latency_s, energy_J, written_bytes}; }
};

struct LayerResult {
  DesignCount designs_total = 0;
  /** Evaluated one by one. */
  DesignCount designs_visited = 0;
  /** Of the full space: of those visited. */
  DesignCount designs_feasible = 0;
  /** Of the full space. */
  std::optional<Coverage> coverage;
  bool proven_optimal = true;
  /** No design scores less: the optimum's score where it is proven; of a front the latency. */
  double lower_bound = 0;
  Rejections rejections{};
  /** Where nothing is feasible and no rejection is of a design that misses one limit only. */
  std::optional<NearestMiss> nearest;
  /**
   * The optimum and its runners-up, best first; with Objective::pareto the front, the fastest
   * first. Empty where nothing is feasible.
   */
  std::vector<CostedDesign> best;

  /** Whether nothing is feasible and mending any one limit would not do. */
  bool needs_nearest() const {
    return best.empty() && std::none_of(rejections.begin(), rejections.end(),
                                        [](const Rejection &r) { return r.has_sole; });
  }
};

/** Cost of one design, whether feasible or not; latency is infinite where it exceeds the full
 * budget. */
CostedDesign cost_design(const LayerTask &task, const bo_design &design);

/**
 * Explores every task; the answer does not depend on the number of threads.
 * @param cancelled is looked at often
 * @param time_limit_s after which full spaces are left with the best found and a bound; with it the
 *   answer depends on the machine
 * @return nothing when cancelled
 */
std::optional<std::vector<LayerResult>> explore_layers(const std::vector<LayerTask> &tasks,
                                                       unsigned threads,
                                                       const std::atomic<bool> &cancelled,
                                                       double time_limit_s = 1.0 / 0.0);

} // namespace brownout
