/** What CPU and DMA reach memory and peripherals through; counts, waits, and loses power. */
#ifndef BROWNOUT_SIM_BUS_H
#define BROWNOUT_SIM_BUS_H

#include "machine.h"

/** SIZE_ADDRESS reads two words and keeps 20 bits. Word accesses drop the lowest address bit. */
uint32_t bus_read(msp430x *m, uint32_t address, operand_size size);
void bus_write(msp430x *m, uint32_t address, operand_size size, uint32_t value);
/** A word of code. */
uint16_t bus_fetch(msp430x *m, uint32_t address);
/** Adds one to the warnings; the first one's address is kept. */
void bus_warn(msp430x *m, uint32_t address);
/** Asked before an NVM write; 0: power has failed and nothing is written any more. */
int bus_may_write_nvm(msp430x *m);
void fram_cache_clear(msp430x *m);

#endif
