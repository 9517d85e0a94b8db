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

/**
 * Charging after a power cycle of our runtime: it reboots first, at the reboot's power, and does
 * the rest afterwards, at the rest's mean power; then it charges back to V_on. Zero where the run
 * ends at V_on or above. At least physical_recharge_s() of the same cost where
 * reboot_draws_least(): of two equal drains the later one leaves the lower voltage.
 * @param cycle of one power cycle, its reboot included
 */
double cycle_recharge_s(const Platform &platform, const Cost &cycle);

/** Voltage at the end of a run of constant power that begins at `from_V`, harvest counted. */
double voltage_from_V(const EnergyBuffer &buffer, const Cost &cost, double from_V);

/** Time to charge from `from_V` to V_on; 0 at V_on or above. */
double charging_s(const EnergyBuffer &buffer, double from_V);

/** Whether no operation of the runtime draws less power than a reboot. */
bool reboot_draws_least(const Platform &platform);

/** Voltage at the end of the run of physical_recharge_s(); V_on where the harvester outpaces the
 * load. */
double voltage_after_V(const EnergyBuffer &buffer, const Cost &cost);

} // namespace brownout
