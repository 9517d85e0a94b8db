#include "charge_bound.h"

#include "capacitor.h"

#include <algorithm>
#include <cmath>

namespace brownout {

namespace {

constexpr size_t LEVELS = 72;
constexpr double STEP = 1.08;
constexpr size_t SAMPLES = 192;
/** Far more than the solver's error and rounding. */
constexpr double DOWN = 1 - 1e-9;

/** The most power that any operation draws. */
double most_power_W(const Platform &p) {
  double most = 0;
  const auto see = [&](const Cost &cost) {
    if (cost.latency_s > 0)
      most = std::max(most, cost.energy_J / cost.latency_s);
  };
  for (const Affine &cost : {p.nvm_read, p.nvm_write, p.mac})
    see(cost.fixed), see(cost.per_element);
  for (const Cost &cost : {p.add, p.requantise, p.commit, p.reboot, p.pool})
    see(cost);
  return most;
}

/** Lower hull of points with ascending x. */
void keep_lower_hull(std::vector<double> &xs, std::vector<double> &ys) {
  size_t size = 0;
  for (size_t i = 0; i < xs.size(); i++) {
    while (size >= 2) {
      const double rise = (ys[size - 1] - ys[size - 2]) * (xs[i] - xs[size - 2]);
      const double chord = (ys[i] - ys[size - 2]) * (xs[size - 1] - xs[size - 2]);
      if (rise < chord)
        break;
      size--;
    }
    xs[size] = xs[i], ys[size] = ys[i];
    size++;
  }
  xs.resize(size), ys.resize(size);
}

/** Cuts off segments whose lines start below zero, so that no bound falls where more is used. */
void keep_rising_lines(std::vector<double> &xs, std::vector<double> &ys) {
  while (xs.size() >= 3) {
    const size_t i = xs.size() - 1;
    const double slope = (ys[i] - ys[i - 1]) / (xs[i] - xs[i - 1]);
    if (ys[i] - slope * xs[i] >= 0)
      break;
    xs.pop_back(), ys.pop_back();
  }
}

} // namespace

ChargeBound::ChargeBound(const Platform &platform) {
  const EnergyBuffer &buffer = platform.buffer;
  const auto harvest_W = [&](double v) { return v * (buffer.v_supply - v) / buffer.harvester_ohm; };
  const double half = 0.5 * buffer.v_supply;
  const double budget_J = buffer.safe_J();
  const double lowest_square = buffer.v_on * buffer.v_on - 2 * budget_J / buffer.capacitance_F;
  const double lowest = lowest_square > 0 ? std::sqrt(lowest_square) : 0;
  // A reboot that draws more than the work is the earlier drain of two, not the later.
  concave_ = lowest >= half && reboot_draws_least(platform);
  most_W_ = harvest_W(std::clamp(half, lowest, buffer.v_on));
  if (!concave_)
    return;

  const double slow_W = harvest_W(buffer.v_on);
  const double fast_W = std::max(2 * slow_W, 1.05 * most_power_W(platform));
  // Where energy is drawn in no time no power bounds it.
  concave_ = std::isfinite(fast_W);
  if (!concave_)
    return;
  double energy_J = budget_J;
  for (size_t i = 0; i < LEVELS; i++, energy_J /= STEP) {
    Level level{energy_J, {}, {}};
    double before = physical_recharge_s(buffer, {energy_J, energy_J / fast_W * 1e-6});
    level.at_s.push_back(0), level.time_s.push_back(before);
    // The last sample lies where the harvester outpaces the load: from there on f(B, L) = L.
    const double ratio = std::pow(fast_W / slow_W * 1.02, 1.0 / (SAMPLES - 1));
    double run_s = energy_J / fast_W;
    for (size_t k = 0; k < SAMPLES; k++, run_s *= ratio) {
      level.at_s.push_back(run_s), level.time_s.push_back(before);
      before = run_s + physical_recharge_s(buffer, {energy_J, run_s});
    }
    keep_lower_hull(level.at_s, level.time_s);
    keep_rising_lines(level.at_s, level.time_s);
    levels_.push_back(std::move(level));
  }
}

size_t ChargeBound::level_of(double most_J) const {
  if (most_J >= levels_.front().energy_J)
    return 0;
  auto level = static_cast<size_t>(std::log(levels_.front().energy_J / most_J) / std::log(STEP));
  level = std::min(level, levels_.size() - 1);
  while (level > 0 && levels_[level].energy_J < most_J)
    level--;
  return level;
}

double ChargeBound::at_least_s(const Cost &total, double most_J) const {
  if (!(total.energy_J > 0))
    return total.latency_s * DOWN;
  if (!concave_)
    return std::max<double>(total.latency_s, total.energy_J / most_W_) * DOWN;
  const Level &level = levels_[level_of(most_J)];
  const double share = total.energy_J / level.energy_J;
  const double run_s = total.latency_s / share;
  // Beyond the last corner its line goes on: it lies below L there.
  const auto after = std::upper_bound(level.at_s.begin(), level.at_s.end() - 1, run_s);
  const auto i = static_cast<size_t>(after - level.at_s.begin());
  const double slope =
      (level.time_s[i] - level.time_s[i - 1]) / (level.at_s[i] - level.at_s[i - 1]);
  const double time_s = level.time_s[i - 1] + slope * (run_s - level.at_s[i - 1]);
  const double bound_s = std::max<double>(total.latency_s, share * time_s);
  return bound_s * DOWN;
}

} // namespace brownout
