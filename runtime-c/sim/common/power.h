/**
 * The capacitor that feeds the board: C dV/dt = (V_supply - V)/R - P/V, charged also while the
 * board runs; it starts a power cycle at V_on and dies at V_off.
 */
#ifndef BROWNOUT_SIM_POWER_H
#define BROWNOUT_SIM_POWER_H

#include <stdio.h>

#include "board.h"

typedef struct {
  double capacitance_F, harvester_ohm, v_on, v_off, v_supply;
  /* What the board takes; each may be 0. */
  double boot_J, cycle_J, nvm_read_J, nvm_write_J, spi_byte_J;
  double boot_s; /**< before the first instruction: supplies and clocks settle */
} power_config;

typedef struct {
  power_config config;
  double voltage, lowest, energy_J, time_s, charging_s;
  board_counts before;
  FILE *trace; /**< lines "time_s,voltage", or null */
  double traced;
} power_supply;

void power_start(power_supply *p, const power_config *config, FILE *trace);
/** Waits until V_on; infinite where the supply cannot reach it. */
void power_charge(power_supply *p);
/** A boot begins, with the board's counts as they are. */
void power_boot(power_supply *p, const board_counts *now);
/** Takes what the board has done since; 0: V_off is reached. */
int power_take(power_supply *p, const board_counts *now);

#endif
