#include "published_explorer.h"

#include "parallel.h"
#include "published_model.h"
#include "published_space.h"
#include "runtime_model.h"

namespace brownout {

namespace {

/** What one thread has found in one share of a layer's space. */
struct Share {
  uint64_t total = 0;
  uint64_t visited = 0;
  uint64_t feasible = 0;
  Rejections rejections{};
  Keeper keeper;
};

template <class Model> class ShareExplorer {
public:
  ShareExplorer(const LayerTask &task, Share &share, const std::atomic<bool> &cancelled)
      : task_(task), share_(share), cancelled_(cancelled), model_(task),
        intermittent_(task.power == Power::intermittent), budget_J_(task.platform->buffer.safe_J()),
        group_sizes_(group_sizes(task.shape, task.scheme, task.b)) {}

  void explore(const PublishedSpace &space, uint32_t tr) {
    for_each_sweep(task_.shape, space, tr, intermittent_,
                   [&](bo_design &design, const std::vector<uint32_t> &sizes) {
                     if (cancelled_.load(std::memory_order_relaxed))
                       return false;
                     sweep(design, sizes);
                     return true;
                   });
  }

private:
  void sweep(bo_design &design, const std::vector<uint32_t> &sizes) {
    share_.total += sizes.size() * group_sizes_.size();
    design.scheme = task_.scheme;
    for (size_t k = 0; k < sizes.size(); k++) {
      design.s = static_cast<uint16_t>(sizes[k]);
      for (uint16_t b : group_sizes_) {
        design.b = b;
        share_.visited++;
        const auto missed = look(design);
        if (missed && model_.grows_with_s())
          return skip(design, sizes, k + 1, *missed);
      }
    }
  }

  /** Larger S than one that misses a limit miss it by more: none is a witness of it. */
  void skip(bo_design &design, const std::vector<uint32_t> &sizes, size_t from, Binding missed) {
    for (size_t k = from; k < sizes.size(); k++) {
      if (missed == Binding::energy) {
        design.s = static_cast<uint16_t>(sizes[k]);
        model_.place(design);
        if (const double by = vm_over(); by > 0) {
          missed = Binding::vm;
          of(missed).offer_any({design, by});
        }
      }
      of(missed).count++;
    }
  }

  /** Offers a design to what the share keeps. @returns the limit it misses, the first of several */
  std::optional<Binding> look(const bo_design &design) {
    model_.place(design);
    const bool aligned = model_.aligned(design);
    const double vm = vm_over();
    const double nvm = 2 * over(model_.plane_bytes(), task_.plane_limit_bytes);
    const int misses = !aligned + (vm > 0) + (nvm > 0);
    if (misses == 0)
      return offer(design);
    const Binding reason = !aligned ? Binding::alignment : vm > 0 ? Binding::vm : Binding::nvm;
    const double violation = !aligned ? 1 : vm > 0 ? vm : nvm;
    Rejection &rejection = of(reason);
    rejection.count++;
    rejection.offer_any({design, violation});
    if (misses == 1 && rejection.could_be_sole(violation)) {
      model_.evaluate(design, evaluation_);
      if (!intermittent_ || evaluation_.worst_J() <= budget_J_)
        rejection.offer_sole({design, violation});
    }
    return reason;
  }

  std::optional<Binding> offer(const bo_design &design) {
    model_.evaluate(design, evaluation_);
    const double worst_J = intermittent_ ? evaluation_.worst_J() : Joules(0);
    if (worst_J > budget_J_) {
      of(Binding::energy).count++;
      of(Binding::energy).offer_sole({design, worst_J - budget_J_});
      return Binding::energy;
    }
    share_.feasible++;
    // Without charging: the capacitor need not be solved for what is too slow anyway.
    Scores scores{evaluation_.running_s(), evaluation_.energy_J(), model_.written_bytes(design)};
    if (share_.keeper.refuses(scores))
      return std::nullopt;
    scores.latency_s = layer_latency_s(task_, evaluation_);
    share_.keeper.offer(design, scores, static_cast<uint32_t>(model_.vm_bytes()));
    return std::nullopt;
  }

  static double over(uint64_t value, uint64_t limit) {
    return value > limit ? static_cast<double>(value - limit) : 0.0;
  }
  double vm_over() const { return over(model_.vm_bytes(), task_.platform->vm_bytes); }
  Rejection &of(Binding binding) { return share_.rejections[static_cast<size_t>(binding)]; }

  const LayerTask &task_;
  Share &share_;
  const std::atomic<bool> &cancelled_;
  Model model_;
  Evaluation evaluation_;
  const bool intermittent_;
  const double budget_J_;
  /** Values of B; 0 alone of schemes without groups. */
  const std::vector<uint16_t> group_sizes_;
};

template <class Model>
void explore_share(const LayerTask &task, const PublishedSpace &space, size_t from, size_t to,
                   Share &share, const std::atomic<bool> &cancelled) {
  ShareExplorer<Model> explorer(task, share, cancelled);
  for (size_t at = from; at < to; at++)
    explorer.explore(space, space.tr[at]);
}

/** A share of a task: some of its tile heights, by index. */
struct Part {
  size_t task;
  size_t from, to;
};

/** So many tasks a thread that none waits for another's last one. */
constexpr size_t PLENTY = 32;

std::vector<Part> parts_of(const std::vector<LayerTask> &tasks,
                           const std::vector<PublishedSpace> &spaces, unsigned threads) {
  const bool whole = tasks.size() >= PLENTY * std::max(threads, 1u);
  std::vector<Part> parts;
  for (size_t i = 0; i < tasks.size(); i++) {
    if (tasks[i].space != Space::published)
      continue;
    const size_t heights = spaces[i].tr.size(), step = whole ? heights : 1;
    for (size_t from = 0; from < heights; from += step)
      parts.push_back({i, from, from + step});
  }
  return parts;
}

template <class Model>
void offer_nearest(const LayerTask &task, NearestMiss &nearest,
                   const std::atomic<bool> &cancelled) {
  Model model(task);
  Evaluation evaluation;
  const Platform &p = *task.platform;
  const PublishedSpace space(task.shape);
  const auto sizes = group_sizes(task.shape, task.scheme, task.b);
  const auto look = [&](const bo_design &design) {
    model.place(design);
    if (!model.aligned(design))
      return;
    model.evaluate(design, evaluation);
    const double worst_J = task.power == Power::intermittent ? double{evaluation.worst_J()} : 0;
    nearest.offer(
        miss_of(p, task.plane_limit_bytes, design, model.vm_bytes(), model.plane_bytes(), worst_J));
  };
  for (uint32_t tr : space.tr)
    for_each_published(task.shape, space, tr, task.power == Power::intermittent,
                       [&](bo_design design) {
                         design.scheme = task.scheme;
                         for (uint16_t b : sizes)
                           design.b = b, look(design);
                         return !cancelled.load(std::memory_order_relaxed);
                       });
}

} // namespace

void explore_published(const std::vector<LayerTask> &tasks, unsigned threads,
                       const std::atomic<bool> &cancelled, std::vector<LayerResult> &results) {
  std::vector<PublishedSpace> spaces;
  for (const LayerTask &task : tasks)
    spaces.emplace_back(task.shape);
  const std::vector<Part> parts = parts_of(tasks, spaces, threads);
  std::vector<Share> shares;
  for (const Part &part : parts)
    shares.push_back({0, 0, 0, {}, Keeper(tasks[part.task].objective)});
  parallel_for(parts.size(), threads, [&](size_t at) {
    const auto [i, from, to] = parts[at];
    if (tasks[i].protocol == Protocol::inas2021)
      explore_share<PublishedModel>(tasks[i], spaces[i], from, to, shares[at], cancelled);
    else
      explore_share<RuntimeModel>(tasks[i], spaces[i], from, to, shares[at], cancelled);
  });
  if (cancelled.load())
    return;
  std::vector<Keeper> keepers;
  for (const LayerTask &task : tasks)
    keepers.emplace_back(task.objective);
  for (size_t at = 0; at < parts.size(); at++) {
    LayerResult &result = results[parts[at].task];
    result.designs_total += shares[at].total;
    result.designs_visited += shares[at].visited;
    result.designs_feasible += shares[at].feasible;
    for (size_t b = 0; b < BINDINGS; b++)
      result.rejections[b].merge(shares[at].rejections[b]);
    keepers[parts[at].task].merge(shares[at].keeper);
  }
  parallel_for(tasks.size(), threads, [&](size_t i) {
    for (const bo_design &design : keepers[i].designs())
      results[i].best.push_back(cost_design(tasks[i], design));
    if (tasks[i].space != Space::published || !results[i].needs_nearest())
      return;
    NearestMiss &nearest = results[i].nearest.emplace();
    if (tasks[i].protocol == Protocol::inas2021)
      offer_nearest<PublishedModel>(tasks[i], nearest, cancelled);
    else
      offer_nearest<RuntimeModel>(tasks[i], nearest, cancelled);
  });
}

} // namespace brownout
