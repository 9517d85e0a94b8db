#include "explorer.h"

#include "full_explorer.h"
#include "parallel.h"
#include "published_explorer.h"
#include "published_model.h"
#include "runtime_model.h"

#include <cmath>
#include <limits>
#include <memory>

namespace brownout {

namespace {

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
  costed.batches = bo_nest_make(&task.shape, &design).batches;
  costed.vm_bytes = static_cast<uint32_t>(model.vm_bytes());
  costed.vm = model.layout();
  costed.plane_bytes = static_cast<uint32_t>(model.plane_bytes());
  costed.written_bytes = model.written_bytes(design);
  const bool runs =
      task.power == Power::continuous || costed.energy_max_J <= task.platform->buffer.full_J();
  costed.latency_s =
      runs ? layer_latency_s(task, evaluation) : std::numeric_limits<double>::infinity();
  costed.running_s = evaluation.running_s();
  if (task.protocol != Protocol::brownout)
    return costed;
  if (sleeps_after_commits(design.scheme)) {
    costed.overhead = overhead_of(*task.platform, task.shape, design);
    return costed;
  }
  // An inference under scheme ideal takes one power cycle, which belongs to no layer.
  if (design.scheme == BO_SCHEME_IDEAL)
    costed.power_cycles = 0;
  costed.overhead = overhead_until_failure(*task.platform, task.shape, design, evaluation);
  return costed;
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

std::vector<Keeper> keepers_of(const std::vector<LayerTask> &tasks) {
  std::vector<Keeper> keepers;
  for (const LayerTask &task : tasks)
    keepers.emplace_back(task.objective);
  return keepers;
}

/** One bound per platform; building it takes some thousand solutions of the capacitor. */
std::vector<std::shared_ptr<const ChargeBound>> charge_bounds(const std::vector<LayerTask> &tasks,
                                                              unsigned threads,
                                                              const std::atomic<bool> &cancelled) {
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
  parallel_for(platforms.size(), threads, [&](size_t i) {
    if (!cancelled.load(std::memory_order_relaxed))
      bounds[i] = std::make_shared<const ChargeBound>(*platforms[i]);
  });
  std::vector<std::shared_ptr<const ChargeBound>> of_task(tasks.size());
  for (size_t i = 0; i < tasks.size(); i++)
    if (tasks[i].space == Space::full)
      of_task[i] = bounds[index[i]];
  return of_task;
}

void explore_full(const std::vector<LayerTask> &tasks, unsigned threads,
                  const std::atomic<bool> &cancelled, FullExplorer::Clock::time_point until,
                  std::vector<LayerResult> &results) {
  const auto bounds = charge_bounds(tasks, threads, cancelled);
  if (cancelled.load())
    return;
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
    result.designs_total = result.coverage->total = explorers[i]->total();
    result.designs_visited = result.coverage->visited;
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
    if (results[i].nearest && !results[i].needs_nearest())
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
