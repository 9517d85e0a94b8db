/** Explores the design space of layers: every design visited, the best ones proven. */
#pragma once

#include "evaluation.h"
#include "ranking.h"
#include "rejection.h"

#include <atomic>
#include <optional>
#include <vector>

namespace brownout {

enum class Protocol { inas2021, brownout };
enum class Power { intermittent, continuous };

/** One layer to explore. */
struct LayerTask {
  const Platform *platform;
  Protocol protocol;
  Power power;
  bo_shape shape;
  /** Most that one plane of partial sums may take in NVM (protocol brownout). */
  uint64_t plane_limit_bytes;
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
  uint32_t vm_bytes;
  bo_vm_layout vm;
  uint32_t plane_bytes;
};

struct LayerResult {
  uint64_t designs_total = 0;
  uint64_t designs_feasible = 0;
  Rejections rejections{};
  /** The optimum and its runners-up, best first; empty where nothing is feasible. */
  std::vector<CostedDesign> best;
};

/** Runners-up that are named beside the optimum. */
constexpr size_t RUNNERS_UP = 3;

/** Cost of one design, whether feasible or not; latency is infinite where it exceeds the full
 * budget. */
CostedDesign cost_design(const LayerTask &task, const bo_design &design);

/**
 * Explores every task; the answer does not depend on the number of threads.
 * @param cancelled is looked at often
 * @return nothing when cancelled
 */
std::optional<std::vector<LayerResult>> explore_layers(const std::vector<LayerTask> &tasks,
                                                       unsigned threads,
                                                       const std::atomic<bool> &cancelled);

} // namespace brownout
