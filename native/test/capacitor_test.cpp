/** The closed solution of the capacitor against a fine numerical integration of the same equation.
 */
#include "capacitor.h"
#include "check.h"
#include "fixtures.h"

using namespace test;

namespace {

/** Runge-Kutta of C dV/dt = (V_sup - V)/R - P/V. */
double integrate(const EnergyBuffer &b, const Cost &cost, int steps) {
  const double power = cost.energy_J / cost.latency_s;
  const auto slope = [&](double v) {
    return ((b.v_supply - v) / b.harvester_ohm - power / v) / b.capacitance_F;
  };
  const double h = cost.latency_s / steps;
  double v = b.v_on;
  for (int i = 0; i < steps; i++) {
    const double k1 = slope(v), k2 = slope(v + h / 2 * k1), k3 = slope(v + h / 2 * k2),
                 k4 = slope(v + h * k3);
    v += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return v;
}

EnergyBuffer random_buffer(Dice &dice) {
  EnergyBuffer b{};
  b.capacitance_F = std::pow(10, dice.real(-4, -1.5));
  b.harvester_ohm = std::pow(10, dice.real(0.5, 4));
  b.v_supply = dice.real(1, 5);
  b.v_on = b.v_supply * dice.real(0.3, 0.999);
  b.v_off = b.v_on * dice.real(0.3, 0.95);
  b.safe_margin = 1;
  return b;
}

TEST("voltage_after_V() solves the capacitor's equation, on 3000 random runs", {
  Dice dice(7);
  int fell = 0;
  for (int i = 0; i < 3000; i++) {
    const EnergyBuffer b = random_buffer(dice);
    const double turns = std::pow(10, dice.real(-3, 1));
    const Cost cost{b.full_J() * dice.real(0.001, 1), turns * b.harvester_ohm * b.capacitance_F};
    const double exact = integrate(b, cost, 4000);
    if (exact >= b.v_on) {
      CHECK(voltage_after_V(b, cost) == b.v_on);
      CHECK(physical_recharge_s(b, cost) == 0);
      continue;
    }
    fell++;
    CHECK(exact >= b.v_off);
    // The fall, not the voltage, decides how long it charges.
    CHECK_NEAR(b.v_on - voltage_after_V(b, cost), b.v_on - exact, 1e-7);
  }
  CHECK(fell > 1000);
});

TEST("voltage_after_V() is what the capacitor alone leaves where nothing is harvested", {
  EnergyBuffer b = platform().buffer;
  b.harvester_ohm = 1e9;
  const Cost cost{0.5 * b.full_J(), 0.2};
  const double alone = std::sqrt(b.v_on * b.v_on - 2 * cost.energy_J / b.capacitance_F);
  CHECK_NEAR(b.v_on - voltage_after_V(b, cost), b.v_on - alone, 1e-6);
});

TEST("voltage_after_V() stays at the equilibrium, however long it runs", {
  const EnergyBuffer b = platform().buffer;
  const double power = 0.005;
  const double root = std::sqrt(b.v_supply * b.v_supply / 4 - power * b.harvester_ohm);
  const double equilibrium = b.v_supply / 2 + root;
  // An energy far above what the capacitor holds: the harvester carries the run.
  CHECK_NEAR(voltage_after_V(b, {power * 100, 100}), equilibrium, 1e-12);
});

TEST("physical_recharge_s() is continuous where both equilibria meet", {
  EnergyBuffer b = platform().buffer;
  b.harvester_ohm = 100;
  const double critical = b.v_supply * b.v_supply / 4 / b.harvester_ohm;
  for (double factor :
       {1 - 1e-3, 1 - 1e-9, 1.0, 1 + 1e-9, 1 + 1e-3, 0.9975 - 1e-9, 0.9975 + 1e-9}) {
    const Cost cost{critical * factor * 0.02, 0.02};
    CHECK_NEAR(voltage_after_V(b, cost), integrate(b, cost, 4000), 1e-12);
  }
});

TEST("published_recharge_s() is what the published formula gives", {
  const EnergyBuffer b = platform().buffer;
  const double spent = 0.3 * b.safe_J();
  const double v = std::sqrt(2 * (b.safe_J() - spent) / b.capacitance_F + 2.8 * 2.8);
  CHECK_NEAR(published_recharge_s(b, spent), 24 * 0.005 * std::log((3.0 - v) / (3.0 - 2.99)),
             1e-12);
  CHECK(published_recharge_s(b, b.safe_J()) > published_recharge_s(b, spent));
});

} // namespace
