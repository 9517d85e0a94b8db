/** The full space against visiting every design of it; its bounds against the walk. */
#include "alignment.h"
#include "check.h"
#include "fixtures.h"
#include "fronts.h"
#include "full_explorer.h"
#include "twin.h"

#include <cstring>

using namespace test;

namespace {

const std::atomic<bool> NEVER{false};

bool same(const bo_design &a, const bo_design &b) { return std::memcmp(&a, &b, sizeof a) == 0; }

Platform random_platform(Dice &dice) {
  Platform p = platform();
  p.vm_bytes = dice.pick(24, 700);
  p.length_multiple = dice.pick(1, 2);
  p.buffer.capacitance_F =
      dice.pick(0, 3) == 0 ? dice.real(0.0002, 0.0004) : dice.real(0.0003, 0.01);
  p.buffer.harvester_ohm = dice.real(20, 70);
  return p;
}

bo_shape small_shape(Dice &dice) {
  if (dice.pick(0, 5) == 0) {
    bo_shape s = pool_shape(dice);
    s.h = s.kernel_h = static_cast<uint16_t>(dice.pick(1, 5));
    s.w = s.kernel_w = static_cast<uint16_t>(dice.pick(1, 5));
    s.n = s.m = static_cast<uint16_t>(dice.pick(1, 5));
    return s;
  }
  const bool channelwise = dice.pick(0, 2) == 0;
  for (;;) {
    bo_shape s = channelwise ? channelwise_shape(dice) : conv_shape(dice);
    if (channelwise) {
      if (s.r > 4 || s.c > 4 || s.m > 6)
        continue;
      return s;
    }
    // Most are tiny: a brute force over all 24 orders grows fast.
    const uint32_t most = dice.pick(0, 5) == 0 ? 4 : 3;
    s.n = static_cast<uint16_t>(dice.pick(1, most));
    s.m = static_cast<uint16_t>(dice.pick(1, most));
    if (s.r <= most && s.c <= most)
      return s;
  }
}

/** Calls visit for every design of the space, in the order of design_rank(). */
template <class Visit> void for_each_design(const bo_shape &s, Visit &&visit) {
  const bool pool = s.kind == BO_GLOBAL_AVG_POOL, conv = s.kind == BO_CONV;
  uint8_t letters[4] = {0, 1, 2, 3};
  std::vector<std::array<uint8_t, 4>> orders;
  do {
    orders.push_back({letters[0], letters[1], letters[2], letters[3]});
  } while (std::next_permutation(letters, letters + 4));
  for (uint16_t tr = 1; tr <= (pool ? s.h : s.r); tr++)
    for (uint16_t tc = 1; tc <= (pool ? s.w : s.c); tc++)
      for (uint16_t tm = 1; tm <= s.m; tm++)
        for (uint16_t tn = 1; tn <= (conv ? s.n : 1); tn++)
          for (const auto &order : orders)
            for (uint8_t span = 0; span < (conv ? 3 : 1); span++) {
              bo_design d{};
              d.tr = tr, d.tc = tc, d.tm = tm, d.tn = tn, d.span = span, d.s = 1;
              std::copy(order.begin(), order.end(), d.order);
              const uint32_t sweep = bo_nest_make(&s, &d).sweep;
              for (uint32_t size = 1; size <= sweep; size++) {
                d.s = static_cast<uint16_t>(size);
                visit(d);
              }
            }
}

bool pinned(const Pins &pins, const bo_design &d) {
  return (pins.tr == 0 || pins.tr == d.tr) && (pins.tc == 0 || pins.tc == d.tc) &&
         (pins.tm == 0 || pins.tm == d.tm) && (pins.tn == 0 || pins.tn == d.tn) &&
         (pins.s == 0 || pins.s == d.s) &&
         (!pins.pins_order() || std::memcmp(pins.order, d.order, 4) == 0) &&
         (pins.span == Pins::NOT_PINNED || pins.span == d.span);
}

double score_of(const LayerTask &task, const CostedDesign &c) {
  return c.scores().of(task.objective);
}

struct Brute {
  uint64_t total = 0, feasible = 0;
  bool found = false;
  CostedDesign best{};
  /** Of all feasible designs. */
  std::vector<Scores> scores;
  double least_miss[BINDINGS] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
  /** Of aligned designs: the least sum of misses as shares of their limits. */
  double least_excess = INFINITY;
};

Brute brute_force(const LayerTask &task) {
  Brute brute;
  const Platform &p = *task.platform;
  BrownoutModel model(p, task.shape);
  std::vector<CostedDesign> all;
  double lowest = INFINITY;
  const auto look = [&](const bo_design &d) {
    brute.total++;
    const bool aligned = model.aligned(d);
    const CostedDesign c = cost_design(task, d);
    const double over[BINDINGS] = {
        std::fmax(0.0, static_cast<double>(c.vm_bytes) - p.vm_bytes),
        std::fmax(0.0, c.energy_max_J - p.buffer.safe_J()),
        c.plane_bytes > task.plane_limit_bytes
            ? 2.0 * static_cast<double>(c.plane_bytes - task.plane_limit_bytes)
            : 0.0,
        aligned ? 0.0 : 1.0, 0.0};
    int misses = 0;
    for (double o : over)
      misses += o > 0;
    if (aligned)
      brute.least_excess =
          std::fmin(brute.least_excess,
                    over[0] / p.vm_bytes + over[1] / p.buffer.safe_J() + over[2] / p.nvm_bytes);
    if (misses == 1)
      for (size_t b = 0; b < BINDINGS; b++)
        if (over[b] > 0)
          brute.least_miss[b] = std::fmin(brute.least_miss[b], over[b]);
    if (misses > 0)
      return;
    brute.feasible++;
    brute.scores.push_back(c.scores());
    const double score = score_of(task, c);
    if (score > lowest * (1 + 1e-9))
      return;
    lowest = std::fmin(lowest, score);
    all.push_back(c);
  };
  for_each_design(task.shape, [&](bo_design d) {
    if (!pinned(task.pins, d))
      return;
    d.scheme = task.scheme;
    for (uint16_t b : group_sizes(task.shape, task.scheme, task.b))
      d.b = b, look(d);
  });
  for (const CostedDesign &c : all) {
    if (score_of(task, c) > lowest * (1 + 1e-12))
      continue;
    const auto tie = [&](const CostedDesign &x) {
      return task.objective == Objective::wear ? x.latency_s : 0.0;
    };
    const bool better = !brute.found || std::make_tuple(tie(c), c.vm_bytes, design_rank(c.design)) <
                                            std::make_tuple(tie(brute.best), brute.best.vm_bytes,
                                                            design_rank(brute.best.design));
    if (better)
      brute.found = true, brute.best = c;
  }
  return brute;
}

void compare(const LayerTask &task, const LayerResult &result) {
  const Brute brute = brute_force(task);
  CHECK(result.designs_total == brute.total);
  CHECK(result.coverage->covered() == brute.total);
  CHECK(result.coverage->unvisited == 0);
  CHECK(result.proven_optimal);
  CHECK(result.best.empty() == !brute.found);
  if (brute.found && task.objective == Objective::pareto)
    return check_front(result.best, brute.scores);
  if (brute.found) {
    const CostedDesign &best = result.best.front();
    CHECK(score_of(task, best) <= score_of(task, brute.best) * (1 + 1e-12));
    CHECK(score_of(task, best) >= score_of(task, brute.best) * (1 - 1e-12));
    CHECK(best.vm_bytes == brute.best.vm_bytes);
    CHECK(same(best.design, brute.best.design));
    return;
  }
  for (Binding b : {Binding::vm, Binding::energy, Binding::nvm}) {
    const auto i = static_cast<size_t>(b);
    CHECK(result.rejections[i].has_sole == (brute.least_miss[i] < INFINITY));
    if (result.rejections[i].has_sole)
      CHECK_NEAR(result.rejections[i].sole.violation, brute.least_miss[i], 1e-9);
  }
  bool sole = false;
  for (const Rejection &rejection : result.rejections)
    sole |= rejection.has_sole;
  CHECK(result.nearest.has_value() == !sole);
  if (!sole)
    CHECK(result.nearest->excess == brute.least_excess ||
          relative_error(result.nearest->excess, brute.least_excess) < 1e-9);
}

LayerTask random_task(Dice &dice, const Platform &p) {
  LayerTask task{&p, Protocol::brownout, Power::intermittent, small_shape(dice),
                 dice.pick(0, 3) == 0 ? 4 * dice.pick(0, 40) : UINT64_MAX};
  task.space = Space::full;
  task.objective = static_cast<Objective>(dice.pick(0, 1) == 0 ? 0 : dice.pick(1, 3));
  return task;
}

TEST("explore_layers() finds in the full space what visiting every design finds", {
  Dice dice(21);
  int infeasible = 0;
  for (int i = 0; i < rounds(2000); i++) {
    const Platform p = random_platform(dice);
    const LayerTask task = random_task(dice, p);
    const auto results = explore_layers({task}, 1, NEVER);
    compare(task, results->front());
    infeasible += results->front().best.empty();
  }
  CHECK(infeasible > rounds(50) && infeasible < rounds(1200));
});

TEST("explore_layers() finds what visiting every design finds under the other schemes", {
  Dice dice(29);
  int infeasible[5] = {}, tried[5] = {};
  for (int i = 0; i < rounds(1200); i++) {
    Platform p = random_platform(dice);
    LayerTask task = random_task(dice, p);
    task.scheme = static_cast<uint8_t>(dice.pick(BO_SCHEME_HAWAII, BO_SCHEME_IDEAL));
    if (task.scheme >= BO_SCHEME_CHECKPOINT && dice.pick(0, 1) == 0)
      p.buffer.capacitance_F *= 2;
    if (has_groups(task.scheme) && dice.pick(0, 2) == 0)
      task.b = static_cast<uint16_t>(dice.pick(1, 12));
    task.plane_limit_bytes = plane_limit_bytes(task.scheme, task.plane_limit_bytes);
    const auto results = explore_layers({task}, 1, NEVER);
    compare(task, results->front());
    tried[task.scheme]++, infeasible[task.scheme] += results->front().best.empty();
  }
  for (int scheme = BO_SCHEME_HAWAII; scheme <= BO_SCHEME_IDEAL; scheme++)
    CHECK(infeasible[scheme] > rounds(10) && infeasible[scheme] < tried[scheme] * 3 / 4);
});

TEST("check_front() notices a point too many and a point too few (negative control)", {
  Platform p = platform();
  p.vm_bytes = 700;
  Dice dice(28);
  int larger = 0;
  for (int i = 0; i < 60; i++) {
    LayerTask task{&p, Protocol::brownout, Power::intermittent, conv_shape(dice), UINT64_MAX};
    task.space = Space::full, task.objective = Objective::pareto;
    const auto front = explore_layers({task}, 1, NEVER)->front().best;
    if (front.size() < 2)
      continue;
    larger++;
    std::vector<Scores> all;
    for (const CostedDesign &point : front)
      all.push_back(point.scores());
    check_front(front, all);
    const auto fails = [&](const std::vector<CostedDesign> &wrong) {
      try {
        check_front(wrong, all);
      } catch (const Failure &) {
        return true;
      }
      return false;
    };
    CHECK(fails({front.begin() + 1, front.end()}));
    auto more = front;
    more.push_back(front.back());
    more.back().energy_J *= 1.001;
    CHECK(fails(more));
  }
  CHECK(larger > 5);
});

TEST("explore_layers() keeps pinned axes", {
  Dice dice(22);
  for (int i = 0; i < rounds(600); i++) {
    const Platform p = random_platform(dice);
    LayerTask task = random_task(dice, p);
    const bo_design d = any_design(dice, task.shape);
    if (dice.pick(0, 2) == 0)
      task.pins.tr = d.tr;
    if (dice.pick(0, 2) == 0)
      task.pins.tn = d.tn;
    if (dice.pick(0, 2) == 0)
      task.pins.tm = d.tm;
    if (dice.pick(0, 2) == 0)
      std::memcpy(task.pins.order, d.order, 4);
    if (dice.pick(0, 2) == 0)
      task.pins.span = d.span;
    if (dice.pick(0, 2) == 0)
      task.pins.s = static_cast<uint16_t>(dice.pick(1, 4));
    compare(task, explore_layers({task}, 1, NEVER)->front());
  }
});

TEST("LayerTotals::order() adds up what the power cycles use", {
  Dice dice(23);
  for (int i = 0; i < 4000; i++) {
    const bo_shape shape = any_shape(dice);
    bo_design design = any_design(dice, shape);
    const Platform p = platform();
    const LayerTask task{&p, Protocol::brownout, Power::intermittent, shape, UINT64_MAX};
    const CostedDesign costed = cost_design(task, design);
    const LayerTotals totals(p, shape);
    Order order;
    std::memcpy(order.loops, design.order, 4);
    const TileTotals tile = totals.tile(design.tr, design.tc, design.tm, design.tn);
    const OrderTotals o = totals.order(tile, order, design.span);
    const bo_nest nest = bo_nest_make(&shape, &design);
    CHECK(o.sweep == nest.sweep);
    CHECK(o.outer * nest.chunks == nest.batches);
    const Cost total = o.fixed + nest.chunks * o.each + nest.batches * totals.cycle();
    CHECK_NEAR(total.energy_J, costed.energy_J, 1e-12);
    CHECK_NEAR(o.fixed_bytes + nest.chunks * o.each_bytes + 16.0 * nest.batches,
               costed.written_bytes, 1e-12);
    if (costed.plane_bytes > 0)
      CHECK(o.plane_bytes == costed.plane_bytes);
    const double s = std::min<uint32_t>(design.s, nest.sweep);
    CHECK(o.fixed_most_J + s * o.tile_most_J >= costed.energy_max_J * (1 - 1e-12));
    CHECK(tile.input_vm + tile.weights_vm + tile.bias_vm +
              bo_output_tiles(&design, static_cast<uint32_t>(s)) * tile.block_vm ==
          costed.vm_bytes);
  }
});

TEST("ChargeBound::at_least_s() is below the time of any power cycles", {
  Dice dice(24);
  double tightest = 0;
  for (int i = 0; i < 60; i++) {
    Platform p = platform();
    p.buffer.capacitance_F = dice.real(0.0003, 0.02);
    p.buffer.harvester_ohm = dice.real(5, 100);
    p.buffer.safe_margin = dice.real(0.3, 1);
    if (i % 5 == 0)
      p.buffer.v_supply = dice.real(3.0, 5.9);
    const ChargeBound bound(p);
    for (int j = 0; j < 300; j++) {
      const double most_J = p.buffer.safe_J() * dice.real(0.05, 1);
      Cost total;
      double time_s = 0;
      const uint32_t cycles = dice.pick(1, 6);
      for (uint32_t k = 0; k < cycles; k++) {
        const double energy_J = most_J * (dice.pick(0, 1) == 0 ? 1 : dice.real(0.01, 1));
        const Cost cycle{energy_J, energy_J / dice.real(0.0005, 0.0075)};
        time_s += cycle.latency_s + physical_recharge_s(p.buffer, cycle);
        if (cycle.energy_J * p.reboot.latency_s >= p.reboot.energy_J * cycle.latency_s &&
            cycle.latency_s > p.reboot.latency_s) {
          CHECK(cycle_recharge_s(p, cycle) >= physical_recharge_s(p.buffer, cycle) * (1 - 1e-9));
        }
        total += cycle;
      }
      const double least_s = bound.at_least_s(total, most_J);
      CHECK(least_s <= time_s);
      tightest = std::fmax(tightest, least_s / time_s);
    }
  }
  CHECK(tightest > 0.97);
});

TEST("explore_layers() gives the best found, a bound and the gap when its time is up", {
  Dice dice(25);
  int gaps = 0;
  for (int i = 0; i < 30; i++) {
    Platform p = platform();
    p.length_multiple = 2;
    LayerTask task{&p, Protocol::brownout, Power::intermittent, conv_shape(dice), UINT64_MAX};
    task.shape.n = 8, task.shape.m = 9;
    task.space = Space::full;
    const auto whole = explore_layers({task}, 1, NEVER);
    const auto hasty = explore_layers({task}, 1, NEVER, 0.0);
    const LayerResult &all = whole->front(), &some = hasty->front();
    CHECK(some.coverage->covered() + some.coverage->unvisited == all.designs_total);
    CHECK(some.lower_bound <= all.best.front().latency_s);
    if (!some.best.empty())
      CHECK(some.best.front().latency_s >= all.best.front().latency_s);
    CHECK(all.lower_bound == all.best.front().latency_s);
    gaps += !some.proven_optimal;
  }
  CHECK(gaps > 0);
});

TEST("explore_layers() covers the full space alike for 1, 2 and 8 threads", {
  Dice dice(26);
  Platform p = platform();
  p.vm_bytes = 600;
  std::vector<LayerTask> tasks;
  for (int i = 0; i < 40; i++) {
    LayerTask task{&p, Protocol::brownout, Power::intermittent, any_shape(dice), UINT64_MAX};
    task.space = Space::full;
    tasks.push_back(task);
  }
  const auto one = explore_layers(tasks, 1, NEVER);
  for (unsigned threads : {2u, 8u}) {
    const auto more = explore_layers(tasks, threads, NEVER);
    for (size_t i = 0; i < tasks.size(); i++) {
      const LayerResult &a = (*one)[i], &b = (*more)[i];
      CHECK(a.coverage->visited == b.coverage->visited && a.coverage->bound == b.coverage->bound);
      CHECK(a.best.size() == b.best.size());
      for (size_t k = 0; k < a.best.size(); k++)
        CHECK(same(a.best[k].design, b.best[k].design) &&
              a.best[k].latency_s == b.best[k].latency_s);
    }
  }
});

} // namespace
