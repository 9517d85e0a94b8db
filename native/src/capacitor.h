/** How long the energy buffer charges after a power cycle. */
#pragma once

#include "cost.h"
#include "platform.h"

namespace brownout {

/**
 * The published formula (iNAS): the capacitor is taken to hold only the margin's share of its
 * energy, and nothing is harvested while the board runs.
 * @param spent_J at most buffer.safe_J()
 */
double published_recharge_s(const EnergyBuffer &buffer, double spent_J);

/**
 * The physical capacitor: while a power cycle runs for L = cost.latency_s at constant power P = E /
 * L, C dV/dt = (V_sup - V)/R - P/V from V_on; then it charges back to V_on. Zero where the
 * harvester outpaces the load, so that V never falls below V_on.
 * @param cost of one power cycle, energy at most buffer.full_J()
 */
double physical_recharge_s(const EnergyBuffer &buffer, const Cost &cost);

/** Voltage at the end of the run of physical_recharge_s(); V_on where the harvester outpaces the
 * load. */
double voltage_after_V(const EnergyBuffer &buffer, const Cost &cost);

} // namespace brownout
