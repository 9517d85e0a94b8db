/** Every network of a search space at once: distinct layers are explored once, networks are sums.
 */
#pragma once

#include "network.h"

#include <span>

namespace brownout {

/** A layer of a stretch: which one, and how many layers back each of its inputs lies. */
struct ChainLayer {
  int32_t layer;
  std::vector<int32_t> back;
};

/** One step of a network: from each state some choices, each a chain of layers to a state. */
struct SpaceLevel {
  uint32_t choices;
  /** By state * choices + choice: index of the chain, -1 where it cannot be built. */
  std::vector<int32_t> chain;
  /** The same: state of the next level (of the last level: index of the tail). */
  std::vector<int32_t> next;
};

/** Networks of one choice per level, then a tail that has none. */
struct SpaceRequest {
  /** Its layers are the distinct layers of the space; `inputs` are not looked at. */
  NetworkRequest common;
  std::vector<std::vector<ChainLayer>> chains;
  std::vector<SpaceLevel> levels;
  /** Chains. */
  std::vector<int32_t> tails;
};

enum class NetworkState : uint8_t {
  feasible = 0,
  /** A kernel is larger than its input. */
  not_buildable = 1,
  layer_infeasible = 2,
  nvm = 3,
  /** Storing the input or delivering the result exceeds the energy budget. */
  delivery = 4,
};

/** Networks that the levels make, those that cannot be built included. */
inline size_t network_count(const SpaceRequest &request) {
  size_t count = 1;
  for (const SpaceLevel &level : request.levels)
    count *= level.choices;
  return count;
}

/** Where the table is written: network_count() entries each. By network: choices of the levels as
 * digits, the last level's fastest. Infinite where infeasible. */
struct SpaceColumns {
  std::span<double> latency_s, energy_J, written_bytes;
  std::span<NetworkState> state;
};

struct SpaceSummary {
  DesignCount designs = 0, visited = 0;
  /** Distinct layers, and those explored again because a network leaves less NVM for planes. */
  uint64_t layers = 0, limited_layers = 0;
};

/** Fills every entry of `columns`. @returns nothing when cancelled */
std::optional<SpaceSummary> explore_space(const SpaceRequest &request, unsigned threads,
                                          const std::atomic<bool> &cancelled,
                                          const SpaceColumns &columns);

} // namespace brownout
