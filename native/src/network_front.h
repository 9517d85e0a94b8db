/** A network's Pareto front from its layers'. */
#pragma once

#include "explorer.h"

namespace brownout {

/** One design per layer, and what they cost together. */
struct NetworkPoint {
  Scores scores;
  /** By layer: index into its front; 0 where it has none. */
  std::vector<uint32_t> choices;
};

/**
 * The sums of one point per layer that no other beats, the fastest first. It is exact: VM is a
 * limit of each layer alone, maps do not depend on designs, and all layers' planes share one place,
 * whose size is each layer's limit alone too. So layers meet in nothing but the sums, and a part of
 * a network that is beaten stays beaten whatever follows.
 * @param fronts by layer, null where it does no work; all not empty
 * @param fixed what the network costs beside its layers
 * @return nothing when cancelled
 */
std::vector<NetworkPoint>
network_front(const std::vector<const std::vector<CostedDesign> *> &fronts, const Scores &fixed,
              const std::atomic<bool> &cancelled);

} // namespace brownout
