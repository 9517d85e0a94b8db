/** Running on after commits against a fine integration of the capacitor, one small step at a time.
 */
#include "check.h"
#include "fixtures.h"
#include "run_on.h"

using namespace test;

namespace {

struct Line {
  double time_s = 0, boots = 0;
};

/** The rule in its own words, by many small Euler-Heun steps; no jumps, no closed solutions. */
Line integrated(const Platform &p, const std::vector<Steps> &steps, double above_V) {
  const EnergyBuffer &b = p.buffer;
  Line line;
  double v = b.v_on;
  bool on = false;
  const auto pass = [&](const Cost &cost) {
    constexpr int PARTS = 400;
    const double h = cost.latency_s / PARTS, power = cost.energy_J / cost.latency_s;
    const auto slope = [&](double at) {
      return ((b.v_supply - at) / b.harvester_ohm - power / at) / b.capacitance_F;
    };
    for (int i = 0; i < PARTS; i++) {
      const double k = slope(v);
      v += h / 2 * (k + slope(v + h * k));
    }
    line.time_s += cost.latency_s;
  };
  for (const Steps &s : steps)
    for (uint64_t i = 0; i < s.count; i++) {
      Cost work = s.work;
      if (!on)
        pass(p.reboot), work += 2.0 * p.nvm_read.of(8), line.boots++;
      pass(work);
      on = v >= above_V;
      if (!on && v < b.v_on) {
        line.time_s +=
            b.harvester_ohm * b.capacitance_F * std::log((b.v_supply - v) / (b.v_supply - b.v_on));
        v = b.v_on;
      }
    }
  return line;
}

Platform weak(Dice &dice) {
  Platform p = platform();
  p.buffer.capacitance_F = dice.real(0.0005, 0.003);
  p.buffer.harvester_ohm = std::pow(10, dice.real(1.2, 3));
  return p;
}

TEST("run_on_layer() is what a fine integration of every step finds", {
  Dice dice(51);
  int slept = 0, went_on = 0;
  for (int i = 0; i < 400; i++) {
    const Platform p = weak(dice);
    const bo_shape shape = any_shape(dice);
    const bo_design design = any_design(dice, shape);
    const LayerTask task{&p, Protocol::brownout, Power::intermittent, shape, UINT64_MAX};
    const CostedDesign asleep = cost_design(task, design);
    if (asleep.energy_max_J > p.buffer.safe_J() || asleep.power_cycles > 400)
      continue;
    const RunOn found = run_on_layer(p, shape, design);
    CHECK(found.above_V <= p.buffer.v_on);
    // Safe steps never leave less than the margin's share in the capacitor.
    CHECK(found.lowest_V >= p.buffer.v_off);
    const Line line = integrated(p, steps_of(p, shape, design), found.above_V);
    CHECK(found.power_cycles == line.boots);
    CHECK_NEAR(found.latency_s, line.time_s, 1e-5);
    CHECK(found.latency_s >= found.running_s);
    slept += found.power_cycles > 1, went_on += found.power_cycles < asleep.power_cycles;
  }
  CHECK(slept > 15 && went_on > 60);
});

TEST("steps_of() are the batches of the layer, without their boots", {
  Dice dice(52);
  for (int i = 0; i < 400; i++) {
    const Platform p = platform();
    const bo_shape shape = any_shape(dice);
    const bo_design design = any_design(dice, shape);
    const LayerTask task{&p, Protocol::brownout, Power::intermittent, shape, UINT64_MAX};
    const CostedDesign asleep = cost_design(task, design);
    Cost sum;
    double count = 0;
    for (const Steps &s : steps_of(p, shape, design))
      sum += static_cast<double>(s.count) * s.work, count += static_cast<double>(s.count);
    CHECK(count == asleep.power_cycles);
    const Cost boots = count * (p.reboot + 2.0 * p.nvm_read.of(8));
    CHECK_NEAR((sum + boots).energy_J, asleep.energy_J, 1e-9);
  }
});

TEST("RunOnClock::run() of many steps at once is the same steps one by one", {
  Dice dice(53);
  for (int i = 0; i < 60; i++) {
    const Platform p = weak(dice);
    const double energy_J = p.buffer.safe_J() * dice.real(0.01, 0.5);
    const Cost work{energy_J, energy_J / dice.real(0.003, 0.009)};
    const double above_V = run_on_above_V(p.buffer, work.energy_J);
    RunOnClock jumps(p, above_V), walks(p, above_V);
    const uint64_t count = dice.pick(1, 500);
    jumps.run({work, count}), jumps.run({0.5 * work, 3});
    for (uint64_t k = 0; k < count; k++)
      walks.run({work, 1});
    for (int k = 0; k < 3; k++)
      walks.run({0.5 * work, 1});
    CHECK_NEAR(jumps.time_s(), walks.time_s(), 1e-9);
    CHECK_NEAR(jumps.energy_J(), walks.energy_J(), 1e-9);
    CHECK(jumps.boots() == walks.boots());
  }
});

TEST("a board that never slept below its threshold would die (negative control)", {
  Platform p = platform();
  p.buffer.harvester_ohm = 1e4;
  const Cost work{0.4 * p.buffer.safe_J(), 0.4 * p.buffer.safe_J() / 0.006};
  const double above_V = run_on_above_V(p.buffer, work.energy_J);
  RunOnClock careful(p, above_V), careless(p, p.buffer.v_off * 0.5);
  careful.run({work, 12}), careless.run({work, 12});
  CHECK(careful.lowest_V() >= p.buffer.v_off && careless.lowest_V() < p.buffer.v_off);
});

} // namespace
