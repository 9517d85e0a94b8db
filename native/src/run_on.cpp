#include "run_on.h"

#include "batch.h"
#include "capacitor.h"

#include <algorithm>
#include <cmath>

namespace brownout {

namespace {

/** The cost of a batch without its boot. */
class WorkSink : public CostSink {
public:
  using CostSink::CostSink;
  void boot() {}
};

Joules worst_of(const std::vector<std::vector<Steps>> &all) {
  Joules worst = 0;
  for (const auto &steps : all)
    for (const Steps &s : steps)
      worst = std::max(worst, s.work.energy_J);
  return worst;
}

} // namespace

std::vector<Steps> steps_of(const Platform &platform, const bo_shape &shape,
                            const bo_design &design) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_plane plane = bo_plane_make(&shape, &design, &nest);
  std::vector<Steps> steps;
  BatchClass batch;
  for (uint32_t b = 0; b < nest.batches; b++) {
    const bo_batch at = bo_nest_batch(&nest, &design, b);
    batch.first_visit = bo_visit(&design, &at) == 0;
    batch.last_visit = bo_last_visit(&design, &nest, &at) != 0;
    batch.groups.clear();
    for (uint32_t t = 0; t < at.tiles; t++)
      batch.groups.push_back({bo_nest_tile(&shape, &design, &nest, &at, t), 1});
    WorkSink sink(platform, reuse_of(design));
    tell_batch(shape, design, plane, batch, sink);
    if (!steps.empty() && steps.back().work == sink.cost())
      steps.back().count++;
    else
      steps.push_back({sink.cost(), 1});
  }
  return steps;
}

double run_on_above_V(const EnergyBuffer &buffer, Joules worst_step) {
  const double stored_J = worst_step / buffer.safe_margin;
  return std::sqrt(buffer.v_off * buffer.v_off + 2 * stored_J / buffer.capacitance_F);
}

RunOnClock::RunOnClock(const Platform &platform, double above_V)
    : platform_(platform), above_V_(above_V), voltage_V_(platform.buffer.v_on),
      lowest_V_(platform.buffer.v_on) {}

void RunOnClock::step(const Cost &work) {
  const EnergyBuffer &buffer = platform_.buffer;
  Cost all = work;
  if (!on_) {
    voltage_V_ = voltage_from_V(buffer, platform_.reboot, voltage_V_);
    time_s_ += platform_.reboot.latency_s;
    energy_J_ += platform_.reboot.energy_J;
    boots_++;
    all += 2.0 * platform_.nvm_read.of(8);
  }
  voltage_V_ = voltage_from_V(buffer, all, voltage_V_);
  time_s_ += all.latency_s;
  energy_J_ += all.energy_J;
  lowest_V_ = std::min(lowest_V_, voltage_V_);
  on_ = voltage_V_ >= above_V_;
  if (!on_ && voltage_V_ < buffer.v_on) {
    time_s_ += charging_s(buffer, voltage_V_);
    voltage_V_ = buffer.v_on;
  }
}

void RunOnClock::run(const Steps &steps) {
  // From the same state the same follows: power cycles that begin at V_on repeat one another, and a
  // voltage that has come to rest stays.
  uint64_t left = steps.count, of_cycle = 0;
  bool counting = false;
  RunOnClock begun = *this;
  while (left > 0) {
    const double before_V = voltage_V_;
    const bool was_on = on_;
    step(steps.work);
    left--, of_cycle++;
    const bool rests = on_ && was_on && std::fabs(voltage_V_ - before_V) < 1e-14 * voltage_V_;
    if (rests) {
      const auto n = static_cast<double>(left);
      time_s_ += n * steps.work.latency_s;
      energy_J_ += n * steps.work.energy_J;
      return;
    }
    if (on_)
      continue;
    if (counting && left >= of_cycle && voltage_V_ == begun.voltage_V_) {
      const auto cycles = static_cast<double>(left / of_cycle);
      left %= of_cycle;
      time_s_ += cycles * (time_s_ - begun.time_s_);
      energy_J_ += cycles * (energy_J_ - begun.energy_J_);
      boots_ += cycles * (boots_ - begun.boots_);
    }
    counting = true, of_cycle = 0;
    begun.time_s_ = time_s_, begun.energy_J_ = energy_J_, begun.boots_ = boots_;
    begun.voltage_V_ = voltage_V_;
  }
}

double run_on_batches(const NetworkRequest &request,
                      const std::vector<std::optional<bo_design>> &designs) {
  double batches = 0;
  for (size_t i = 0; i < designs.size(); i++)
    if (designs[i])
      batches += bo_nest_make(&request.layers[i].shape, &*designs[i]).batches;
  return batches;
}

NetworkRequest relaxed(NetworkRequest request, Relaxation relaxation) {
  Platform &p = request.platform;
  request.objective = Objective::energy;
  request.latency_limit_s = 1.0 / 0.0;
  if (relaxation == Relaxation::work_time) {
    const auto time_only = [](Cost &cost) { cost.energy_J = double{cost.latency_s}; };
    for (Affine *affine : {&p.nvm_read, &p.nvm_write, &p.mac})
      time_only(affine->fixed), time_only(affine->per_element);
    for (Cost *cost : {&p.add, &p.multiply, &p.divide, &p.max, &p.requantise, &p.fetch_input,
                       &p.fetch_weights, &p.partial_sum, &p.accumulate, &p.pool})
      time_only(*cost);
    for (int i = 0; i < 3; i++)
      time_only(p.fetch_output[i]), time_only(p.backup_output[i]);
    p.buffer.capacitance_F = 1e12;
  }
  // Behind its reboot a boot reads two records: less than nothing takes both away.
  p.reboot = -2.0 * p.nvm_read.of(8);
  return request;
}

RunOn run_on_layer(const Platform &platform, const bo_shape &shape, const bo_design &design) {
  const auto steps = steps_of(platform, shape, design);
  RunOn result{};
  result.above_V = run_on_above_V(platform.buffer, worst_of({steps}));
  RunOnClock clock(platform, result.above_V);
  for (const Steps &s : steps) {
    clock.run(s);
    result.running_s += static_cast<double>(s.count) * s.work.latency_s;
  }
  result.latency_s = clock.time_s(), result.energy_J = clock.energy_J();
  result.power_cycles = clock.boots(), result.lowest_V = clock.lowest_V();
  return result;
}

RunOn run_on_network(const NetworkRequest &request,
                     const std::vector<std::optional<bo_design>> &designs, unsigned inferences) {
  const Platform &p = request.platform;
  const Cost boot = p.reboot + 2.0 * p.nvm_read.of(8);
  const Delivery delivery = delivery_of(request, request.layers.back().output_elements);
  std::vector<std::vector<Steps>> all;
  for (size_t i = 0; i < request.layers.size(); i++) {
    all.emplace_back();
    if (designs[i])
      all.back() = steps_of(p, request.layers[i].shape, *designs[i]);
  }
  const Steps start{delivery.start + -1.0 * boot, 1}, deliver{delivery.deliver + -1.0 * boot, 1};
  all.push_back({start, deliver});
  RunOn result{};
  result.above_V = run_on_above_V(p.buffer, worst_of(all));
  RunOnClock clock(p, result.above_V);
  const size_t last = request.layers.size();
  result.layer_latency_s.assign(last + 1, 0), result.layer_power_cycles.assign(last + 1, 0);
  const auto book = [&](const std::vector<Steps> &steps, size_t to, bool measured) {
    const double from_s = clock.time_s(), from_J = clock.energy_J(), from_boots = clock.boots();
    for (const Steps &s : steps)
      clock.run(s);
    if (!measured)
      return;
    result.layer_latency_s[to] += (clock.time_s() - from_s) / inferences;
    result.layer_power_cycles[to] += (clock.boots() - from_boots) / inferences;
    result.energy_J += (clock.energy_J() - from_J) / inferences;
  };
  double boots_when_read = 0;
  for (unsigned inference = 0; inference <= inferences; inference++) {
    if (inference > 0) {
      // The release pair is read once after each boot.
      const bool known = clock.boots() == boots_when_read;
      book({{known ? start.work + -2.0 * p.nvm_read.of(4) : start.work, 1}}, last, true);
      boots_when_read = clock.boots();
    }
    for (size_t i = 0; i < last; i++)
      book(all[i], i, inference > 0);
    book({deliver}, last, inference > 0);
  }
  for (size_t i = 0; i <= last; i++) {
    result.latency_s += result.layer_latency_s[i];
    result.power_cycles += result.layer_power_cycles[i];
  }
  result.lowest_V = clock.lowest_V();
  // Without the release pair, which is read after boots only.
  result.running_s = -2.0 * p.nvm_read.of(4).latency_s;
  for (const auto &steps : all)
    for (const Steps &s : steps)
      result.running_s += static_cast<double>(s.count) * s.work.latency_s;
  return result;
}

} // namespace brownout
