#include "capacitor.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace brownout {

double published_recharge_s(const EnergyBuffer &buffer, double spent_J) {
  const double left_J = std::max(0.0, buffer.safe_J() - spent_J);
  const double v = std::sqrt(2 * left_J / buffer.capacitance_F + buffer.v_off * buffer.v_off);
  return -buffer.harvester_ohm * buffer.capacitance_F *
         std::log((buffer.v_on - buffer.v_supply) / (v - buffer.v_supply));
}

namespace {

/**
 * Separating the variables of C dV/dt = (V_sup - V)/R - P/V with x = V - V_sup/2 and
 * q(x) = x^2 + d, d = P R - V_sup^2/4:
 *
 *   T(x) / (R C) = 1/2 ln(q(a)/q(x)) + V_sup/2 * integral from x to a of du / q(u),  a = V_on -
 * V_sup/2.
 *
 * Both solvers below find x with T(x) = L by Newton steps, safeguarded by a bracket.
 */
constexpr int MAX_STEPS = 100;
constexpr double CLOSE = 1e-15;

/**
 * Two equilibria, +s and -s, and the run starts above the upper one: with b - s = (a - s) e^-y time
 * is almost linear in y, however near the voltage comes to the equilibrium.
 */
double fall_to_equilibrium(double a, double s, double half_supply, double turns) {
  const double near_weight = 0.5 + half_supply / (2 * s);
  const double far_weight = 0.5 - half_supply / (2 * s);
  const auto far_term = [&](double y) {
    return std::log1p((a - s) * -std::expm1(-y) / (2 * s + (a - s) * std::exp(-y)));
  };
  double y = turns / near_weight, low = 0, high = INFINITY;
  for (int step = 0; step < MAX_STEPS; step++) {
    const double error = near_weight * y + far_weight * far_term(y) - turns;
    (error > 0 ? high : low) = y;
    const double fall = (a - s) * std::exp(-y);
    const double slope = near_weight + far_weight * fall / (2 * s + fall);
    double next = y - error / slope;
    if (!(next >= low && next <= high))
      next = std::isinf(high) ? 2 * y + 1 : 0.5 * (low + high);
    const double change = std::fabs(next - y);
    y = next;
    if (change <= CLOSE * y)
      break;
  }
  return (a - s) * -std::expm1(-y);
}

/** atanh(z)/z for d < 0, atan(z)/z for d > 0, as a function of w = z^2 with the sign of -d. */
double arc_over(double w) {
  if (std::fabs(w) < 1e-3) {
    return 1 + w * (1.0 / 3 + w * (1.0 / 5 + w * (1.0 / 7 + w * (1.0 / 9 + w / 11))));
  }
  const double z = std::sqrt(std::fabs(w));
  return (w > 0 ? std::atanh(z) : std::atan(z)) / z;
}

/** No equilibrium below the start within reach: the voltage just falls, at most by `most`. */
double fall_freely(double a, double d, double half_supply, double turns, double most) {
  const double start_slope = (a + half_supply) / (a * a + d);
  double fall = std::min(turns / start_slope, most), low = 0, high = most;
  for (int step = 0; step < MAX_STEPS; step++) {
    const double b = a - fall;
    const double q = b * b + d;
    double angle = fall / (a * b + d);
    const double w = -d * angle * angle;
    // Past a quarter turn the arc tangent would leave its branch.
    const double area = a * b + d > 0 ? angle * arc_over(w)
                                      : std::atan2(std::sqrt(d) * fall, a * b + d) / std::sqrt(d);
    const double error = 0.5 * std::log1p(fall * (a + b) / q) + half_supply * area - turns;
    (error > 0 ? high : low) = fall;
    const double slope = (b + half_supply) / q;
    double next = fall - error / slope;
    if (!(next >= low && next <= high))
      next = 0.5 * (low + high);
    const double change = std::fabs(next - fall);
    fall = next;
    if (change <= CLOSE * fall)
      break;
  }
  return fall;
}

/** By how much the voltage has fallen below `from_V` at the end of the run; never negative. */
double fall_V(const EnergyBuffer &buffer, const Cost &cost, double from_V) {
  if (!(cost.energy_J > 0))
    return 0;
  const double half_supply = 0.5 * buffer.v_supply;
  const double a = from_V - half_supply;
  const double d =
      cost.energy_J / cost.latency_s * buffer.harvester_ohm - half_supply * half_supply;
  const double start = a * a + d;
  if (start <= 0)
    return 0;
  const double turns = cost.latency_s / (buffer.harvester_ohm * buffer.capacitance_F);
  const double s = d < 0 ? std::sqrt(-d) : 0;
  if (a > s && s > 0.05 * half_supply)
    return fall_to_equilibrium(a, s, half_supply, turns);
  // Without any harvest the capacitor alone would pay for the run: no fall is deeper than that.
  const double kept = from_V * from_V - 2 * cost.energy_J / buffer.capacitance_F;
  const double most =
      kept > 0 ? 2 * cost.energy_J / buffer.capacitance_F / (from_V + std::sqrt(kept)) : from_V;
  return fall_freely(a, d, half_supply, turns, most);
}

/** By how much the voltage rises, where the harvester outpaces the load: in steps well below R C.
 */
double rise_V(const EnergyBuffer &buffer, const Cost &cost, double from_V) {
  // After so many the voltage stands still, and a run of years must not take years to solve.
  constexpr double MOST_TURNS = 2000;
  const double turn_s = buffer.harvester_ohm * buffer.capacitance_F;
  const double turns = std::min<double>(cost.latency_s / turn_s, MOST_TURNS);
  const int steps = static_cast<int>(std::max(8 * turns, 256.0));
  const double power_W = cost.energy_J / cost.latency_s;
  const auto slope = [&](double rise) {
    const double v = from_V + rise;
    return ((buffer.v_supply - v) / buffer.harvester_ohm - power_W / v) / buffer.capacitance_F;
  };
  const double h = turns * turn_s / steps;
  double rise = 0;
  for (int step = 0; step < steps; step++) {
    const double k1 = slope(rise), k2 = slope(rise + h / 2 * k1);
    const double k3 = slope(rise + h / 2 * k2), k4 = slope(rise + h * k3);
    rise += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return rise;
}

/** Whether a load of constant power lets the voltage rise from `from_V`. */
bool outpaces(const EnergyBuffer &buffer, const Cost &cost, double from_V) {
  return cost.energy_J * buffer.harvester_ohm <
         cost.latency_s * from_V * (buffer.v_supply - from_V);
}

double charge_s(const EnergyBuffer &buffer, double fall) {
  return fall > 0 ? buffer.harvester_ohm * buffer.capacitance_F *
                        std::log1p(fall / (buffer.v_supply - buffer.v_on))
                  : 0;
}

/** What the voltage has gained over V_on after a reboot; negative where it has fallen. */
double gain_of_reboot_V(const Platform &p) {
  // The same for every power cycle of a platform, and asked for each.
  struct Known {
    EnergyBuffer buffer;
    Cost reboot;
    double gain_V;
  };
  thread_local Known known{{}, {}, 0};
  if (!(known.buffer == p.buffer && known.reboot == p.reboot)) {
    double gain_V = 0;
    if (p.reboot.latency_s > 0) {
      gain_V = outpaces(p.buffer, p.reboot, p.buffer.v_on)
                   ? rise_V(p.buffer, p.reboot, p.buffer.v_on)
                   : -fall_V(p.buffer, p.reboot, p.buffer.v_on);
    }
    known = {p.buffer, p.reboot, gain_V};
  }
  return known.gain_V;
}

} // namespace

double voltage_after_V(const EnergyBuffer &buffer, const Cost &cost) {
  return buffer.v_on - fall_V(buffer, cost, buffer.v_on);
}

double voltage_from_V(const EnergyBuffer &buffer, const Cost &cost, double from_V) {
  if (!(cost.latency_s > 0))
    return from_V;
  return outpaces(buffer, cost, from_V) ? from_V + rise_V(buffer, cost, from_V)
                                        : from_V - fall_V(buffer, cost, from_V);
}

double charging_s(const EnergyBuffer &buffer, double from_V) {
  return charge_s(buffer, buffer.v_on - from_V);
}

double physical_recharge_s(const EnergyBuffer &buffer, const Cost &cost) {
  const double fall = fall_V(buffer, cost, buffer.v_on);
  // A margin of at most 1 counts no harvest, so a run within the budget cannot reach V_off.
  assert(cost.energy_J > buffer.full_J() * (1 + 1e-12) ||
         buffer.v_on - fall >= buffer.v_off * (1 - 1e-12));
  return charge_s(buffer, fall);
}

double cycle_recharge_s(const Platform &p, const Cost &cycle) {
  const Cost work{cycle.energy_J - p.reboot.energy_J, cycle.latency_s - p.reboot.latency_s};
  const double gain_V = gain_of_reboot_V(p);
  if (!(work.energy_J > 0 && work.latency_s > 0))
    return charge_s(p.buffer, -gain_V);
  const double from_V = p.buffer.v_on + gain_V;
  const double change_V = outpaces(p.buffer, work, from_V) ? rise_V(p.buffer, work, from_V)
                                                           : -fall_V(p.buffer, work, from_V);
  return charge_s(p.buffer, -(gain_V + change_V));
}

bool reboot_draws_least(const Platform &p) {
  const auto more = [&](const Cost &cost) {
    return !(cost.latency_s > 0) ||
           cost.energy_J * p.reboot.latency_s >= p.reboot.energy_J * cost.latency_s;
  };
  for (const Affine &cost : {p.nvm_read, p.nvm_write, p.mac})
    if (!more(cost.fixed) || !more(cost.per_element))
      return false;
  for (const Cost &cost : {p.add, p.multiply, p.divide, p.requantise, p.commit, p.pool})
    if (!more(cost))
      return false;
  return true;
}

} // namespace brownout
