#include "failure_clock.h"

#include "capacitor.h"
#include "unit.h"
#include "until_failure.h"

#include <algorithm>
#include <limits>

namespace brownout {

namespace {

/** Power cycles without progress, of designs that are not safe: there is no latency then. */
constexpr unsigned MOST_BOOTS_IN_VAIN = 1000;

/** The capacitor, and the time and energy that have gone by. */
class Supply {
public:
  explicit Supply(const Platform &platform)
      : platform_(platform), voltage_V_(platform.buffer.v_on), lowest_V_(voltage_V_) {}

  /** Whether a run of constant power ends before power fails. */
  bool lasts(const Cost &cost) const { return after(cost) >= platform_.buffer.v_off; }

  /** @return whether it was run to its end; else the board is off, with V_on ahead */
  bool run(const Cost &cost) {
    const double end_V = after(cost);
    if (end_V >= platform_.buffer.v_off) {
      take(cost);
      voltage_V_ = end_V;
      lowest_V_ = std::min(lowest_V_, end_V);
      return true;
    }
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
      const double share = 0.5 * (low + high);
      (after(share * cost) >= platform_.buffer.v_off ? low : high) = share;
    }
    take(low * cost);
    voltage_V_ = lowest_V_ = platform_.buffer.v_off;
    return false;
  }

  /** Charges to V_on where the voltage is below. */
  void charge() {
    time_s_ += charging_s(platform_.buffer, voltage_V_);
    voltage_V_ = std::max(voltage_V_, platform_.buffer.v_on);
  }

  /** After a failure, or to begin with. */
  void boot(const Cost &search) {
    unsigned tries = 0;
    do {
      charge();
      boots_++;
      in_vain_ += tries;
    } while (!(run(platform_.reboot) && run(2.0 * platform_.nvm_read.of(8) + search)) &&
             ++tries < MOST_BOOTS_IN_VAIN);
  }

  void progress() { in_vain_ = 0; }
  /** Whether power has failed so often without progress that none is to be expected. */
  bool hopeless() { return ++in_vain_ > MOST_BOOTS_IN_VAIN; }

  double time_s() const { return time_s_; }
  double boots() const { return boots_; }
  Joules energy_J() const { return energy_J_; }
  double lowest_V() const { return lowest_V_; }

private:
  double after(const Cost &cost) const {
    return voltage_from_V(platform_.buffer, cost, voltage_V_);
  }
  void take(const Cost &cost) { time_s_ += cost.latency_s, energy_J_ += cost.energy_J; }

  const Platform &platform_;
  double voltage_V_, lowest_V_;
  double time_s_ = 0, boots_ = 0;
  unsigned in_vain_ = 0;
  Joules energy_J_ = 0;
};

/** A layer at work. */
class Layer {
public:
  Layer(const Platform &platform, const bo_shape &shape, const bo_design &design)
      : platform_(platform), shape_(shape), design_(design), nest_(bo_nest_make(&shape, &design)),
        plane_(bo_plane_make(&shape, &design, &nest_)), steps_(steps_of(platform, shape, design)) {
    CostSink end(platform, reuse_of(design));
    tell_layer_end(design.scheme, end);
    end_ = end.cost();
    CostSink search(platform, reuse_of(design));
    tell_search(shape, design.scheme, most_probes(shape, design, nest_), search);
    search_ = search.cost();
  }

  /** All work, uninterrupted. */
  Cost work() const {
    Cost all = end_;
    for (const Steps &s : steps_)
      all += static_cast<double>(s.count) * s.work;
    return all;
  }

  /** @return whether the layer was finished: an inference of ideal begins anew where power failed
   */
  bool run(Supply &supply) const {
    switch (design_.scheme) {
    case BO_SCHEME_IDEAL:
      return run_once(supply);
    case BO_SCHEME_CHECKPOINT:
      while (!run_once(supply)) {
        if (supply.hopeless())
          return false;
        supply.boot(search_);
      }
      supply.progress();
      return true;
    default:
      return run_groups(supply);
    }
  }

private:
  bool run_once(Supply &supply) const {
    for (const Steps &s : steps_)
      if (!supply.run(static_cast<double>(s.count) * s.work))
        return false;
    return supply.run(end_);
  }

  bool run_groups(Supply &supply) const {
    uint32_t batch = 0;
    for (const Steps &s : steps_) {
      const auto until = static_cast<uint32_t>(batch + s.count);
      while (batch < until) {
        // So many of these batches in a row last.
        uint32_t lasting = 0, over = until - batch + 1;
        while (over - lasting > 1) {
          const uint32_t middle = over == until - batch + 1 && lasting == 0
                                      ? until - batch
                                      : lasting + (over - lasting) / 2;
          (supply.lasts(static_cast<double>(middle) * s.work) ? lasting : over) = middle;
        }
        if (lasting > 0) {
          supply.run(static_cast<double>(lasting) * s.work);
          supply.progress();
          batch += lasting;
        }
        if (batch < until && !run_units(supply, batch++))
          return false;
      }
    }
    // The record, and of hawaii the last group's mark in it: both are a sliver of the last unit.
    while (!supply.run(end_)) {
      if (supply.hopeless())
        return false;
      supply.boot(search_);
    }
    return true;
  }

  /** A batch in which power fails. */
  bool run_units(Supply &supply, uint32_t batch) const {
    bool booted = false;
    for (bo_place at{batch, 0, 0}; at.batch == batch;) {
      CostSink sink(platform_, reuse_of(design_));
      const bo_place next = tell_unit(shape_, design_, nest_, plane_, at, booted, sink);
      if (design_.scheme == BO_SCHEME_HAWAII)
        sink.mark(1);
      if (supply.run(sink.cost())) {
        supply.progress();
        at = next, booted = false;
        continue;
      }
      if (supply.hopeless())
        return false;
      supply.boot(search_);
      booted = true;
    }
    return true;
  }

  const Platform &platform_;
  const bo_shape &shape_;
  const bo_design design_;
  const bo_nest nest_;
  const bo_plane plane_;
  const std::vector<Steps> steps_;
  Cost end_, search_;
};

/** A start or a delivery, which is done again whole. */
bool run_step(Supply &supply, const Cost &work) {
  while (!supply.run(work)) {
    if (supply.hopeless())
      return false;
    supply.boot({});
  }
  supply.progress();
  return true;
}

} // namespace

RunOn until_failure_network(const NetworkRequest &request,
                            const std::vector<std::optional<bo_design>> &designs,
                            unsigned inferences) {
  const Platform &p = request.platform;
  const bool ideal = request.scheme == BO_SCHEME_IDEAL;
  const Cost boot = p.reboot + 2.0 * p.nvm_read.of(8);
  const Delivery delivery = delivery_of(request, request.layers.back().output_elements);
  const Cost start = delivery.start + -1.0 * boot, deliver = delivery.deliver + -1.0 * boot;
  std::vector<std::optional<Layer>> layers(request.layers.size());
  RunOn result{};
  result.above_V = p.buffer.v_off;
  result.running_s = (start + deliver).latency_s;
  for (size_t i = 0; i < layers.size(); i++)
    if (designs[i]) {
      layers[i].emplace(p, request.layers[i].shape, *designs[i]);
      result.running_s += layers[i]->work().latency_s;
    }
  const size_t last = layers.size();
  result.layer_latency_s.assign(last + 1, 0), result.layer_power_cycles.assign(last + 1, 0);
  Supply supply(p);
  supply.boot({});
  const auto book = [&](size_t to, bool measured, auto &&work) {
    const double from_s = supply.time_s(), from_J = supply.energy_J(), from = supply.boots();
    const bool done = work();
    if (measured) {
      result.layer_latency_s[to] += (supply.time_s() - from_s) / inferences;
      result.layer_power_cycles[to] += (supply.boots() - from) / inferences;
      result.energy_J += (supply.energy_J() - from_J) / inferences;
    }
    return done;
  };
  bool done = true;
  for (unsigned inference = 0; inference <= inferences && done; inference++) {
    const bool measured = inference > 0;
    // An inference of ideal that power fails in would begin anew: safe ones do not meet that.
    done &= book(last, measured, [&] {
      if (ideal && inference > 0)
        supply.boot({});
      return ideal ? supply.run(start) : run_step(supply, start);
    });
    for (size_t i = 0; i < last && done; i++)
      if (layers[i])
        done &= book(i, measured, [&] { return layers[i]->run(supply); });
    done = done && book(last, measured,
                        [&] { return ideal ? supply.run(deliver) : run_step(supply, deliver); });
  }
  for (size_t i = 0; i <= last; i++) {
    result.latency_s += result.layer_latency_s[i];
    result.power_cycles += result.layer_power_cycles[i];
  }
  if (!done)
    result.latency_s = result.power_cycles = std::numeric_limits<double>::infinity();
  result.lowest_V = supply.lowest_V();
  return result;
}

} // namespace brownout
