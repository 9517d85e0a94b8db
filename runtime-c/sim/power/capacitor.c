#include "capacitor.h"

#include <math.h>
#include <stddef.h>

/** Steps of a time constant: the error of a Runge-Kutta step is then some 1e-10 of it. */
#define STEPS_PER_TIME_CONSTANT 100.0

static void watch(const bo_capacitor *c) {
  if (c->watch != NULL)
    c->watch(c->context, c->time_s, c->voltage_V);
}

static double stored_J(const bo_capacitor *c) {
  return 0.5 * c->capacitance_F * c->voltage_V * c->voltage_V;
}

static double slope(const bo_capacitor *c, const bo_supply *supply, double power_W, double volts) {
  const double current = supply->value > volts ? (supply->value - volts) / supply->ohm : 0;
  return (current - power_W / volts) / c->capacitance_F;
}

/** The voltage after `time_s` of one supply and one load. */
static double after(const bo_capacitor *c, const bo_supply *supply, double power_W, double time_s) {
  const double v = c->voltage_V;
  if (supply->is_power || (supply->value <= v && power_W >= 0)) {
    const double given_W = supply->is_power && v < c->v_most ? supply->value : 0;
    const double square = v * v + 2 * (given_W - power_W) * time_s / c->capacitance_F;
    const double volts = square > 0 ? sqrt(square) : 0;
    const double most = v > c->v_most ? v : c->v_most;
    return supply->is_power && volts > most ? most : volts;
  }
  const double k1 = slope(c, supply, power_W, v);
  const double k2 = slope(c, supply, power_W, v + time_s / 2 * k1);
  const double k3 = slope(c, supply, power_W, v + time_s / 2 * k2);
  const double k4 = slope(c, supply, power_W, v + time_s * k3);
  return v + time_s / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
}

double bo_capacitor_run(bo_capacitor *c, double energy_J, double latency_s) {
  if (energy_J == 0 && latency_s == 0)
    return 1;
  if (!(latency_s > 0)) {
    const double full_J = stored_J(c);
    const double floor_J = 0.5 * c->capacitance_F * c->v_off * c->v_off;
    const double left_J = full_J - energy_J;
    const int dead = energy_J > 0 && left_J <= floor_J;
    c->voltage_V = dead ? c->v_off : sqrt(2 * left_J / c->capacitance_F);
    watch(c);
    return dead ? (full_J - floor_J) / energy_J : 1;
  }
  const double power_W = energy_J / latency_s;
  double done_s = 0;
  while (done_s < latency_s) {
    const bo_supply supply = bo_source_at(c->source, c->time_s);
    double step_s = latency_s - done_s;
    if (!supply.is_power) {
      const double most_s = supply.ohm * c->capacitance_F / STEPS_PER_TIME_CONSTANT;
      step_s = step_s < most_s ? step_s : most_s;
    }
    const int to_edge = c->time_s + step_s >= supply.until_s;
    if (to_edge)
      step_s = supply.until_s - c->time_s;
    const double before_J = stored_J(c), v = c->voltage_V;
    double volts = after(c, &supply, power_W, step_s);
    const int dead = volts <= c->v_off;
    if (dead) {
      step_s *= v > volts ? (v - c->v_off) / (v - volts) : 0;
      volts = c->v_off;
    }
    c->voltage_V = volts;
    c->harvested_J += stored_J(c) - before_J + power_W * step_s;
    c->time_s = to_edge && !dead ? supply.until_s : c->time_s + step_s;
    done_s += step_s;
    if (dead) {
      watch(c);
      return done_s / latency_s < 1 ? done_s / latency_s : 1;
    }
    /* What is left by rounding is no step. */
    if (latency_s - done_s <= 1e-12 * latency_s)
      break;
  }
  watch(c);
  return 1;
}

/** Seconds until `volts` are reached, INFINITY where this supply never reaches them. */
static double time_to(const bo_capacitor *c, const bo_supply *supply, double volts) {
  if (c->voltage_V >= volts)
    return 0;
  if (supply->is_power) {
    const double need_J = 0.5 * c->capacitance_F * (volts * volts - c->voltage_V * c->voltage_V);
    return supply->value > 0 && volts <= c->v_most ? need_J / supply->value : INFINITY;
  }
  if (supply->value <= volts)
    return INFINITY;
  return supply->ohm * c->capacitance_F *
         log((supply->value - c->voltage_V) / (supply->value - volts));
}

static double charged(const bo_capacitor *c, const bo_supply *supply, double time_s) {
  if (supply->is_power)
    return after(c, supply, 0, time_s);
  if (supply->value <= c->voltage_V)
    return c->voltage_V;
  return supply->value -
         (supply->value - c->voltage_V) * exp(-time_s / (supply->ohm * c->capacitance_F));
}

int bo_capacitor_charge(bo_capacitor *c, double volts, double limit_s) {
  enum { POINTS = 16 };
  while (c->voltage_V < volts) {
    const bo_supply supply = bo_source_at(c->source, c->time_s);
    const double whole_s = time_to(c, &supply, volts);
    const int reached = c->time_s + whole_s <= supply.until_s;
    const double step_s = reached ? whole_s : supply.until_s - c->time_s;
    if (c->time_s + step_s > limit_s)
      return 0;
    const double before_J = stored_J(c), start_s = c->time_s;
    const double end_V = reached ? volts : charged(c, &supply, step_s);
    if (c->watch != NULL && c->voltage_V < end_V) {
      for (int i = 1; i < POINTS; i++)
        c->watch(c->context, start_s + step_s * i / POINTS,
                 charged(c, &supply, step_s * i / POINTS));
    }
    c->voltage_V = end_V;
    c->time_s = reached ? start_s + step_s : supply.until_s;
    c->harvested_J += stored_J(c) - before_J;
    watch(c);
  }
  return 1;
}
