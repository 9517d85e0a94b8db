#include "explorer.h"

#include "full_explorer.h"
#include "inas2021.h"
#include "parallel.h"
#include "published_space.h"
#include "runtime_model.h"

#include <cmath>
#include <limits>
#include <memory>

namespace brownout {

namespace {

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
  double written_bytes(const bo_design &design) const {
    return inas2021_written_elements(task_.shape, design, task_.power == Power::intermittent) *
           task_.platform->element_bytes;
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
  costed.written_bytes = model.written_bytes(design);
  const bool runs =
      task.power == Power::continuous || costed.energy_max_J <= task.platform->buffer.full_J();
  costed.latency_s =
      runs ? layer_latency_s(task, evaluation) : std::numeric_limits<double>::infinity();
  costed.running_s = evaluation.running_s();
  if (task.protocol == Protocol::brownout)
    costed.overhead = overhead_of(*task.platform, task.shape, design);
  return costed;
}

/** What one thread has found in one share of a layer's space. */
struct Share {
  uint64_t total = 0;
  uint64_t feasible = 0;
  Rejections rejections{};
  Keeper keeper;
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
      const double worst_J = intermittent ? evaluation.worst_J() : Joules(0);
      if (worst_J <= budget_J) {
        share.feasible++;
        // Without charging: the capacitor need not be solved for what is too slow anyway.
        Scores scores{evaluation.running_s(), evaluation.energy_J(), model.written_bytes(design)};
        if (share.keeper.refuses(scores))
          return true;
        scores.latency_s = layer_latency_s(task, evaluation);
        share.keeper.offer(design, scores, static_cast<uint32_t>(model.vm_bytes()));
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

namespace {

/** A share of a task: one tile height. */
struct Part {
  size_t task;
  uint32_t tr;
};

/** Whether nothing is feasible and mending any one limit would not do. */
bool needs_nearest(const LayerResult &result) {
  return result.best.empty() && std::none_of(result.rejections.begin(), result.rejections.end(),
                                             [](const Rejection &r) { return r.has_sole; });
}

template <class Model>
void offer_nearest(const LayerTask &task, NearestMiss &nearest,
                   const std::atomic<bool> &cancelled) {
  Model model(task);
  Evaluation evaluation;
  const Platform &p = *task.platform;
  const PublishedSpace space(task.shape);
  for (uint32_t tr : space.tr)
    for_each_published(task.shape, space, tr, task.power == Power::intermittent,
                       [&](const bo_design &design) {
                         model.place(design);
                         if (!model.aligned(design))
                           return true;
                         model.evaluate(design, evaluation);
                         const double worst_J =
                             task.power == Power::intermittent ? double{evaluation.worst_J()} : 0;
                         nearest.offer(miss_of(p, task.plane_limit_bytes, design, model.vm_bytes(),
                                               model.plane_bytes(), worst_J));
                         return !cancelled.load(std::memory_order_relaxed);
                       });
}

std::vector<Keeper> keepers_of(const std::vector<LayerTask> &tasks) {
  std::vector<Keeper> keepers;
  for (const LayerTask &task : tasks)
    keepers.emplace_back(task.objective);
  return keepers;
}

void explore_published(const std::vector<LayerTask> &tasks, unsigned threads,
                       const std::atomic<bool> &cancelled, std::vector<LayerResult> &results) {
  std::vector<PublishedSpace> spaces;
  std::vector<Part> parts;
  for (size_t i = 0; i < tasks.size(); i++) {
    spaces.emplace_back(tasks[i].shape);
    if (tasks[i].space == Space::published)
      for (uint32_t tr : spaces.back().tr)
        parts.push_back({i, tr});
  }
  std::vector<Share> shares;
  for (const Part &part : parts)
    shares.push_back({0, 0, {}, Keeper(tasks[part.task].objective)});
  parallel_for(parts.size(), threads, [&](size_t at) {
    const LayerTask &task = tasks[parts[at].task];
    const PublishedSpace &space = spaces[parts[at].task];
    if (task.protocol == Protocol::inas2021)
      explore_share<PublishedModel>(task, space, parts[at].tr, shares[at], cancelled);
    else
      explore_share<RuntimeModel>(task, space, parts[at].tr, shares[at], cancelled);
  });
  if (cancelled.load())
    return;
  std::vector<Keeper> keepers = keepers_of(tasks);
  for (size_t at = 0; at < parts.size(); at++) {
    LayerResult &result = results[parts[at].task];
    result.designs_total += shares[at].total;
    result.designs_feasible += shares[at].feasible;
    for (size_t b = 0; b < BINDINGS; b++)
      result.rejections[b].merge(shares[at].rejections[b]);
    keepers[parts[at].task].merge(shares[at].keeper);
  }
  parallel_for(tasks.size(), threads, [&](size_t i) {
    for (const bo_design &design : keepers[i].designs())
      results[i].best.push_back(cost_design(tasks[i], design));
    if (tasks[i].space != Space::published || !needs_nearest(results[i]))
      return;
    NearestMiss &nearest = results[i].nearest.emplace();
    if (tasks[i].protocol == Protocol::inas2021)
      offer_nearest<PublishedModel>(tasks[i], nearest, cancelled);
    else
      offer_nearest<RuntimeModel>(tasks[i], nearest, cancelled);
  });
}

/** One bound per platform; building it takes some thousand solutions of the capacitor. */
std::vector<std::shared_ptr<const ChargeBound>> charge_bounds(const std::vector<LayerTask> &tasks,
                                                              unsigned threads) {
  std::vector<const Platform *> platforms;
  std::vector<size_t> index(tasks.size());
  for (size_t i = 0; i < tasks.size(); i++) {
    if (tasks[i].space != Space::full)
      continue;
    const auto known = std::find_if(platforms.begin(), platforms.end(), [&](const Platform *p) {
      return p == tasks[i].platform || *p == *tasks[i].platform;
    });
    index[i] = static_cast<size_t>(known - platforms.begin());
    if (known == platforms.end())
      platforms.push_back(tasks[i].platform);
  }
  std::vector<std::shared_ptr<const ChargeBound>> bounds(platforms.size());
  parallel_for(platforms.size(), threads,
               [&](size_t i) { bounds[i] = std::make_shared<const ChargeBound>(*platforms[i]); });
  std::vector<std::shared_ptr<const ChargeBound>> of_task(tasks.size());
  for (size_t i = 0; i < tasks.size(); i++)
    if (tasks[i].space == Space::full)
      of_task[i] = bounds[index[i]];
  return of_task;
}

void explore_full(const std::vector<LayerTask> &tasks, unsigned threads,
                  const std::atomic<bool> &cancelled, FullExplorer::Clock::time_point until,
                  std::vector<LayerResult> &results) {
  const auto bounds = charge_bounds(tasks, threads);
  std::vector<std::unique_ptr<const FullExplorer>> explorers(tasks.size());
  std::vector<size_t> full;
  std::vector<Part> parts;
  for (size_t i = 0; i < tasks.size(); i++) {
    if (tasks[i].space != Space::full)
      continue;
    full.push_back(i);
    explorers[i] = std::make_unique<const FullExplorer>(tasks[i], *bounds[i]);
    const Sizes &trs = explorers[i]->space().range(0);
    for (uint32_t tr = trs.from; tr <= trs.to; tr++)
      parts.push_back({i, tr});
  }

  std::vector<std::vector<FullExplorer::Seed>> seeds(parts.size());
  parallel_for(parts.size(), threads, [&](size_t at) {
    seeds[at] = explorers[parts[at].task]->seeds(parts[at].tr, cancelled);
  });
  std::vector<std::vector<FullExplorer::Seed>> of_task(tasks.size());
  for (size_t at = 0; at < parts.size(); at++)
    of_task[parts[at].task].insert(of_task[parts[at].task].end(), seeds[at].begin(),
                                   seeds[at].end());
  std::vector<Keeper> starts = keepers_of(tasks);
  parallel_for(full.size(), threads, [&](size_t at) {
    const size_t i = full[at];
    starts[i] = explorers[i]->start(std::move(of_task[i]), cancelled);
  });

  std::vector<std::optional<FullExplorer::Part>> found(parts.size());
  parallel_for(parts.size(), threads, [&](size_t at) {
    const size_t i = parts[at].task;
    found[at] = explorers[i]->explore(parts[at].tr, starts[i], until, cancelled);
  });
  if (cancelled.load())
    return;

  std::vector<Keeper> keepers = keepers_of(tasks);
  std::vector<double> open(tasks.size(), std::numeric_limits<double>::infinity());
  for (size_t i : full)
    results[i].coverage = Coverage{};
  for (size_t at = 0; at < parts.size(); at++) {
    const size_t i = parts[at].task;
    LayerResult &result = results[i];
    *result.coverage += found[at]->coverage;
    result.designs_feasible += found[at]->feasible;
    for (size_t b = 0; b < BINDINGS; b++)
      result.rejections[b].merge(found[at]->rejections[b]);
    keepers[i].merge(found[at]->keeper);
    if (!found[at]->complete) {
      result.proven_optimal = false;
      if (!seeds[at].empty())
        open[i] = std::min(open[i], seeds[at].front().bound);
    }
  }
  std::vector<Part> unexplained;
  for (size_t i : full) {
    LayerResult &result = results[i];
    result.designs_total = result.coverage->total = explorers[i]->space().total();
    result.coverage->unvisited = result.designs_total - result.coverage->covered();
    if (!result.proven_optimal)
      keepers[i].merge(starts[i]);
    for (const bo_design &design : keepers[i].designs())
      result.best.push_back(cost_design(tasks[i], design));
    result.lower_bound = open[i];
    if (!result.best.empty())
      result.lower_bound = std::min(open[i], result.best.front().scores().of(tasks[i].objective));
    if (result.best.empty() && result.proven_optimal) {
      const Sizes &trs = explorers[i]->space().range(0);
      for (uint32_t tr = trs.from; tr <= trs.to; tr++)
        unexplained.push_back({i, tr});
    }
  }
  std::vector<FullExplorer::Explanation> reasons(unexplained.size());
  parallel_for(unexplained.size(), threads, [&](size_t at) {
    reasons[at] = explorers[unexplained[at].task]->explain(unexplained[at].tr, cancelled);
  });
  for (size_t at = 0; at < unexplained.size(); at++) {
    LayerResult &result = results[unexplained[at].task];
    for (size_t b = 0; b < BINDINGS; b++)
      result.rejections[b].merge(reasons[at].rejections[b]);
    if (!result.nearest)
      result.nearest.emplace();
    result.nearest->offer(reasons[at].nearest);
  }
  for (size_t i : full)
    if (results[i].nearest && !needs_nearest(results[i]))
      results[i].nearest.reset();
}

} // namespace

std::optional<std::vector<LayerResult>> explore_layers(const std::vector<LayerTask> &tasks,
                                                       unsigned threads,
                                                       const std::atomic<bool> &cancelled,
                                                       double time_limit_s) {
  using Clock = FullExplorer::Clock;
  auto until = Clock::time_point::max();
  if (time_limit_s < 1e9)
    until = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(time_limit_s));
  std::vector<LayerResult> results(tasks.size());
  explore_published(tasks, threads, cancelled, results);
  explore_full(tasks, threads, cancelled, until, results);
  if (cancelled.load())
    return std::nullopt;
  return results;
}

} // namespace brownout
