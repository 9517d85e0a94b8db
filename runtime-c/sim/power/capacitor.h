/**
 * The energy buffer: C dV/dt = harvester's current - P/V. A voltage behind R_h gives
 * max(0, (V_sup - V)/R_h), a power gives P_h/V. It is charged all the time, on or off.
 */
#ifndef BROWNOUT_POWER_CAPACITOR_H
#define BROWNOUT_POWER_CAPACITOR_H

#include "source.h"

typedef struct {
  double capacitance_F;
  double v_off;  /**< V: the board dies here */
  double v_most; /**< V: a power source's converter stops charging here */
  double time_s;
  double voltage_V;
  double harvested_J;
  bo_source *source;
  void (*watch)(void *context, double time_s, double voltage_V); /**< of the curve; may be null */
  void *context;
} bo_capacitor;

/**
 * Draws energy_J evenly over latency_s.
 * @return the share that was done: 1, or less where the voltage fell to v_off; time stops there.
 */
double bo_capacitor_run(bo_capacitor *capacitor, double energy_J, double latency_s);

/** Charges without load up to `volts`; 0 where `limit_s` (a moment) comes first. */
int bo_capacitor_charge(bo_capacitor *capacitor, double volts, double limit_s);

#endif
