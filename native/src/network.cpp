#include "network.h"

#include "capacitor.h"
#include "until_failure.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>

namespace brownout {

namespace {

constexpr uint64_t UNLIMITED = std::numeric_limits<uint64_t>::max();

uint64_t output_elements(const bo_shape &shape) {
  return static_cast<uint64_t>(shape.r) * shape.c * shape.m;
}

NvmPlan plan_maps(const NetworkRequest &request) {
  std::vector<PlannedLayer> layers;
  for (const NetworkLayer &layer : request.layers)
    layers.push_back({layer.inputs, layer.output_elements,
                      layer.no_work ? 0 : static_cast<uint32_t>(weight_elements(layer.shape)),
                      !layer.no_work && layer.shape.has_bias ? layer.shape.m : 0u, layer.no_work,
                      !layer.no_work && bo_has_scales(&layer.shape) ? layer.shape.m : 0u});
  return plan_nvm(request.input_elements, layers, request.platform.element_bytes);
}

/** Bytes of one write of the input map (runtime-c/core/runtime.c). */
constexpr std::int64_t kInputBytes = 32768;

/** The input map is written in pieces that fit a transfer. */
Cost input_cost(const NetworkRequest &request, int reuse) {
  const Platform &p = request.platform;
  Cost cost{};
  // States are set in VM.
  const bool states = request.scheme == BO_SCHEME_STATEFUL;
  const std::int64_t most =
      states ? std::min<std::int64_t>(kInputBytes, p.vm_bytes & ~3u) : kInputBytes;
  for (std::int64_t left = std::int64_t{request.input_elements} * p.element_bytes; left > 0;
       left -= most)
    cost = cost + p.nvm_write.of(static_cast<double>(std::min(left, most)) / 2) +
           p.backup_output[reuse];
  return cost;
}

/** The published constraint: two buffers of the largest map, and all weights. */
double published_nvm_bytes(const NetworkRequest &request) {
  uint64_t largest = request.input_elements, weights = 0;
  for (const NetworkLayer &layer : request.layers) {
    largest = std::max<uint64_t>(largest, layer.output_elements);
    if (!layer.no_work)
      weights += weight_elements(layer.shape);
  }
  return static_cast<double>(2 * largest + weights) * request.platform.element_bytes;
}

/**
 * Least energy or wear within a latency limit is a point of the network's front. An inference under
 * scheme ideal takes one power cycle, whose charging no layer's latency tells.
 */
Objective layer_objective(const NetworkRequest &request) {
  if (request.scheme == BO_SCHEME_IDEAL)
    return Objective::pareto;
  const bool limited = request.latency_limit_s < std::numeric_limits<double>::infinity();
  return limited && request.objective != Objective::latency ? Objective::pareto : request.objective;
}

/** Finds equal tasks, so that layers that are alike are explored once. */
class TaskTable {
public:
  explicit TaskTable(const std::vector<NetworkRequest> &requests) {
    for (const NetworkRequest &request : requests) {
      const auto known = std::find_if(platforms_.begin(), platforms_.end(),
                                      [&](const Platform *p) { return *p == request.platform; });
      platform_of_.push_back(known == platforms_.end()
                                 ? platforms_.size()
                                 : static_cast<size_t>(known - platforms_.begin()));
      if (known == platforms_.end())
        platforms_.push_back(&request.platform);
    }
  }

  size_t find(size_t request, const NetworkRequest &of, const NetworkLayer &layer,
              uint64_t plane_limit) {
    const bo_shape &s = layer.shape;
    const Pins &pins = layer.pins;
    const uint32_t order = static_cast<uint32_t>(pins.order[0]) << 24 | pins.order[1] << 16 |
                           pins.order[2] << 8 | pins.order[3];
    const Key key{{pins.tr, pins.tc, pins.tm, pins.tn, pins.s, order, pins.span,
                   static_cast<uint32_t>(of.space), static_cast<uint32_t>(layer_objective(of)),
                   of.scheme, of.b},
                  platform_of_[request],
                  static_cast<int>(of.protocol),
                  static_cast<int>(of.power),
                  s.kind,
                  s.has_bias,
                  s.h,
                  s.w,
                  s.n,
                  s.r,
                  s.c,
                  s.m,
                  s.kernel_h,
                  s.kernel_w,
                  s.stride_h,
                  s.stride_w,
                  s.pad_top,
                  s.pad_left,
                  plane_limit};
    const auto [entry, fresh] = index_.try_emplace(key, tasks.size());
    if (fresh)
      tasks.push_back({platforms_[platform_of_[request]], of.protocol, of.power, s, plane_limit,
                       of.space, layer_objective(of), pins, of.scheme, of.b});
    return entry->second;
  }

  std::vector<LayerTask> tasks;

private:
  using Key = std::tuple<std::array<uint32_t, 11>, size_t, int, int, int, int, int, int, int, int,
                         int, int, int, int, int, int, int, int, uint64_t>;
  std::vector<const Platform *> platforms_;
  std::vector<size_t> platform_of_;
  std::map<Key, size_t> index_;
};

/** The boot that an inference under scheme ideal begins with. */
Cost boot_of(const Platform &p) { return p.reboot + 2.0 * p.nvm_read.of(8); }

/** Running time to latency: one power cycle that begins at V_on; infinite beyond what is stored. */
double one_cycle_s(const Platform &p, const Cost &work) {
  const Cost cycle = boot_of(p) + work;
  return cycle.energy_J <= p.buffer.full_J() ? cycle.latency_s + cycle_recharge_s(p, cycle)
                                             : std::numeric_limits<double>::infinity();
}

/** Inferences of one power cycle each: those within the budget first, then the fastest. */
void charge_once(const NetworkRequest &request, std::vector<NetworkPoint> &points) {
  const Platform &p = request.platform;
  const double budget_J = p.buffer.safe_J(), boot_J = boot_of(p).energy_J;
  for (NetworkPoint &point : points) {
    Scores &s = point.scores;
    s.latency_s = one_cycle_s(p, {s.energy_J, s.latency_s});
    s.energy_J += boot_J;
  }
  const auto safe = [&](const NetworkPoint &point) { return point.scores.energy_J <= budget_J; };
  if (std::none_of(points.begin(), points.end(), safe)) {
    const auto least = std::min_element(points.begin(), points.end(), [](auto &a, auto &b) {
      return a.scores.energy_J < b.scores.energy_J;
    });
    points = {*least};
    return;
  }
  std::erase_if(points, [&](const NetworkPoint &point) { return !safe(point); });
  std::stable_sort(points.begin(), points.end(), [](const NetworkPoint &a, const NetworkPoint &b) {
    return a.scores.latency_s < b.scores.latency_s;
  });
  std::vector<NetworkPoint> kept;
  for (const NetworkPoint &point : points)
    if (std::none_of(kept.begin(), kept.end(), [&](const NetworkPoint &other) {
          return no_worse(rounded(other.scores), rounded(point.scores));
        }))
      kept.push_back(point);
  points = std::move(kept);
}

/** Takes of every layer's front the designs that serve the network best. */
void choose(const NetworkRequest &request, NetworkAnswer &answer,
            const std::atomic<bool> &cancelled) {
  std::vector<const std::vector<CostedDesign> *> fronts;
  for (const auto &layer : answer.layers)
    fronts.push_back(layer ? &layer->best : nullptr);
  answer.front =
      network_front(fronts, answer.delivery ? answer.delivery->scores() : Scores{}, cancelled);
  if (answer.front.empty())
    return;
  if (request.scheme == BO_SCHEME_IDEAL)
    charge_once(request, answer.front);
  const NetworkPoint fastest = answer.front.front();
  std::erase_if(answer.front, [&](const NetworkPoint &point) {
    return point.scores.latency_s > request.latency_limit_s;
  });
  const auto best = std::min_element(
      answer.front.begin(), answer.front.end(), [&](const NetworkPoint &a, const NetworkPoint &b) {
        return a.scores.of(request.objective) < b.scores.of(request.objective);
      });
  answer.choices = best == answer.front.end() ? fastest.choices : best->choices;
  if (request.objective != Objective::pareto)
    answer.front.clear();
}

void total(const NetworkRequest &request, NetworkAnswer &answer,
           const std::atomic<bool> &cancelled) {
  answer.choices.assign(answer.layers.size(), 0);
  answer.feasible = std::all_of(answer.layers.begin(), answer.layers.end(),
                                [](const auto &layer) { return !layer || !layer->best.empty(); });
  if (answer.feasible && layer_objective(request) == Objective::pareto)
    choose(request, answer, cancelled);
  uint64_t plane_bytes = 0;
  for (size_t i = 0; i < answer.layers.size(); i++) {
    const auto &layer = answer.layers[i];
    if (!layer || layer->best.empty())
      continue;
    const CostedDesign &best = layer->best[answer.choices[i]];
    answer.latency_s += best.latency_s;
    answer.energy_J += best.energy_J;
    answer.written_bytes += best.written_bytes;
    answer.power_cycles += best.power_cycles;
    answer.running_s += best.running_s;
    answer.overhead += best.overhead;
    answer.energy_max_J = std::max(answer.energy_max_J, best.energy_max_J);
    answer.vm_bytes = std::max(answer.vm_bytes, best.vm_bytes);
    plane_bytes = std::max<uint64_t>(plane_bytes, best.plane_bytes);
  }
  const auto missed = [&](Binding binding, double violation) {
    answer.feasible = false;
    answer.misses.push_back({binding, violation});
  };
  const double nvm = request.platform.nvm_bytes;
  if (request.protocol == Protocol::inas2021) {
    answer.nvm_bytes = published_nvm_bytes(request);
  } else {
    place_planes(*answer.nvm, plane_bytes);
    answer.nvm_bytes = static_cast<double>(answer.nvm->total_bytes);
  }
  if (answer.nvm_bytes > nvm) {
    double planes = 0;
    for (const auto &layer : answer.layers) {
      const auto *rejection = layer && layer->best.empty()
                                  ? &layer->rejections[static_cast<size_t>(Binding::nvm)]
                                  : nullptr;
      if (rejection && rejection->has_sole)
        planes = std::max(planes, rejection->sole.violation);
    }
    missed(Binding::nvm, answer.nvm_bytes - nvm + planes);
  }
  if (answer.delivery) {
    const Delivery &d = *answer.delivery;
    answer.latency_s += d.latency_s;
    answer.energy_J += d.energy_J;
    answer.written_bytes += d.written_bytes;
    answer.power_cycles += d.power_cycles;
    answer.running_s += d.running_s;
    answer.overhead += d.overhead;
    double worst_J = std::max(d.start.energy_J, d.deliver.energy_J);
    if (request.scheme == BO_SCHEME_IDEAL) {
      const Cost boot = boot_of(request.platform);
      answer.latency_s =
          one_cycle_s(request.platform, {answer.energy_J, Seconds(answer.running_s)});
      answer.energy_J += boot.energy_J, answer.running_s += boot.latency_s;
      answer.overhead.recovery += boot;
      answer.power_cycles = 1;
      worst_J = answer.feasible ? answer.energy_J : worst_J;
    }
    answer.energy_max_J = std::max(answer.energy_max_J, worst_J);
    const double budget_J = request.platform.buffer.safe_J();
    if (worst_J > budget_J)
      missed(Binding::energy, worst_J - budget_J);
  }
  if (answer.feasible && answer.latency_s > request.latency_limit_s)
    missed(Binding::latency, answer.latency_s - request.latency_limit_s);
}

} // namespace

namespace {

/** Start and deliver as steps of power cycles that last until power fails; each is a unit. */
Delivery delivery_until_failure(const NetworkRequest &request, double outputs) {
  const Platform &p = request.platform;
  const int o = static_cast<int>(Reuse::output);
  const bool ideal = request.scheme == BO_SCHEME_IDEAL;
  const bool states = request.scheme == BO_SCHEME_STATEFUL;
  const double codes = outputs * p.element_bytes / 2;
  const Cost boot = boot_of(p), commit = p.record();
  const Cost state = (states ? 1.0 : 0.0) * p.add;
  const Cost start = 2.0 * p.nvm_read.of(4) + p.nvm_read.of(4) + p.nvm_read.of(codes) +
                     p.nvm_write.of(4) + p.nvm_read.of(16) + input_cost(request, o) +
                     static_cast<double>(request.input_elements) * state +
                     (ideal ? 0.0 : 1.0) * commit;
  const Cost deliver = p.nvm_read.of(codes) + p.fetch_output[o] + outputs * state +
                       p.nvm_write.of(4 + codes) + p.backup_output[o] + commit;
  const Cost work = start + deliver;
  Delivery delivery{};
  delivery.start = boot + start, delivery.deliver = boot + deliver;
  delivery.written_bytes = (ideal ? 8 : 24) +
                           static_cast<double>(p.element_bytes) * request.input_elements + 24 +
                           2 * codes;
  const Cost records = (ideal ? 1.0 : 2.0) * commit;
  if (ideal) {
    delivery.latency_s = work.latency_s, delivery.energy_J = work.energy_J;
    delivery.running_s = work.latency_s;
    delivery.overhead = {records, {}};
    return delivery;
  }
  const Cost &larger = start.energy_J > deliver.energy_J ? start : deliver;
  const UntilFailure all = until_failure(p.buffer, work, failure_cost(boot, larger));
  delivery.latency_s = all.latency_s(), delivery.energy_J = all.total.energy_J;
  delivery.running_s = all.total.latency_s, delivery.power_cycles = all.power_cycles;
  delivery.overhead = {records, all.total + -1.0 * work};
  return delivery;
}

} // namespace

/** docs/protocol-brownout.md: start and deliver, each a power cycle of its own. */
Delivery delivery_of(const NetworkRequest &request, double outputs) {
  const Platform &p = request.platform;
  const int o = static_cast<int>(Reuse::output);
  const double codes = outputs * p.element_bytes / 2;
  const Cost boot = boot_of(p);
  const Cost commit = p.record();
  if (!sleeps_after_commits(request.scheme))
    return delivery_until_failure(request, outputs);
  Delivery delivery{};
  delivery.start = boot + 2.0 * p.nvm_read.of(4) + p.nvm_read.of(4) + p.nvm_read.of(codes) +
                   p.nvm_write.of(4) + p.nvm_read.of(16) + input_cost(request, o) + commit;
  delivery.deliver = boot + p.nvm_read.of(codes) + p.fetch_output[o] + p.nvm_write.of(4 + codes) +
                     p.backup_output[o] + commit;
  delivery.overhead = {2.0 * commit, 2.0 * boot};
  delivery.written_bytes =
      24 + static_cast<double>(p.element_bytes) * request.input_elements + 24 + 2 * codes;
  delivery.energy_J = delivery.start.energy_J + delivery.deliver.energy_J;
  delivery.running_s = (delivery.start + delivery.deliver).latency_s;
  delivery.power_cycles = 2;
  for (const Cost &cycle : {delivery.start, delivery.deliver}) {
    const bool runs = cycle.energy_J <= p.buffer.full_J();
    delivery.latency_s += runs ? cycle.latency_s + cycle_recharge_s(p, cycle)
                               : std::numeric_limits<double>::infinity();
  }
  return delivery;
}

uint64_t weight_elements(const bo_shape &shape) {
  const uint64_t window = static_cast<uint64_t>(shape.kernel_h) * shape.kernel_w * shape.m;
  return shape.kind == BO_CONV ? window * shape.n : shape.kind == BO_DEPTHWISE ? window : 0;
}

std::optional<std::vector<NetworkAnswer>>
explore_networks(const std::vector<NetworkRequest> &requests, unsigned threads,
                 const std::atomic<bool> &cancelled, double time_limit_s) {
  constexpr size_t NONE = static_cast<size_t>(-1);
  std::vector<NetworkAnswer> answers(requests.size());
  std::vector<std::vector<size_t>> task_of(requests.size());
  TaskTable table(requests);
  for (size_t i = 0; i < requests.size(); i++) {
    const NetworkRequest &request = requests[i];
    NetworkAnswer &answer = answers[i];
    uint64_t spare = UNLIMITED;
    if (request.protocol == Protocol::brownout) {
      answer.nvm = plan_maps(request);
      if (request.power == Power::intermittent)
        answer.delivery = delivery_of(request, request.layers.back().output_elements);
      const uint64_t nvm = request.platform.nvm_bytes, rest = answer.nvm->arena_end;
      // Where the maps alone are too large, designs without planes tell what is needed at least.
      spare = plane_limit_bytes(request.scheme, rest <= nvm ? (nvm - rest) / 2 : 0);
    }
    for (const NetworkLayer &layer : request.layers) {
      // A limit that no plane of the layer can reach is no limit: equal layers stay equal.
      const bool binds = spare < 4 * output_elements(layer.shape);
      task_of[i].push_back(
          layer.no_work ? NONE : table.find(i, request, layer, binds ? spare : UNLIMITED));
    }
  }

  auto explored = explore_layers(table.tasks, threads, cancelled, time_limit_s);
  if (!explored)
    return std::nullopt;
  std::vector<std::shared_ptr<const LayerResult>> results;
  for (LayerResult &result : *explored)
    results.push_back(std::make_shared<const LayerResult>(std::move(result)));
  for (size_t i = 0; i < requests.size(); i++) {
    for (size_t task : task_of[i])
      answers[i].layers.push_back(task == NONE ? nullptr : results[task]);
    total(requests[i], answers[i], cancelled);
  }
  if (cancelled.load())
    return std::nullopt;
  return answers;
}

} // namespace brownout
