/**
 * COMP_E as supply monitor: half of the capacitor's voltage, by two equal resistors, against a tap
 * of the reference ladder. Of the taps of 2.0 V and 2.5 V the lowest one that is high enough.
 */
#include "supply.h"

#include <stdint.h>

#include "planted_port.h"
#include "platform.h"
#include "registers.h"

#ifndef BO_RUN_ON_MILLIVOLTS
#define BO_RUN_ON_MILLIVOLTS 0
#endif
#if BO_RUN_ON_MILLIVOLTS > 0

/* Taps 1..32 of a ladder whose top is `top` millivolts at the capacitor. */
#define TAP(top) ((BO_RUN_ON_MILLIVOLTS * 32l + (top)-1l) / (top))
#define LEVEL(top) ((top)*TAP(top) / 32l)
#define TOP_2_0 4000l
#define TOP_2_5 5000l
#define BY_2_0 (TAP(TOP_2_0) <= 32l && LEVEL(TOP_2_0) <= LEVEL(TOP_2_5))
#define CHOSEN (BY_2_0 ? TAP(TOP_2_0) : TAP(TOP_2_5))
#define REFERENCE (BY_2_0 ? CEREFL_2_0 : CEREFL_2_5)
_Static_assert(CHOSEN >= 1l && CHOSEN <= 32l, "BO_RUN_ON_MILLIVOLTS is beyond the ladder");

#define INPUT (SUPPLY_CHANNEL + (BO_BUG_WRONG_MONITOR_INPUT ? 1u : 0u))
#define SETTLE_TURNS 400u /* some 100 us: reference and comparator */

void bo_supply_init(void) {
  SUPPLY_PIN_INIT();
  CECTL0 = CEIPEN | INPUT;
  CECTL2 =
      REFERENCE | CERS_LADDER | CERSEL | (uint16_t)((CHOSEN - 1l) << 8) | (uint16_t)(CHOSEN - 1l);
  CECTL3 = (uint16_t)(1u << INPUT);
  CECTL1 = CEON;
  for (volatile uint16_t left = SETTLE_TURNS; left != 0u; left--) {
  }
}

int bo_supply_holds(void) { return (CECTL1 & CEOUT) != 0u; }

#else
void bo_supply_init(void) {}
int bo_supply_holds(void) { return 1; }
#endif
