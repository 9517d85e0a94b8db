#include "overhead.h"

#include "layer_totals.h"

namespace brownout {

namespace {

/** Loops that say which tile a buffer holds. */
struct Depends {
  bool on[4];
};

/**
 * How often a batch begins with the tile of a buffer that the batch before ended with, over the
 * tiles of the buffer once each. Between two batches one loop steps on and those inside it begin
 * anew, which shows where they have more than one turn.
 */
double reloads(const bo_nest &nest, const bo_design &design, const Depends &depends,
               bool first_visit_only) {
  const int outer = 4 - nest.sweep_loops;
  // A bias is loaded at the first visit only: with N = 0, and of a sweep over N in its first batch.
  const auto turns = [&](uint8_t loop) -> double {
    if (depends.on[loop])
      return 1;
    return first_visit_only && loop == BO_N ? 1 : nest.trips[loop];
  };
  bool within = true;
  for (int i = outer; i < 4; i++)
    within &= !depends.on[design.order[i]];
  double times = 0, before = 1;
  for (int i = 0; i < outer; i++) {
    const uint8_t loop = design.order[i];
    bool same = !depends.on[loop] && !(first_visit_only && loop == BO_N);
    for (int inside = i + 1; inside < 4; inside++)
      same &= !depends.on[design.order[inside]] || nest.trips[design.order[inside]] == 1;
    if (same)
      times += before * (nest.trips[loop] - 1);
    before *= turns(loop);
  }
  if (within && !(first_visit_only && design.order[3] == BO_N))
    times += before * (nest.chunks - 1);
  return times;
}

} // namespace

Overhead with_batches(Overhead o, const Platform &p, const bo_shape &shape,
                      const bo_design &design) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const LayerTotals totals(p, shape);
  const TileTotals tile = totals.tile(std::min<uint32_t>(design.tr, totals.most_rows()),
                                      std::min<uint32_t>(design.tc, totals.most_columns()),
                                      std::min(design.tm, shape.m), std::min(design.tn, shape.n));
  const bool own = tile.own_channels, pool = shape.kind == BO_GLOBAL_AVG_POOL;
  o.preservation += (bo_visits(&design, &nest) - 1.0) * totals.visit(tile, design);
  // By R, C, M, N. A pool's N counts its input tiles.
  const Depends input = pool  ? Depends{{false, false, true, true}}
                        : own ? Depends{{true, true, true, false}}
                              : Depends{{true, true, false, true}};
  o.recovery += reloads(nest, design, input, false) * tile.input;
  o.recovery += reloads(nest, design, {{false, false, true, !own}}, false) * tile.weights;
  o.recovery += reloads(nest, design, {{false, false, true, false}}, true) * tile.bias;
  return o;
}

Overhead overhead_of(const Platform &p, const bo_shape &shape, const bo_design &design) {
  const double batches = bo_nest_make(&shape, &design).batches;
  const Overhead records{batches * p.record(), batches * (p.reboot + 2.0 * p.nvm_read.of(8))};
  return with_batches(records, p, shape, design);
}

OverheadShares shares_of(const Overhead &overhead, const Cost &total, double latency_s) {
  const auto energy = [&](const Cost &part) {
    return total.energy_J > 0 ? part.energy_J / total.energy_J : 0.0;
  };
  const double charging_s = latency_s - total.latency_s;
  const auto time = [&](const Cost &part) {
    return latency_s > 0 ? (part.latency_s + energy(part) * charging_s) / latency_s : 0.0;
  };
  return {time(overhead.preservation), energy(overhead.preservation), time(overhead.recovery),
          energy(overhead.recovery)};
}

} // namespace brownout
