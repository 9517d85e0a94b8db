/**
 * Schemes whose power cycles last until power fails, against a walk that goes from unit to unit of
 * progress as the runtime does, and against arithmetic.
 */
#include "capacitor.h"
#include "check.h"
#include "counts.h"
#include "explorer.h"
#include "failure_clock.h"
#include "fixtures.h"
#include "network.h"
#include "unit.h"
#include "until_failure.h"

using namespace test;

namespace {

const uint8_t GROUPED[] = {BO_SCHEME_HAWAII, BO_SCHEME_STATEFUL};

bo_design grouped_design(Dice &dice, const bo_shape &shape, uint8_t scheme) {
  for (;;) {
    bo_design d = any_design(dice, shape);
    d.scheme = scheme;
    d.b = static_cast<uint16_t>(dice.pick(0, 3) == 0 ? dice.pick(1, 60) : dice.pick(1, 8));
    const bo_nest nest = bo_nest_make(&shape, &d);
    if (scheme == BO_SCHEME_HAWAII || bo_visits(&d, &nest) == 1)
      return d;
  }
}

bo_shape scaled_shape(Dice &dice) {
  bo_shape s = any_shape(dice);
  s.element_bytes = static_cast<uint8_t>(dice.pick(1, 2));
  s.per_channel = (s.kind == BO_CONV || s.kind == BO_DEPTHWISE) && dice.pick(0, 1) == 0;
  return s;
}

/** Counts of all units, one behind the other in one power cycle. */
CountSink walked_units(const bo_shape &shape, const bo_design &design) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_plane plane = bo_plane_make(&shape, &design, &nest);
  CountSink total;
  for (bo_place at{0, 0, 0}; at.batch < nest.batches;) {
    at = tell_unit(shape, design, nest, plane, at, false, total);
    if (design.scheme == BO_SCHEME_HAWAII)
      total.mark(1);
  }
  tell_layer_end(design.scheme, total);
  return total;
}

TEST("tell_unit() from one unit to the next does what the layer's closed form counts", {
  Dice dice(61);
  for (int i = 0; i < 6000; i++) {
    const bo_shape shape = scaled_shape(dice);
    const bo_design design = grouped_design(dice, shape, GROUPED[i % 2]);
    CHECK(walked_units(shape, design).counts == closed_counts(platform(), shape, design).counts);
  }
});

TEST("a design's unit of progress is the worst that any boot must get done", {
  Dice dice(62);
  const Platform p = platform();
  int equal = 0, pools = 0;
  for (int i = 0; i < 4000; i++) {
    const bo_shape shape = scaled_shape(dice);
    const bo_design design = grouped_design(dice, shape, GROUPED[i % 2]);
    const bo_nest nest = bo_nest_make(&shape, &design);
    const bo_plane plane = bo_plane_make(&shape, &design, &nest);
    double worst_J = 0;
    for (bo_place at{0, 0, 0}; at.batch < nest.batches;) {
      CostSink sink(p, reuse_of(design));
      at = tell_unit(shape, design, nest, plane, at, true, sink);
      worst_J = std::fmax(worst_J, sink.cost().energy_J);
    }
    if (design.scheme == BO_SCHEME_HAWAII)
      worst_J += p.record().energy_J;
    const Cost boot = boot_cost(p, shape, design.scheme, most_probes(shape, design, nest));
    worst_J += boot.energy_J;
    const LayerTask task{&p, Protocol::brownout, Power::intermittent, shape, UINT64_MAX};
    const double unit_J = cost_design(task, design).energy_max_J;
    CHECK(unit_J >= worst_J * (1 - 1e-9));
    // What a window pool takes in differs from pixel to pixel near the padding.
    if (shape.kind == BO_MAX_POOL || shape.kind == BO_AVG_POOL) {
      pools++;
      continue;
    }
    CHECK_NEAR(unit_J, worst_J, 1e-9);
    equal++;
  }
  CHECK(equal > 3000 && pools > 200);
});

TEST("a unit that forgot to load again would be too small (negative control)", {
  Dice dice(63);
  const Platform p = platform();
  int smaller = 0;
  for (int i = 0; i < 200; i++) {
    const bo_shape shape = conv_shape(dice);
    const bo_design design = grouped_design(dice, shape, BO_SCHEME_HAWAII);
    const bo_nest nest = bo_nest_make(&shape, &design);
    const bo_plane plane = bo_plane_make(&shape, &design, &nest);
    const bo_place second{0, 0, design.b};
    const bo_batch batch = bo_nest_batch(&nest, &design, 0);
    const bo_tile tile = bo_nest_tile(&shape, &design, &nest, &batch, 0);
    if (bo_tile_outputs(&tile) <= design.b)
      continue;
    CostSink booted(p, reuse_of(design)), running(p, reuse_of(design));
    tell_unit(shape, design, nest, plane, second, true, booted);
    tell_unit(shape, design, nest, plane, second, false, running);
    CHECK(booted.cost().energy_J > running.cost().energy_J);
    smaller++;
  }
  CHECK(smaller > 40);
});

TEST("until_failure() spends what is stored, and rises with work and with what a failure costs", {
  Dice dice(64);
  for (int i = 0; i < 2000; i++) {
    Platform p = platform();
    p.buffer.capacitance_F = dice.real(0.0005, 0.01);
    const double full_J = p.buffer.full_J();
    const Cost work{dice.real(0.01, 40) * full_J, dice.real(0.01, 10)};
    const Cost failure{dice.real(0, 0.8) * full_J, dice.real(0, 0.1)};
    const UntilFailure u = until_failure(p.buffer, work, failure);
    CHECK_NEAR(u.power_cycles * full_J, u.total.energy_J, 1e-12);
    CHECK_NEAR(u.total.energy_J, work.energy_J + u.power_cycles * failure.energy_J, 1e-12);
    const Cost more{dice.real(0, 0.1) * full_J, dice.real(0, 0.01)};
    CHECK(until_failure(p.buffer, work + more, failure).latency_s() > u.latency_s());
    CHECK(until_failure(p.buffer, work, failure + more).latency_s() > u.latency_s());
  }
});

TEST("checkpoint takes a boot and the whole layer for its unit, ideal one power cycle for all", {
  Dice dice(65);
  const Platform p = platform();
  for (int i = 0; i < 1000; i++) {
    const bo_shape shape = any_shape(dice);
    bo_design design = any_design(dice, shape);
    const LayerTask task{&p, Protocol::brownout, Power::intermittent, shape, UINT64_MAX};
    design.scheme = BO_SCHEME_IDEAL;
    const CostedDesign ideal = cost_design(task, design);
    design.scheme = BO_SCHEME_CHECKPOINT;
    const CostedDesign checkpoint = cost_design(task, design);
    const double boot_J = (p.reboot + 2.0 * p.nvm_read.of(8)).energy_J;
    CHECK_NEAR(checkpoint.energy_max_J - p.record().energy_J, ideal.energy_max_J, 1e-9);
    CHECK_NEAR(ideal.energy_max_J, boot_J + ideal.energy_J, 1e-9);
    const bool runs = ideal.energy_max_J <= p.buffer.full_J();
    CHECK(ideal.latency_s == (runs ? ideal.running_s : INFINITY) && ideal.power_cycles == 0);
    CHECK(checkpoint.written_bytes == ideal.written_bytes + BO_RECORD_BYTES);
    // What is repeated, and no more, is recovery beside what batches load again.
    CHECK(checkpoint.overhead.preservation.energy_J > 0);
    CHECK(checkpoint.overhead.recovery.energy_J < checkpoint.energy_J);
  }
});

/** Small networks of convs, so that every combination of designs can be tried. */
NetworkRequest small_network(Dice &dice, const Platform &p, uint8_t scheme) {
  NetworkRequest request{};
  request.protocol = Protocol::brownout, request.power = Power::intermittent;
  request.platform = p, request.scheme = scheme, request.space = Space::published;
  bo_shape shape = conv_shape(dice);
  request.input_elements = 1u * shape.h * shape.w * shape.n;
  for (int i = 0; i < 2; i++) {
    request.layers.push_back({shape, false, {i - 1}, 1u * shape.r * shape.c * shape.m, {}});
    bo_shape next{};
    next.kind = BO_CONV, next.element_bytes = 2;
    next.h = shape.r, next.w = shape.c, next.n = shape.m;
    next.kernel_h = next.h, next.kernel_w = next.w, next.stride_h = next.stride_w = 1;
    next.r = next.c = 1, next.m = static_cast<uint16_t>(dice.pick(1, 6));
    shape = next;
  }
  return request;
}

TEST("explore_networks() finds the fastest inference of one power cycle under scheme ideal", {
  Dice dice(66);
  const std::atomic<bool> never{false};
  int feasible = 0, infeasible = 0;
  for (int i = 0; i < 60; i++) {
    Platform p = platform();
    p.buffer.capacitance_F = dice.real(0.001, 0.01);
    const NetworkRequest request = small_network(dice, p, BO_SCHEME_IDEAL);
    const NetworkAnswer answer = explore_networks({request}, 1, never)->front();
    std::vector<std::vector<CostedDesign>> all(2);
    for (size_t layer = 0; layer < 2; layer++) {
      const bo_shape &shape = request.layers[layer].shape;
      const LayerTask task{&p, Protocol::brownout, Power::intermittent, shape, UINT64_MAX};
      const PublishedSpace space(shape);
      for (uint32_t tr : space.tr)
        for_each_published(shape, space, tr, true, [&](bo_design design) {
          design.scheme = BO_SCHEME_IDEAL;
          const CostedDesign costed = cost_design(task, design);
          if (costed.vm_bytes <= p.vm_bytes)
            all[layer].push_back(costed);
          return true;
        });
    }
    const Delivery d = delivery_of(request, request.layers.back().output_elements);
    const Cost boot = p.reboot + 2.0 * p.nvm_read.of(8);
    double least_s = INFINITY;
    for (const CostedDesign &a : all[0])
      for (const CostedDesign &b : all[1]) {
        const Cost cycle = boot + Cost{a.energy_J + b.energy_J + d.energy_J,
                                       a.running_s + b.running_s + d.running_s};
        if (cycle.energy_J <= p.buffer.safe_J())
          least_s = std::fmin(least_s, cycle.latency_s + cycle_recharge_s(p, cycle));
      }
    CHECK(answer.feasible == (least_s < INFINITY));
    if (answer.feasible)
      CHECK_NEAR(answer.latency_s, least_s, 1e-9);
    CHECK(answer.power_cycles == 1 || !answer.feasible);
    (answer.feasible ? feasible : infeasible)++;
  }
  CHECK(feasible > 10 && infeasible > 3);
});

/** A network of two layers under random designs that VM need not hold: only time is looked at. */
struct Designed {
  NetworkRequest request;
  std::vector<std::optional<bo_design>> designs;
};

Designed designed_network(Dice &dice, const Platform &p, uint8_t scheme) {
  Designed net{small_network(dice, p, scheme), {}};
  for (const NetworkLayer &layer : net.request.layers) {
    bo_design d = any_design(dice, layer.shape);
    if (has_groups(scheme))
      d = grouped_design(dice, layer.shape, scheme);
    d.scheme = scheme;
    net.designs.push_back(d);
  }
  return net;
}

/** Unit by unit, whatever is alike: the time and boots of the second of two inferences. */
struct Line {
  double time_s = 0, boots = 0;
};

Line unit_by_unit(const Designed &net) {
  const Platform &p = net.request.platform;
  const EnergyBuffer &b = p.buffer;
  double v = b.v_on;
  Line line;
  const auto boot = [&](const Cost &search) {
    line.time_s += v < b.v_on ? charging_s(b, v) : 0, v = std::fmax(v, b.v_on);
    line.boots++;
    for (const Cost &cost : {p.reboot, 2.0 * p.nvm_read.of(8) + search})
      v = voltage_from_V(b, cost, v), line.time_s += cost.latency_s;
  };
  // In small steps, so that the moment at which power fails is found by looking.
  const auto run = [&](const Cost &cost) {
    constexpr int PARTS = 200;
    for (int i = 0; i < PARTS; i++) {
      const double next = voltage_from_V(b, 1.0 / PARTS * cost, v);
      if (next < b.v_off) {
        v = b.v_off;
        return false;
      }
      v = next, line.time_s += cost.latency_s / PARTS;
    }
    return true;
  };
  const Cost none;
  const auto whole = [&](const Cost &work, const Cost &search) {
    while (!run(work))
      boot(search);
  };
  const Cost boot_cost_of = p.reboot + 2.0 * p.nvm_read.of(8);
  const Delivery d = delivery_of(net.request, net.request.layers.back().output_elements);
  Line after_first;
  boot(none);
  for (int inference = 0; inference < 2; inference++) {
    whole(d.start + -1.0 * boot_cost_of, none);
    for (size_t i = 0; i < net.designs.size(); i++) {
      const bo_shape &shape = net.request.layers[i].shape;
      const bo_design &design = *net.designs[i];
      const bo_nest nest = bo_nest_make(&shape, &design);
      const bo_plane plane = bo_plane_make(&shape, &design, &nest);
      CostSink end(p, reuse_of(design)), search(p, reuse_of(design));
      tell_layer_end(design.scheme, end);
      tell_search(shape, design.scheme, most_probes(shape, design, nest), search);
      if (!has_groups(design.scheme)) {
        Cost work = end.cost();
        for (const Steps &s : steps_of(p, shape, design))
          work += static_cast<double>(s.count) * s.work;
        whole(work, search.cost());
        continue;
      }
      bool booted = false;
      for (bo_place at{0, 0, 0}; at.batch < nest.batches;) {
        CostSink unit(p, reuse_of(design));
        const bo_place next = tell_unit(shape, design, nest, plane, at, booted, unit);
        if (design.scheme == BO_SCHEME_HAWAII)
          unit.mark(1);
        booted = !run(unit.cost());
        if (booted)
          boot(search.cost());
        else
          at = next;
      }
      whole(end.cost(), search.cost());
    }
    whole(d.deliver + -1.0 * boot_cost_of, none);
    if (inference == 0)
      after_first = line;
  }
  return {line.time_s - after_first.time_s, line.boots - after_first.boots};
}

TEST("until_failure_network() is the time line that goes from unit to unit of progress", {
  Dice dice(67);
  int failed = 0;
  for (int i = 0; i < 150; i++) {
    Platform p = platform();
    p.buffer.harvester_ohm = std::pow(10, dice.real(1.3, 3));
    const uint8_t scheme = static_cast<uint8_t>(dice.pick(BO_SCHEME_HAWAII, BO_SCHEME_CHECKPOINT));
    // So small that power fails several times, so large that every unit gets done.
    p.buffer.capacitance_F = 0.01;
    Designed net = designed_network(dice, p, scheme);
    double unit_J = 0;
    for (size_t k = 0; k < 2; k++) {
      const LayerTask task{&p, Protocol::brownout, Power::intermittent, net.request.layers[k].shape,
                           UINT64_MAX};
      unit_J = std::fmax(unit_J, cost_design(task, *net.designs[k]).energy_max_J);
    }
    const Delivery d = delivery_of(net.request, net.request.layers.back().output_elements);
    unit_J = std::fmax(unit_J, std::fmax(d.start.energy_J, d.deliver.energy_J));
    net.request.platform.buffer.capacitance_F *= dice.real(1.3, 3) * unit_J / p.buffer.full_J();
    const RunOn fast = until_failure_network(net.request, net.designs, 1);
    const Line slow = unit_by_unit(net);
    failed += slow.boots > 0;
    // Batches of one mean power instead of units of their own move a failure by a unit or so.
    CHECK(std::fabs(fast.power_cycles - slow.boots) <= 1 + 0.05 * slow.boots);
    const double cycle_s = charging_s(net.request.platform.buffer, p.buffer.v_off) + 0.2;
    CHECK(std::fabs(fast.latency_s - slow.time_s) <= 1.1 * cycle_s + 0.05 * slow.time_s);
    CHECK(fast.lowest_V >= p.buffer.v_off && fast.above_V == p.buffer.v_off);
    CHECK(fast.latency_s >= fast.running_s * (1 - 1e-9));
  }
  CHECK(failed > 50);
});

TEST("until_failure_network() has no latency where a unit never gets done (negative control)", {
  Dice dice(68);
  Platform p = platform();
  p.buffer.harvester_ohm = 1e5;
  int never = 0;
  for (int i = 0; i < 40; i++) {
    p.buffer.capacitance_F = 0.01;
    Designed net = designed_network(dice, p, BO_SCHEME_CHECKPOINT);
    const LayerTask task{&p, Protocol::brownout, Power::intermittent, net.request.layers[0].shape,
                         UINT64_MAX};
    const double unit_J = cost_design(task, *net.designs[0]).energy_max_J;
    net.request.platform.buffer.capacitance_F *= 0.8 * unit_J / p.buffer.full_J();
    never += std::isinf(until_failure_network(net.request, net.designs, 1).latency_s);
  }
  CHECK(never == 40);
});

} // namespace
