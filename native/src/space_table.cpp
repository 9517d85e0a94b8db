#include "space_table.h"

#include "parallel.h"
#include "schemes.h"

#include <algorithm>
#include <limits>
#include <map>

namespace brownout {

namespace {

constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr uint64_t UNLIMITED = std::numeric_limits<uint64_t>::max();

struct LayerFacts {
  bool feasible;
  Scores scores;
  uint64_t plane_bytes;
  uint64_t outputs, weights, constants_bytes, map_bytes;
  uint32_t bias, scales;
};

LayerFacts facts_of(const NetworkLayer &layer, const LayerResult &result) {
  LayerFacts f{};
  f.feasible = !result.best.empty();
  if (f.feasible) {
    const CostedDesign &best = result.best.front();
    f.scores = best.scores(), f.plane_bytes = best.plane_bytes;
  }
  f.outputs = layer.output_elements;
  f.weights = weight_elements(layer.shape);
  f.bias = layer.shape.has_bias ? layer.shape.m : 0;
  const auto align4 = [](uint64_t bytes) { return (bytes + 3) & ~uint64_t{3}; };
  const uint64_t code = bo_element_bytes(&layer.shape);
  f.scales = bo_has_scales(&layer.shape) ? layer.shape.m : 0;
  f.constants_bytes =
      align4(code * f.weights) + align4(4 * uint64_t{f.bias}) + uint64_t{BO_SCALE_BYTES} * f.scales;
  f.map_bytes = align4(code * f.outputs);
  return f;
}

/** A network whose partial sums do not fit beside its maps as they are. */
struct Limited {
  size_t network;
  std::vector<const ChainLayer *> layers;
  uint64_t plane_limit;
};

class Walk {
public:
  Walk(const SpaceRequest &request, const std::vector<LayerFacts> &facts, const Delivery *delivery,
       const SpaceColumns &table, const std::atomic<bool> &cancelled)
      : request_(request), facts_(facts), delivery_(delivery), table_(table),
        cancelled_(cancelled) {
    sizes_.assign(request.levels.size() + 1, 1);
    for (size_t l = request.levels.size(); l-- > 0;)
      sizes_[l] = sizes_[l + 1] * request.levels[l].choices;
  }

  /** All networks of one first choice. */
  std::vector<Limited> run(uint32_t choice) const {
    std::vector<Limited> limited;
    std::vector<const ChainLayer *> path;
    step(0, 0, 0, {}, path, limited, static_cast<int>(choice));
    return limited;
  }

  /** Latency and energy with delivery, in the order in which a single network adds them up. */
  void finish(size_t network, Scores scores) const {
    if (delivery_ != nullptr) {
      scores += delivery_->scores();
      const double budget_J = request_.common.platform.buffer.safe_J();
      if (std::max(delivery_->start.energy_J, delivery_->deliver.energy_J) > budget_J)
        return fill(network, 1, NetworkState::delivery);
    }
    table_.state[network] = NetworkState::feasible;
    table_.latency_s[network] = scores.latency_s, table_.energy_J[network] = scores.energy_J;
    table_.written_bytes[network] = scores.written_bytes;
  }

private:
  /** Of the layers of a path, in its order. */
  struct Sum {
    Scores scores;
    int infeasible = 0;
    uint64_t weights = 0, constants_bytes = 0, maps_bytes = 0, plane_bytes = 0, largest_map = 0;
  };

  /** Networks that cannot run. */
  void fill(size_t from, size_t count, NetworkState state) const {
    for (const auto &column : {table_.latency_s, table_.energy_J, table_.written_bytes})
      std::ranges::fill(column.subspan(from, count), INFINITE);
    std::ranges::fill(table_.state.subspan(from, count), state);
  }

  /** Puts a chain at the end of the path; what they cost together. */
  Sum append(int32_t chain, Sum sum, std::vector<const ChainLayer *> &path) const {
    for (const ChainLayer &one : request_.chains[static_cast<size_t>(chain)]) {
      path.push_back(&one);
      const LayerFacts &f = facts(one);
      sum.scores += f.scores;
      sum.infeasible += !f.feasible;
      sum.weights += f.weights;
      sum.constants_bytes += f.constants_bytes, sum.maps_bytes += f.map_bytes;
      sum.plane_bytes = std::max(sum.plane_bytes, f.plane_bytes);
      sum.largest_map = std::max(sum.largest_map, f.outputs);
    }
    return sum;
  }

  const LayerFacts &facts(const ChainLayer &one) const {
    return facts_[static_cast<size_t>(one.layer)];
  }

  void step(size_t level, int32_t state, size_t at, const Sum &sum,
            std::vector<const ChainLayer *> &path, std::vector<Limited> &limited, int only) const {
    if (level == request_.levels.size())
      return close(state, at, sum, path, limited);
    const SpaceLevel &l = request_.levels[level];
    if (cancelled_.load(std::memory_order_relaxed))
      return;
    for (uint32_t choice = 0; choice < l.choices; choice++) {
      if (only >= 0 && choice != static_cast<uint32_t>(only))
        continue;
      const size_t edge = static_cast<size_t>(state) * l.choices + choice;
      const size_t next = at + choice * sizes_[level + 1];
      const int32_t chain = l.chain[edge];
      if (chain < 0) {
        fill(next, sizes_[level + 1], NetworkState::not_buildable);
        continue;
      }
      const size_t length = path.size();
      step(level + 1, l.next[edge], next, append(chain, sum, path), path, limited, -1);
      path.resize(length);
    }
  }

  void close(int32_t tail, size_t network, const Sum &before, std::vector<const ChainLayer *> &path,
             std::vector<Limited> &limited) const {
    const size_t length = path.size();
    const Sum sum = append(request_.tails[static_cast<size_t>(tail)], before, path);
    if (sum.infeasible > 0)
      fill(network, 1, NetworkState::layer_infeasible);
    else if (request_.common.protocol == Protocol::inas2021)
      close_published(network, sum);
    else
      close_brownout(network, sum, path, limited);
    path.resize(length);
  }

  void close_published(size_t network, const Sum &sum) const {
    const Platform &p = request_.common.platform;
    const uint64_t largest = std::max<uint64_t>(request_.common.input_elements, sum.largest_map);
    if ((2 * largest + sum.weights) * p.element_bytes > p.nvm_bytes)
      fill(network, 1, NetworkState::nvm);
    else
      finish(network, sum.scores);
  }

  void close_brownout(size_t network, const Sum &sum, const std::vector<const ChainLayer *> &path,
                      std::vector<Limited> &limited) const {
    const uint64_t nvm = request_.common.platform.nvm_bytes;
    const uint64_t code = request_.common.platform.element_bytes;
    const uint64_t maps = sum.maps_bytes + ((code * request_.common.input_elements + 3) & ~3ull);
    const auto outputs = static_cast<uint32_t>(facts(*path.back()).outputs);
    const uint64_t fixed = bo_header_address(outputs, static_cast<uint32_t>(code)) +
                           BO_HEADER_BYTES + sum.constants_bytes;
    // Were no two maps to share bytes, it would fit: no plan is needed to know it does.
    if (fixed + maps + 2 * sum.plane_bytes <= nvm)
      return finish(network, sum.scores);
    const uint64_t arena = plan(path);
    if (arena + 2 * sum.plane_bytes <= nvm)
      return finish(network, sum.scores);
    fill(network, 1, NetworkState::nvm);
    if (arena <= nvm)
      limited.push_back({network, path, (nvm - arena) / 2});
  }

  uint64_t plan(const std::vector<const ChainLayer *> &path) const {
    std::vector<PlannedLayer> layers;
    for (size_t i = 0; i < path.size(); i++) {
      const LayerFacts &f = facts(*path[i]);
      std::vector<int> inputs;
      for (int32_t back : path[i]->back)
        inputs.push_back(static_cast<int>(i) - back);
      layers.push_back({inputs, static_cast<uint32_t>(f.outputs), static_cast<uint32_t>(f.weights),
                        f.bias, false, f.scales});
    }
    return plan_nvm(request_.common.input_elements, layers, request_.common.platform.element_bytes)
        .arena_end;
  }

  const SpaceRequest &request_;
  const std::vector<LayerFacts> &facts_;
  const Delivery *delivery_;
  const SpaceColumns &table_;
  const std::atomic<bool> &cancelled_;
  std::vector<size_t> sizes_;
};

/** Networks that would fit with smaller planes: their offending layers once more, within them. */
bool explore_limited(const SpaceRequest &request, const std::vector<LayerFacts> &facts,
                     const std::vector<Limited> &limited, const Walk &walk, unsigned threads,
                     const std::atomic<bool> &cancelled, SpaceSummary &summary) {
  std::map<std::pair<int32_t, uint64_t>, size_t> index;
  std::vector<LayerTask> tasks;
  const NetworkRequest &common = request.common;
  for (const Limited &network : limited)
    for (const ChainLayer *one : network.layers) {
      const int32_t layer = one->layer;
      if (facts[static_cast<size_t>(layer)].plane_bytes <= network.plane_limit)
        continue;
      const auto [entry, fresh] = index.try_emplace({layer, network.plane_limit}, tasks.size());
      if (fresh)
        tasks.push_back({&common.platform, common.protocol, common.power,
                         common.layers[static_cast<size_t>(layer)].shape, network.plane_limit,
                         common.space, common.objective, Pins{}, common.scheme, common.b});
    }
  const auto results = explore_layers(tasks, threads, cancelled);
  if (!results)
    return false;
  summary.limited_layers = tasks.size();
  for (const Limited &network : limited) {
    Scores scores;
    bool feasible = true;
    for (const ChainLayer *one : network.layers) {
      const int32_t layer = one->layer;
      LayerFacts f = facts[static_cast<size_t>(layer)];
      const auto found = index.find({layer, network.plane_limit});
      if (found != index.end())
        f = facts_of(common.layers[static_cast<size_t>(layer)], (*results)[found->second]);
      scores += f.scores;
      feasible &= f.feasible;
    }
    if (feasible)
      walk.finish(network.network, scores);
  }
  return true;
}

} // namespace

std::optional<SpaceSummary> explore_space(const SpaceRequest &request, unsigned threads,
                                          const std::atomic<bool> &cancelled,
                                          const SpaceColumns &columns) {
  const NetworkRequest &common = request.common;
  std::vector<LayerTask> tasks;
  for (const NetworkLayer &layer : common.layers)
    tasks.push_back({&common.platform, common.protocol, common.power, layer.shape,
                     plane_limit_bytes(common.scheme, UNLIMITED), common.space, common.objective,
                     Pins{}, common.scheme, common.b});
  const auto results = explore_layers(tasks, threads, cancelled);
  if (!results)
    return std::nullopt;

  SpaceSummary summary;
  std::vector<LayerFacts> facts;
  for (size_t i = 0; i < tasks.size(); i++) {
    const LayerResult &result = (*results)[i];
    facts.push_back(facts_of(common.layers[i], result));
    summary.designs += result.designs_total;
    summary.visited += result.designs_visited;
  }
  summary.layers = tasks.size();

  std::optional<Delivery> delivery;
  if (common.protocol == Protocol::brownout)
    delivery = delivery_of(
        common,
        static_cast<double>(
            facts[static_cast<size_t>(
                      request.chains[static_cast<size_t>(request.tails.front())].back().layer)]
                .outputs));
  const Walk walk(request, facts, delivery ? &*delivery : nullptr, columns, cancelled);
  std::vector<std::vector<Limited>> limited(request.levels.front().choices);
  parallel_for(limited.size(), threads,
               [&](size_t choice) { limited[choice] = walk.run(static_cast<uint32_t>(choice)); });
  std::vector<Limited> all;
  for (auto &some : limited)
    all.insert(all.end(), some.begin(), some.end());
  if (cancelled.load() || !explore_limited(request, facts, all, walk, threads, cancelled, summary))
    return std::nullopt;
  return summary;
}

} // namespace brownout
