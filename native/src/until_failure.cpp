#include "until_failure.h"

#include "capacitor.h"
#include "unit.h"

#include <limits>
#include <numeric>

namespace brownout {

Cost boot_cost(const Platform &p, const bo_shape &shape, uint8_t scheme, uint32_t probes) {
  CostSink sink(p, Reuse::input);
  sink.boot();
  tell_search(shape, scheme, probes, sink);
  return sink.cost();
}

UntilFailure until_failure(const EnergyBuffer &buffer, const Cost &work, const Cost &failure) {
  UntilFailure all{};
  const double progress_J = buffer.full_J() - failure.energy_J;
  all.recharge_s = charging_s(buffer, buffer.v_off);
  if (!(progress_J > 0)) {
    // A boot takes all that there is: no number of power cycles does it.
    return {1, work, std::numeric_limits<double>::infinity()};
  }
  all.power_cycles = work.energy_J / progress_J;
  all.total = work + all.power_cycles * failure;
  return all;
}

namespace {

/** The worst group of a tile: its work, requantising and transfers; `again` is done before it, less
 * where fewer outputs are left. */
class WorstGroup {
public:
  WorstGroup(const Platform &platform, const bo_shape &shape, const bo_design &design,
             const bo_plane &plane)
      : platform_(platform), shape_(shape), design_(design), plane_(plane) {}

  /** Work on one output's sum; of a window pool at most. */
  Cost of_output(const bo_tile &tile) const {
    CostSink sink(platform_, reuse_of(design_));
    const uint32_t outputs = bo_tile_outputs(&tile);
    if (shape_.kind == BO_MAX_POOL || shape_.kind == BO_AVG_POOL) {
      sink.pool(static_cast<double>(std::min(shape_.kernel_h, shape_.h)) *
                std::min(shape_.kernel_w, shape_.w));
      sink.requantise(static_cast<double>(bo_divided(&shape_, &tile)) / outputs);
      return sink.cost();
    }
    tell_compute(shape_, design_, tile, 0, outputs, sink);
    return 1.0 / outputs * sink.cost();
  }

  /** @param again by output, of the tiles that are computed before the last one `tile` */
  Cost of(const bo_tile &tile, const Cost &again, bool last_visit) const {
    const uint32_t outputs = bo_tile_outputs(&tile), b = design_.b;
    const uint32_t together = computed_together(shape_, tile);
    const uint32_t run = last_visit ? bo_output_run(&shape_, &tile) : bo_plane_run(&plane_, &tile);
    const Cost each = of_output(tile);
    const Cost transfer =
        platform_.nvm_write.fixed + platform_.backup_output[static_cast<int>(reuse_of(design_))];
    const Cost sent =
        (last_visit ? bo_element_bytes(&shape_) / 2.0 : 2.0) * platform_.nvm_write.per_element +
        (last_visit ? 1.0 : 0.0) * platform_.requantise +
        (design_.scheme == BO_SCHEME_STATEFUL ? 1.0 : 0.0) * platform_.add;
    // Where a group begins within a run repeats; of those alike the first repeats most.
    const uint32_t alike = run / std::gcd(run, b);
    const uint32_t groups = std::min(bo_groups(outputs, b), alike);
    Cost most;
    for (uint32_t k = 0; k < groups; k++) {
      const uint32_t from = k * b, to = std::min(from + b, outputs);
      const uint32_t begins = from / together * together;
      const uint32_t computed = bo_ceil_div(to, together) * together - begins;
      const double transfers = (to - 1) / run - from / run + 1.0;
      const Cost cost = static_cast<double>(outputs - begins) * again +
                        static_cast<double>(computed) * each + transfers * transfer +
                        static_cast<double>(to - from) * sent;
      if (cost.energy_J > most.energy_J)
        most = cost;
    }
    return most;
  }

private:
  const Platform &platform_;
  const bo_shape &shape_;
  const bo_design &design_;
  const bo_plane &plane_;
};

/** The most that a boot within such a batch does until the next group is in NVM, boot apart. */
Cost worst_unit(const Platform &platform, const bo_shape &shape, const bo_design &design,
                const bo_plane &plane, const BatchClass &batch) {
  const WorstGroup group(platform, shape, design, plane);
  const bool scales = batch.last_visit && bo_has_scales(&shape);
  if (!bo_reduces_in_batch(&design)) {
    Cost most;
    for (const TileGroup &g : batch.groups) {
      CostSink loads(platform, reuse_of(design));
      tell_loads(shape, design, plane, g.tile, nullptr, batch.first_visit, scales, loads);
      const Cost unit = loads.cost() + group.of(g.tile, {}, batch.last_visit);
      if (unit.energy_J > most.energy_J)
        most = unit;
    }
    return most;
  }
  // Inputs and weights of all tiles, what belongs to the output once; the last tile is of the last
  // kind.
  const TileGroup &last = batch.groups.back();
  CostSink all(platform, reuse_of(design));
  Cost loads, again;
  for (const TileGroup &g : batch.groups) {
    CostSink one(platform, reuse_of(design));
    const bool holds_output = &g != &batch.groups.front();
    tell_loads(shape, design, plane, g.tile, nullptr, batch.first_visit, false, one);
    CostSink output(platform, reuse_of(design));
    const bo_transfers sums = bo_plane_transfers(&plane, &g.tile);
    if (!batch.first_visit)
      output.read_sums(transfer_count(sums), 2u * sums.elements);
    else if (shape.has_bias)
      output.read_weights(1, 2u * g.tile.channels);
    const double extra = g.count - (holds_output ? 0.0 : 1.0);
    loads += static_cast<double>(g.count) * one.cost() + -extra * output.cost();
    again += (g.count - (&g == &last ? 1.0 : 0.0)) * group.of_output(g.tile);
  }
  if (scales)
    all.read_weights(1, 2u * last.tile.channels);
  return loads + all.cost() + group.of(last.tile, again, batch.last_visit);
}

/** All batches and the layer's end. */
struct Sums {
  Cost work, unit;
  double marks;
};

Sums sum_of(BrownoutModel &model, const Platform &platform, const bo_shape &shape,
            const bo_design &design, const bo_nest &nest, const bo_plane &plane) {
  const Reuse reuse = reuse_of(design);
  Sums sums{};
  model.for_each_class(design, nest, [&](const BatchClass &batch, double count) {
    CostSink sink(platform, reuse);
    tell_batch(shape, design, plane, batch, sink);
    sums.work += count * sink.cost();
    sums.marks += count * sink.marks();
    if (!has_groups(design.scheme))
      return;
    const Cost unit = worst_unit(platform, shape, design, plane, batch);
    if (unit.energy_J > sums.unit.energy_J)
      sums.unit = unit;
  });
  CostSink end(platform, reuse);
  tell_layer_end(design.scheme, end);
  sums.work += end.cost(), sums.marks += end.marks();
  if (!has_groups(design.scheme))
    sums.unit = sums.work;
  else if (design.scheme == BO_SCHEME_HAWAII)
    sums.unit += platform.record(); // as the layer's last group, which its record ends
  return sums;
}

} // namespace

void evaluate_until_failure(BrownoutModel &model, const Platform &platform, const bo_shape &shape,
                            const bo_design &design, const bo_nest &nest, const bo_plane &plane,
                            Evaluation &evaluation) {
  const Sums sums = sum_of(model, platform, shape, design, nest, plane);
  const Cost boot = boot_cost(platform, shape, design.scheme, most_probes(shape, design, nest));
  evaluation.classes.clear();
  evaluation.work = sums.work, evaluation.marks = sums.marks;
  evaluation.unit_J = boot.energy_J + sums.unit.energy_J;
  // Power does not fail within a safe inference of ideal: the network adds its one power cycle.
  const UntilFailure all =
      design.scheme == BO_SCHEME_IDEAL
          ? UntilFailure{1, sums.work, 0}
          : until_failure(platform.buffer, sums.work, failure_cost(boot, sums.unit));
  evaluation.recharge_s = all.recharge_s;
  evaluation.classes.push_back({all.power_cycles, 1 / all.power_cycles * all.total});
}

Overhead overhead_until_failure(const Platform &platform, const bo_shape &shape,
                                const bo_design &design, const Evaluation &evaluation) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_plane plane = bo_plane_make(&shape, &design, &nest);
  bo_design ideal = design;
  ideal.scheme = BO_SCHEME_IDEAL;
  BrownoutModel model(platform, shape);
  const Cost least = sum_of(model, platform, shape, ideal, nest, plane).work;
  const Cost total{evaluation.energy_J(), evaluation.running_s()};
  // Marks, states, the record, and transfers that groups cut up; what power failures repeat.
  return with_batches({evaluation.work + -1.0 * least, total + -1.0 * evaluation.work}, platform,
                      shape, design);
}

} // namespace brownout
