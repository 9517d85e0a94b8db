#include "explorer.h"

#include "brownout_model.h"
#include "capacitor.h"
#include "inas2021.h"
#include "published_space.h"

#include <cmath>
#include <limits>
#include <thread>

namespace brownout {

namespace {

/** Layer latency from its power cycles: running and charging. */
double latency_s(const LayerTask &task, const Evaluation &evaluation) {
  if (task.power == Power::continuous)
    return evaluation.running_s();
  const EnergyBuffer &buffer = task.platform->buffer;
  double sum = 0, charge_s = 0;
  const Cost *solved = nullptr;
  for (const CycleClass &c : evaluation.classes) {
    const bool known = solved != nullptr && solved->energy_J == c.cost.energy_J &&
                       solved->latency_s == c.cost.latency_s;
    if (!known) {
      charge_s = task.protocol == Protocol::inas2021 ? published_recharge_s(buffer, c.cost.energy_J)
                                                     : physical_recharge_s(buffer, c.cost);
    }
    solved = &c.cost;
    sum += c.cycles * (c.cost.latency_s + charge_s);
  }
  return sum;
}

/** The published model: 16-bit sums in place, no planes. */
class PublishedModel {
public:
  explicit PublishedModel(const LayerTask &task) : task_(task) {}

  void place(const bo_design &design) {
    vm_bytes_ = inas2021_vm_elements(task_.shape, design) * task_.platform->element_bytes;
  }
  uint64_t vm_bytes() const { return vm_bytes_; }
  uint64_t plane_bytes() const { return 0; }
  bo_vm_layout layout() const { return {}; }
  bool aligned(const bo_design &design) const {
    return task_.shape.kind != BO_CONV || design.tn % task_.platform->length_multiple == 0;
  }
  void evaluate(const bo_design &design, Evaluation &evaluation) const {
    if (task_.power == Power::continuous)
      inas2021_continuous(*task_.platform, task_.shape, design, evaluation);
    else
      inas2021_intermittent(*task_.platform, task_.shape, design, evaluation);
  }

private:
  const LayerTask &task_;
  uint64_t vm_bytes_ = 0;
};

/** What our runtime does. */
class RuntimeModel {
public:
  explicit RuntimeModel(const LayerTask &task) : task_(task), model_(*task.platform, task.shape) {}

  void place(const bo_design &design) {
    nest_ = bo_nest_make(&task_.shape, &design);
    layout_ = bo_vm_plan(&task_.shape, &design, &nest_);
    plane_ = bo_plane_make(&task_.shape, &design, &nest_);
  }
  uint64_t vm_bytes() const { return layout_.total_bytes; }
  uint64_t plane_bytes() const { return bo_plane_bytes(&plane_); }
  bo_vm_layout layout() const { return layout_; }
  bool aligned(const bo_design &design) { return model_.aligned(design); }
  void evaluate(const bo_design &design, Evaluation &evaluation) {
    model_.evaluate(design, nest_, plane_, evaluation);
  }

private:
  const LayerTask &task_;
  BrownoutModel model_;
  bo_nest nest_{};
  bo_vm_layout layout_{};
  bo_plane plane_{};
};

template <class Model> CostedDesign cost_with(const LayerTask &task, const bo_design &design) {
  Model model(task);
  Evaluation evaluation;
  model.place(design);
  model.evaluate(design, evaluation);
  CostedDesign costed{};
  costed.design = design;
  costed.energy_max_J = evaluation.worst_J();
  costed.energy_min_J = evaluation.cheapest_J();
  costed.energy_J = evaluation.energy_J();
  costed.power_cycles = evaluation.cycles();
  costed.vm_bytes = static_cast<uint32_t>(model.vm_bytes());
  costed.vm = model.layout();
  costed.plane_bytes = static_cast<uint32_t>(model.plane_bytes());
  const bool runs =
      task.power == Power::continuous || costed.energy_max_J <= task.platform->buffer.full_J();
  costed.latency_s = runs ? latency_s(task, evaluation) : std::numeric_limits<double>::infinity();
  return costed;
}

/** What one thread has found in one share of a layer's space. */
struct Share {
  uint64_t total = 0;
  uint64_t feasible = 0;
  Rejections rejections{};
  Ranking ranking{1 + RUNNERS_UP};
};

template <class Model>
void explore_share(const LayerTask &task, const PublishedSpace &space, uint32_t tr, Share &share,
                   const std::atomic<bool> &cancelled) {
  Model model(task);
  Evaluation evaluation;
  const double budget_J = task.platform->buffer.safe_J();
  const uint64_t vm_limit = task.platform->vm_bytes;
  const bool intermittent = task.power == Power::intermittent;
  auto &rejections = share.rejections;
  const auto over = [](uint64_t value, uint64_t limit) {
    return value > limit ? static_cast<double>(value - limit) : 0.0;
  };

  for_each_published(task.shape, space, tr, intermittent, [&](const bo_design &design) {
    if (cancelled.load(std::memory_order_relaxed))
      return false;
    share.total++;
    model.place(design);
    const bool aligned = model.aligned(design);
    const double vm_over = over(model.vm_bytes(), vm_limit);
    const double nvm_over = 2 * over(model.plane_bytes(), task.plane_limit_bytes);
    const int misses = !aligned + (vm_over > 0) + (nvm_over > 0);
    if (misses == 0) {
      model.evaluate(design, evaluation);
      const double worst_J = intermittent ? evaluation.worst_J() : 0;
      if (worst_J <= budget_J) {
        share.feasible++;
        if (evaluation.running_s() > share.ranking.cutoff_s())
          return true;
        share.ranking.add(
            {design, latency_s(task, evaluation), static_cast<uint32_t>(model.vm_bytes())});
      } else {
        Rejection &rejection = rejections[static_cast<size_t>(Binding::energy)];
        rejection.count++;
        rejection.offer_sole({design, worst_J - budget_J});
      }
      return true;
    }
    const Binding reason = !aligned ? Binding::alignment : vm_over > 0 ? Binding::vm : Binding::nvm;
    const double violation = !aligned ? 1 : vm_over > 0 ? vm_over : nvm_over;
    Rejection &rejection = rejections[static_cast<size_t>(reason)];
    rejection.count++;
    rejection.offer_any({design, violation});
    if (misses == 1 && rejection.could_be_sole(violation)) {
      bool sole = !intermittent;
      if (!sole) {
        model.evaluate(design, evaluation);
        sole = evaluation.worst_J() <= budget_J;
      }
      if (sole)
        rejection.offer_sole({design, violation});
    }
    return true;
  });
}

} // namespace

CostedDesign cost_design(const LayerTask &task, const bo_design &design) {
  return task.protocol == Protocol::inas2021 ? cost_with<PublishedModel>(task, design)
                                             : cost_with<RuntimeModel>(task, design);
}

std::optional<std::vector<LayerResult>> explore_layers(const std::vector<LayerTask> &tasks,
                                                       unsigned threads,
                                                       const std::atomic<bool> &cancelled) {
  struct Part {
    size_t task;
    uint32_t tr;
  };
  std::vector<PublishedSpace> spaces;
  std::vector<Part> parts;
  for (size_t i = 0; i < tasks.size(); i++) {
    spaces.emplace_back(tasks[i].shape);
    for (uint32_t tr : spaces.back().tr)
      parts.push_back({i, tr});
  }

  std::vector<Share> shares(parts.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (;;) {
      const size_t at = next.fetch_add(1);
      if (at >= parts.size() || cancelled.load(std::memory_order_relaxed))
        return;
      const LayerTask &task = tasks[parts[at].task];
      const PublishedSpace &space = spaces[parts[at].task];
      if (task.protocol == Protocol::inas2021)
        explore_share<PublishedModel>(task, space, parts[at].tr, shares[at], cancelled);
      else
        explore_share<RuntimeModel>(task, space, parts[at].tr, shares[at], cancelled);
    }
  };
  std::vector<std::thread> crew;
  const size_t helpers = std::min<size_t>(threads == 0 ? 1 : threads, parts.size());
  for (size_t i = 1; i < helpers; i++)
    crew.emplace_back(work);
  work();
  for (auto &thread : crew)
    thread.join();
  if (cancelled.load())
    return std::nullopt;

  std::vector<LayerResult> results(tasks.size());
  std::vector<Ranking> rankings(tasks.size(), Ranking(1 + RUNNERS_UP));
  for (size_t at = 0; at < parts.size(); at++) {
    LayerResult &result = results[parts[at].task];
    result.designs_total += shares[at].total;
    result.designs_feasible += shares[at].feasible;
    for (size_t b = 0; b < BINDINGS; b++)
      result.rejections[b].merge(shares[at].rejections[b]);
    rankings[parts[at].task].merge(shares[at].ranking);
  }
  for (size_t i = 0; i < tasks.size(); i++)
    for (const Candidate &candidate : rankings[i].best())
      results[i].best.push_back(cost_design(tasks[i], candidate.design));
  return results;
}

} // namespace brownout
