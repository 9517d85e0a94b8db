/** Explores whole networks: layers that are alike once, then NVM, delivery and totals. */
#pragma once

#include "network_front.h"
#include "nvm_plan.h"

#include <memory>

namespace brownout {

/** A layer of a request: what is walked, and where its input comes from. */
struct NetworkLayer {
  bo_shape shape;
  /** Moves no data (flatten): its output is its input map. */
  bool no_work;
  std::vector<int> inputs;
  uint32_t output_elements;
  Pins pins{};
};

struct NetworkRequest {
  Protocol protocol;
  Power power;
  Platform platform;
  uint32_t input_elements;
  std::vector<NetworkLayer> layers;
  Space space = Space::published;
  Objective objective = Objective::latency;
  /** Above it the network is infeasible. */
  double latency_limit_s = 1.0 / 0.0;
  /** BO_SCHEME_.., and B where it is given (LayerTask). */
  uint8_t scheme = BO_SCHEME_TILE;
  uint16_t b = 0;
};

/** The first power cycle, which stores the input, and the last, which delivers the result; of
 * schemes other than tile, steps within power cycles that last until power fails. */
struct Delivery {
  /** With a boot each. */
  Cost start;
  Cost deliver;
  double latency_s;
  Joules energy_J;
  Seconds running_s;
  double power_cycles;
  /** Input map, release, result and two records. */
  double written_bytes;
  Overhead overhead;

  Scores scores() const { return {latency_s, energy_J, written_bytes}; }
};

/** A limit that the network as a whole misses though every layer keeps it. */
struct NetworkMiss {
  Binding binding;
  double violation;
};

struct NetworkAnswer {
  /** Per layer; null where the layer does no work. Layers that are alike share a result. */
  std::vector<std::shared_ptr<const LayerResult>> layers;
  /** By layer: which of its result's `best` the network takes. */
  std::vector<uint32_t> choices;
  bool feasible = true;
  /** Of feasible networks, delivery included. */
  double latency_s = 0;
  double energy_J = 0;
  double written_bytes = 0;
  double power_cycles = 0;
  /** Without charging. */
  double running_s = 0;
  /** What keeping progress takes of it (protocol brownout). */
  Overhead overhead;
  /** Of the worst power cycle, and of the layer that needs most. */
  double energy_max_J = 0;
  uint32_t vm_bytes = 0;
  /** With Objective::pareto: within the latency limit, delivery included, the fastest first. */
  std::vector<NetworkPoint> front;
  /** Under protocol brownout and intermittent power. */
  std::optional<Delivery> delivery;
  std::optional<NvmPlan> nvm;
  /** What the network occupies in NVM; of protocol inas2021 by the published rule. */
  double nvm_bytes = 0;
  std::vector<NetworkMiss> misses;

  OverheadShares shares() const { return shares_of(overhead, {energy_J, running_s}, latency_s); }
};

/** Nothing when cancelled. */
std::optional<std::vector<NetworkAnswer>>
explore_networks(const std::vector<NetworkRequest> &requests, unsigned threads,
                 const std::atomic<bool> &cancelled, double time_limit_s = 1.0 / 0.0);

/** The first and the last power cycle of a network with so many outputs. */
Delivery delivery_of(const NetworkRequest &request, double outputs);

/** Weights of a layer, elements. */
uint64_t weight_elements(const bo_shape &shape);

} // namespace brownout
