/** Explores whole networks: layers that are alike once, then NVM, delivery and totals. */
#pragma once

#include "explorer.h"
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
};

/** The first power cycle, which stores the input, and the last, which delivers the result. */
struct Delivery {
  Cost start;
  Cost deliver;
  double latency_s;
};

/** A limit that the network as a whole misses though every layer keeps it. */
struct NetworkMiss {
  Binding binding;
  double violation;
};

struct NetworkAnswer {
  /** Per layer; null where the layer does no work. Layers that are alike share a result. */
  std::vector<std::shared_ptr<const LayerResult>> layers;
  bool feasible = true;
  /** Of feasible networks, delivery included. */
  double latency_s = 0;
  double energy_J = 0;
  double power_cycles = 0;
  /** Under protocol brownout and intermittent power. */
  std::optional<Delivery> delivery;
  std::optional<NvmPlan> nvm;
  std::optional<NetworkMiss> miss;
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
