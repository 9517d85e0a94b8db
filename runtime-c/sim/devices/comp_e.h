/**
 * COMP_E, the comparator of both families (SLAU367, SLAU356), as a supply monitor uses it: one
 * external input on V+, the ladder of the shared reference on V-. On the boards the input sees half
 * of the capacitor's voltage, through two equal resistors. Settling, filters, interrupts and other
 * wirings are not modelled: they count as misuse, and the output is low.
 */
#ifndef BROWNOUT_SIM_COMP_E_H
#define BROWNOUT_SIM_COMP_E_H

#include <stdint.h>

/** What a monitor sees where no capacitor is simulated: the most that the boards bear. */
#define SUPPLY_FULL_V 3.6
#define COMP_E_BYTES 0x10u

typedef struct {
  uint16_t control[4]; /**< CECTL0..CECTL3 */
  uint8_t channel;     /**< the input that the divider is wired to */
  uint64_t misuses;    /**< outputs read while it was off or wired in another way */
} comp_e;

void comp_e_reset(comp_e *unit);
/** `offset` even, below COMP_E_BYTES; `supply_V` of the capacitor. */
uint16_t comp_e_read(comp_e *unit, uint32_t offset, double supply_V);
/** 0 where no register of the model lies there. */
int comp_e_write(comp_e *unit, uint32_t offset, uint16_t value);

#endif
