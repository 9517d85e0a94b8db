#include "full_explorer.h"

#include "alignment.h"

#include <cmath>
#include <limits>

namespace brownout {

namespace {

/** Of each tile height, and of those tried in all. */
constexpr size_t SEEDS = 8;
constexpr size_t TRIED_SEEDS = 24;
/** Far more than the rounding of the closed form: it must not refuse what just fits. */
constexpr double UP = 1 + 1e-9;

Rejection &of(Rejections &rejections, Binding binding) {
  return rejections[static_cast<size_t>(binding)];
}

uint64_t ceil_div(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

/** The largest S that splits a sweep into at least so many batches. */
uint64_t largest_size(uint64_t sweep, uint64_t chunks) {
  return chunks <= 1 ? sweep : (sweep - 1) / (chunks - 1);
}

} // namespace

struct FullExplorer::Search {
  Search(const LayerTask &task, Keeper keeper, const std::atomic<bool> &stop)
      : model(task), part{std::move(keeper)}, cancelled(stop) {}

  RuntimeModel model;
  Evaluation evaluation;
  Part part;
  const std::atomic<bool> &cancelled;
};

FullExplorer::FullExplorer(const LayerTask &task, const ChargeBound &charge)
    : task_(task),
      objectives_(task.objective == Objective::pareto
                      ? std::vector{Objective::latency, Objective::energy, Objective::wear}
                      : std::vector{task.objective}),
      charge_(charge), space_(task.shape, task.pins), totals_(*task.platform, task.shape),
      budget_J_(task.platform->buffer.safe_J()), sleeps_(sleeps_after_commits(task.scheme)),
      group_sizes_(group_sizes(task.shape, task.scheme, task.b)),
      boot_(boot_cost(*task.platform, task.shape, task.scheme, 0)) {}

bo_design FullExplorer::design_of(const TileTotals &tile, const Order &order, uint64_t s) const {
  bo_design d{};
  d.tr = static_cast<uint16_t>(tile.rows->tile), d.tc = static_cast<uint16_t>(tile.columns->tile);
  d.tm = static_cast<uint16_t>(tile.tm), d.tn = static_cast<uint16_t>(tile.tn);
  std::memcpy(d.order, order.loops, 4);
  d.span = space_.spans().front();
  d.s = static_cast<uint16_t>(s);
  d.scheme = task_.scheme, d.b = group_sizes_.front();
  return d;
}

uint64_t FullExplorer::vm_of(const TileTotals &tile) const {
  return static_cast<uint64_t>(tile.input_vm) + tile.weights_vm + tile.bias_vm + tile.block_vm;
}

/**
 * Calls visit(tile) for every tile that fits in VM, too_large(tile, sizes of a box) for the rest:
 * VM grows with every size, so beyond a tile that does not fit none does. Stops when visit says
 * false.
 */
template <class TooLarge, class Visit>
bool FullExplorer::for_each_tile(uint32_t tr, const TooLarge &too_large, const Visit &visit) const {
  const Sizes &tcs = space_.range(1), &tms = space_.range(2), &tns = space_.range(3);
  for (uint32_t tc = tcs.from; tc <= tcs.to; tc++) {
    bool first_tm_fits = true;
    for (uint32_t tm = tms.from; tm <= tms.to; tm++) {
      bool first_tn_fits = true;
      for (uint32_t tn = tns.from; tn <= tns.to; tn++) {
        const TileTotals tile = totals_.tile(tr, tc, tm, tn);
        if (vm_of(tile) <= task_.platform->vm_bytes) {
          if (!visit(tile))
            return false;
          continue;
        }
        first_tn_fits = tn > tns.from;
        first_tm_fits = first_tn_fits || tm > tms.from;
        if (first_tn_fits)
          too_large(tile, Sizes{tc, tc}, Sizes{tm, tm}, Sizes{tn, tns.to});
        else if (first_tm_fits)
          too_large(tile, Sizes{tc, tc}, Sizes{tm, tms.to}, tns);
        else
          too_large(tile, Sizes{tc, tcs.to}, tms, tns);
        break;
      }
      if (!first_tn_fits)
        break;
    }
    if (!first_tm_fits)
      break;
  }
  return true;
}

unsigned FullExplorer::aligned_spans(const TileTotals &tile) const {
  unsigned aligned = 0;
  for (uint8_t span : space_.spans())
    aligned |= 1u << span;
  if (task_.shape.kind != BO_CONV || task_.platform->length_multiple == 1)
    return aligned;
  const uint32_t tr = tile.rows->tile, tc = tile.columns->tile;
  const uint32_t last_columns = task_.shape.c % tc, rest = task_.shape.n % tile.tn;
  for (uint8_t span : space_.spans())
    for (uint32_t columns : {tc, last_columns})
      for (uint32_t depth : {tile.tn, rest})
        if (columns > 0 && depth > 0 && !even_vectors(task_.shape, span, tr, columns, depth))
          aligned &= ~(1u << span);
  return aligned;
}

uint8_t FullExplorer::best_span(const TileTotals &tile, unsigned aligned) const {
  const bo_shape &s = task_.shape;
  const auto allows = [&](int span) { return (aligned >> span & 1) != 0; };
  uint8_t best = allows(2) ? 2 : allows(1) ? 1 : 0;
  const bool window_is_row = tile.columns->ones == 0 || s.kernel_h == 1;
  const bool row_is_channel = s.kernel_w == 1;
  const bool window_is_channel =
      row_is_channel && window_is_row && (s.kernel_h == 1 || tile.columns->ones == 0);
  if (best == 2 && allows(1) && window_is_row)
    best = 1;
  if (best == 2 && allows(0) && window_is_channel)
    best = 0;
  if (best == 1 && allows(0) && row_is_channel)
    best = 0;
  return best;
}

Scores FullExplorer::bounds(const OrderTotals &order, uint64_t chunks, double most_J) const {
  const auto k = static_cast<double>(chunks);
  if (!sleeps_) {
    // Groups only add transfers, marks and states to it, and a failure costs more than its boot.
    const Cost work = work_at_least(order, chunks);
    const double records = task_.scheme == BO_SCHEME_IDEAL ? 0 : BO_RECORD_BYTES;
    const double bytes = order.fixed_bytes + k * order.each_bytes + records;
    if (task_.scheme == BO_SCHEME_IDEAL)
      return {work.latency_s / UP, work.energy_J / UP, bytes};
    const Cost failure = failure_cost(boot_, has_groups(task_.scheme) ? Cost{} : work);
    const UntilFailure least = until_failure(task_.platform->buffer, work, failure);
    return {least.latency_s() / UP, least.total.energy_J / UP, bytes};
  }
  const double cycles = order.outer * k;
  const Cost total = order.fixed + k * order.each + cycles * totals_.cycle();
  const bool timed = objectives_.front() == Objective::latency;
  return {timed ? charge_.at_least_s(total, most_J) : 0, total.energy_J / UP,
          order.fixed_bytes + k * order.each_bytes + cycles * BO_RECORD_BYTES};
}

Cost FullExplorer::work_at_least(const OrderTotals &order, uint64_t chunks) const {
  const Cost record = task_.scheme == BO_SCHEME_IDEAL ? Cost{} : task_.platform->record();
  return order.fixed + static_cast<double>(chunks) * order.each + record;
}

double FullExplorer::least_unit_J(const OrderTotals &order, uint64_t chunks) const {
  const double unit_J =
      has_groups(task_.scheme) ? 0.0 : double{work_at_least(order, chunks).energy_J};
  return boot_.energy_J + unit_J;
}

uint64_t FullExplorer::least_chunks(const OrderTotals &order) const {
  // Without a commit behind each batch the largest batches take the least energy.
  if (!sleeps_)
    return 1;
  // fixed + k (each + outer * cycle) <= k * outer * budget
  const double room =
      order.outer * (budget_J_ * UP - totals_.cycle().energy_J) - order.each.energy_J;
  if (room <= 0)
    return order.fixed.energy_J > 0 || room < 0 ? 0 : 1;
  const double chunks = order.fixed.energy_J / room;
  if (chunks > static_cast<double>(order.sweep))
    return 0;
  return chunks <= 1 ? 1 : static_cast<uint64_t>(std::ceil(chunks * (1 - 1e-12)));
}

double FullExplorer::most_J(const OrderTotals &order, uint64_t s) const {
  return std::min(budget_J_,
                  (order.fixed_most_J + static_cast<double>(s) * order.tile_most_J) * UP);
}

void FullExplorer::try_design(bo_design design, Search &search) const {
  for (uint16_t b : group_sizes_)
    design.b = b, try_one(design, search);
}

void FullExplorer::try_one(const bo_design &design, Search &search) const {
  search.part.coverage.visited++;
  search.model.place(design);
  search.model.evaluate(design, search.evaluation);
  const double worst_J = search.evaluation.worst_J();
  if (worst_J > budget_J_) {
    Rejection &rejection = of(search.part.rejections, Binding::energy);
    rejection.count++;
    rejection.offer_sole({design, worst_J - budget_J_});
    return;
  }
  search.part.feasible++;
  Scores scores{search.evaluation.running_s(), search.evaluation.energy_J(),
                search.model.written_bytes(design)};
  if (search.part.keeper.refuses(scores))
    return;
  scores.latency_s = layer_latency_s(task_, search.evaluation);
  search.part.keeper.offer(design, scores, static_cast<uint32_t>(search.model.vm_bytes()));
}

void FullExplorer::walk(const TileTotals &tile, const Order &order, unsigned aligned,
                        Search &search) const {
  Coverage &coverage = search.part.coverage;
  Rejections &rejections = search.part.rejections;
  const bool reduces = order.loops[3] == BO_N;
  const uint64_t sweep = tile.trips.of(sweep_of(order.loops), space_.pool());
  const uint64_t sizes = space_.batch_sizes(sweep), each = group_sizes_.size();
  if (sizes == 0)
    return;
  uint64_t from = space_.pins().s == 0 ? 1 : space_.pins().s;
  uint64_t to = from + sizes - 1;

  const auto spans = static_cast<uint64_t>(__builtin_popcount(aligned));
  const uint64_t refused = (space_.spans().size() - spans) * sizes * each;
  if (refused > 0) {
    coverage.alignment += refused;
    of(rejections, Binding::alignment).count += refused;
    of(rejections, Binding::alignment).offer_any({design_of(tile, order, from), 1});
  }
  if (spans == 0)
    return;
  coverage.span += (spans - 1) * sizes * each;
  const uint8_t span = best_span(tile, aligned);
  const auto design_at = [&](uint64_t s) {
    bo_design design = design_of(tile, order, s);
    design.span = span;
    return design;
  };

  if (!reduces) {
    const uint64_t limit = task_.platform->vm_bytes, base = vm_of(tile) - tile.block_vm;
    const uint64_t fits = (limit - base) / tile.block_vm;
    if (to > fits) {
      const uint64_t least = std::max(from, fits + 1);
      coverage.vm += (to - least + 1) * each;
      of(rejections, Binding::vm).count += (to - least + 1) * each;
      of(rejections, Binding::vm)
          .offer_any({design_at(least), static_cast<double>(base + least * tile.block_vm - limit)});
      if (fits < from)
        return;
      to = fits;
    }
  }
  const OrderTotals totals = totals_.order(tile, order, span);
  if (totals.plane_bytes > task_.plane_limit_bytes) {
    // Only a batch of the whole sweep needs no planes, where N is swept.
    const bool whole = totals.planes_need_chunks && to == sweep;
    const uint64_t last = whole ? to - 1 : to;
    if (last >= from) {
      const double over = 2 * static_cast<double>(totals.plane_bytes - task_.plane_limit_bytes);
      coverage.nvm += (last - from + 1) * each;
      of(rejections, Binding::nvm).count += (last - from + 1) * each;
      of(rejections, Binding::nvm).offer_any({design_at(from), over});
    }
    if (!whole)
      return;
    from = to;
  }

  const uint64_t least = least_chunks(totals);
  const bool never =
      least == 0 || (!sleeps_ && least_unit_J(totals, ceil_div(sweep, to)) > budget_J_ * UP);
  const uint64_t most_size = never ? 0 : largest_size(sweep, least);
  if (to > most_size) {
    const uint64_t first = std::max(from, most_size + 1);
    coverage.energy += (to - first + 1) * each;
    Rejection &rejection = of(rejections, Binding::energy);
    rejection.count += (to - first + 1) * each;
    if (!rejection.has_sole) {
      const bo_design witness = design_at(first);
      search.model.place(witness);
      search.model.evaluate(witness, search.evaluation);
      rejection.offer_sole({witness, search.evaluation.worst_J() - budget_J_});
    }
    if (most_size < from)
      return;
    to = most_size;
  }

  for (uint64_t s = to; s >= from && s > 0;) {
    const uint64_t chunks = ceil_div(sweep, s);
    const uint64_t lowest = std::max(from, ceil_div(sweep, chunks));
    // Fewer tiles in a batch are more batches of less energy each: the bound only rises.
    if (search.part.keeper.refuses(bounds(totals, chunks, most_J(totals, s)))) {
      coverage.bound += (s - from + 1) * each;
      return;
    }
    for (uint64_t size = s; size >= lowest && size > 0; size--) {
      if (search.cancelled.load(std::memory_order_relaxed))
        return;
      try_design(design_at(size), search);
    }
    s = lowest - 1;
  }
}

std::vector<FullExplorer::Seed> FullExplorer::seeds(uint32_t tr,
                                                    const std::atomic<bool> &cancelled) const {
  std::vector<std::vector<Seed>> best(objectives_.size());
  const auto before = [](const Seed &a, const Seed &b) { return a.bound < b.bound; };
  for_each_tile(
      tr, [](const TileTotals &, const Sizes &, const Sizes &, const Sizes &) {},
      [&](const TileTotals &tile) {
        const unsigned aligned = aligned_spans(tile);
        if (aligned == 0)
          return !cancelled.load(std::memory_order_relaxed);
        const uint8_t span = best_span(tile, aligned);
        for (const Order &order : space_.orders()) {
          const uint64_t sweep = tile.trips.of(sweep_of(order.loops), space_.pool());
          if (space_.batch_sizes(sweep) == 0)
            continue;
          uint64_t to = space_.pins().s != 0 ? space_.pins().s : std::min(sweep, FullSpace::MOST_S);
          if (order.loops[3] != BO_N)
            to = std::min(to, (task_.platform->vm_bytes - (vm_of(tile) - tile.block_vm)) /
                                  tile.block_vm);
          if (to == 0)
            continue;
          const OrderTotals totals = totals_.order(tile, order, span);
          const uint64_t least = least_chunks(totals);
          if (least == 0)
            continue;
          const uint64_t chunks = std::max(ceil_div(sweep, to), least);
          if (!sleeps_ && least_unit_J(totals, chunks) > budget_J_ * UP)
            continue;
          const Scores least_scores = bounds(totals, chunks, most_J(totals, to));
          for (size_t i = 0; i < objectives_.size(); i++) {
            auto &kept = best[i];
            const double score = least_scores.of(objectives_[i]);
            if (kept.size() == SEEDS && score >= kept.back().bound)
              continue;
            const Seed seed{objectives_[i], score, design_of(tile, order, to)};
            kept.insert(std::upper_bound(kept.begin(), kept.end(), seed, before), seed);
            if (kept.size() > SEEDS)
              kept.pop_back();
          }
        }
        return !cancelled.load(std::memory_order_relaxed);
      });
  std::vector<Seed> all;
  for (const auto &kept : best)
    all.insert(all.end(), kept.begin(), kept.end());
  return all;
}

Keeper FullExplorer::start(std::vector<Seed> seeds, const std::atomic<bool> &cancelled) const {
  std::stable_sort(seeds.begin(), seeds.end(),
                   [](const Seed &a, const Seed &b) { return a.bound < b.bound; });
  Search search(task_, Keeper(task_.objective), cancelled);
  for (Objective objective : objectives_) {
    size_t tried = 0;
    for (const Seed &seed : seeds) {
      if (seed.objective != objective || tried++ >= TRIED_SEEDS)
        continue;
      const bo_design &d = seed.design;
      const TileTotals tile = totals_.tile(d.tr, d.tc, d.tm, d.tn);
      Order order;
      std::memcpy(order.loops, d.order, 4);
      walk(tile, order, aligned_spans(tile), search);
    }
  }
  return std::move(search.part.keeper);
}

FullExplorer::Part FullExplorer::explore(uint32_t tr, const Keeper &start, Clock::time_point until,
                                         const std::atomic<bool> &cancelled) const {
  Search search(task_, start.follower(), cancelled);
  Coverage &coverage = search.part.coverage;
  const uint64_t vm_limit = task_.platform->vm_bytes;
  const Sizes one_tr{tr, tr};
  const auto too_large = [&](const TileTotals &tile, const Sizes &tc, const Sizes &tm,
                             const Sizes &tn) {
    const DesignCount count = space_.count(one_tr, tc, tm, tn) * group_sizes_.size();
    coverage.vm += count;
    of(search.part.rejections, Binding::vm).count += static_cast<uint64_t>(count);
    of(search.part.rejections, Binding::vm)
        .offer_any({design_of(tile, space_.orders().front(), 1),
                    static_cast<double>(vm_of(tile) - vm_limit)});
  };
  if (space_.orders().empty())
    return search.part;
  unsigned looks = 0;
  search.part.complete = for_each_tile(tr, too_large, [&](const TileTotals &tile) {
    if (cancelled.load(std::memory_order_relaxed) ||
        (until != Clock::time_point::max() && looks++ % 64 == 0 && Clock::now() > until))
      return false;
    DesignCount canonical = 0;
    const unsigned aligned = aligned_spans(tile);
    for (const Order &order : space_.orders()) {
      canonical += space_.batch_sizes(tile.trips.of(sweep_of(order.loops), space_.pool())) *
                   space_.spans().size();
      walk(tile, order, aligned, search);
    }
    const uint32_t tc = tile.columns->tile;
    coverage.order +=
        (space_.count(one_tr, {tc, tc}, {tile.tm, tile.tm}, {tile.tn, tile.tn}) - canonical) *
        group_sizes_.size();
    return true;
  });
  return search.part;
}

FullExplorer::Explanation FullExplorer::explain(uint32_t tr,
                                                const std::atomic<bool> &cancelled) const {
  Explanation found{};
  RuntimeModel model(task_);
  Evaluation evaluation;
  const Platform &p = *task_.platform;
  const auto over = [](uint64_t value, uint64_t limit) {
    return value > limit ? static_cast<double>(value - limit) : 0.0;
  };
  const auto excess = [&](double vm_over, double nvm_over, double over_J) {
    return vm_over / p.vm_bytes + nvm_over / p.nvm_bytes + over_J / budget_J_;
  };
  // Whether a design that misses by at least this could be named.
  const auto matters = [&](double vm_over, double nvm_over, double over_J) {
    const int misses = (vm_over > 0) + (nvm_over > 0) + (over_J > 0);
    if (misses == 0 || excess(vm_over, nvm_over, over_J) <= found.nearest.excess)
      return true;
    if (misses > 1)
      return false;
    const Binding binding = vm_over > 0    ? Binding::vm
                            : nvm_over > 0 ? Binding::nvm
                                           : Binding::energy;
    return of(found.rejections, binding).could_be_sole(vm_over + nvm_over + over_J);
  };
  const auto look = [&](const TileTotals &tile) {
    if (!matters(over(vm_of(tile), p.vm_bytes), 0, 0))
      return false;
    const unsigned aligned = aligned_spans(tile);
    if (aligned == 0)
      return true;
    const uint8_t span = best_span(tile, aligned);
    for (const Order &order : space_.orders()) {
      const OrderTotals totals = totals_.order(tile, order, span);
      const uint64_t sizes = space_.batch_sizes(totals.sweep);
      if (sizes == 0)
        continue;
      const uint64_t from = space_.pins().s == 0 ? 1 : space_.pins().s;
      // One tile at a time takes least VM and energy; only where N is swept, fewer visits of the
      // partial sums may be worth more tiles.
      // Where a unit of progress is a layer, larger batches take less energy.
      const bool layers = !sleeps_ && !has_groups(task_.scheme);
      const uint64_t to = order.loops[3] == BO_N || layers ? from + sizes - 1 : from;
      for (uint64_t s = from; s <= to && !cancelled.load(std::memory_order_relaxed); s++) {
        const uint64_t chunks = ceil_div(totals.sweep, s);
        const double cycles = totals.outer * static_cast<double>(chunks);
        const double mean_J =
            sleeps_ ? (totals.fixed.energy_J + static_cast<double>(chunks) * totals.each.energy_J) /
                              cycles +
                          totals_.cycle().energy_J
                    : least_unit_J(totals, chunks);
        const bool planes = !totals.planes_need_chunks || chunks > 1;
        const double nvm_over = planes ? 2 * over(totals.plane_bytes, task_.plane_limit_bytes) : 0;
        if (!matters(over(vm_of(tile), p.vm_bytes), nvm_over,
                     std::max(0.0, mean_J / UP - budget_J_)))
          continue;
        bo_design design = design_of(tile, order, s);
        design.span = span;
        for (uint16_t b : group_sizes_) {
          design.b = b;
          model.place(design);
          model.evaluate(design, evaluation);
          const NearestMiss miss = miss_of(p, task_.plane_limit_bytes, design, model.vm_bytes(),
                                           model.plane_bytes(), evaluation.worst_J());
          found.nearest.offer(miss);
          if (std::count_if(miss.over.begin(), miss.over.end(), [](double by) { return by > 0; }) >
              1)
            continue;
          for (size_t binding = 0; binding < BINDINGS; binding++)
            if (miss.over[binding] > 0)
              found.rejections[binding].offer_sole({design, miss.over[binding]});
        }
      }
    }
    return true;
  };
  for (uint32_t tc = space_.range(1).from; tc <= space_.range(1).to; tc++)
    for (uint32_t tm = space_.range(2).from; tm <= space_.range(2).to; tm++)
      for (uint32_t tn = space_.range(3).from; tn <= space_.range(3).to; tn++) {
        if (cancelled.load(std::memory_order_relaxed))
          return found;
        if (!look(totals_.tile(tr, tc, tm, tn)))
          break;
      }
  return found;
}

} // namespace brownout
