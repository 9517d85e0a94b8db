/** Registers below 0x1000, the DMA controller behind them, and what they control. */
#ifndef BROWNOUT_SIM_PERIPHERALS_H
#define BROWNOUT_SIM_PERIPHERALS_H

#include "machine.h"

uint16_t peripheral_read(msp430x *m, uint32_t address, int is_byte);
void peripheral_write(msp430x *m, uint32_t address, int is_byte, uint16_t value);
void peripherals_reset(msp430x *m);

/** Registers by word; `offset` from the controller's base. */
#define DMA_BASE 0x0500u
#define DMA_END 0x0570u
uint16_t dma_read(const msp430x *m, uint32_t offset);
void dma_write(msp430x *m, uint32_t offset, uint16_t value);
/** Moves what is triggered; the CPU stands still meanwhile. */
void dma_run(msp430x *m);

/** Clock system registers 0x0160..0x016d and what follows from them. */
#define CLOCK_BASE 0x0160u
#define CLOCK_END 0x016eu
void clock_reset(msp430x *m);
uint16_t clock_read(const msp430x *m, uint32_t offset);
void clock_write(msp430x *m, uint32_t offset, int is_byte, uint16_t value);

/** Timer_A 0 and 1 (0x0340..). */
#define TIMER_BASE 0x0340u
#define TIMER_STEP 0x0040u
#define TIMER_END 0x03c0u
uint16_t timer_read(msp430x *m, uint32_t address);
void timer_write(msp430x *m, uint32_t address, uint16_t value);

/** Ports P1..P8 (0x0200..) and PJ (0x0320..). */
#define GPIO_BASE 0x0200u
#define GPIO_END 0x0280u
#define GPIO_J_BASE 0x0320u
#define GPIO_J_END 0x0330u
uint8_t gpio_read(const msp430x *m, unsigned port, uint32_t which);
void gpio_write(msp430x *m, unsigned port, uint32_t which, uint8_t value);
/** Acts on pins that something hangs on: shut-off P3.7, chip select P6.3. */
void gpio_settle(msp430x *m);

#endif
