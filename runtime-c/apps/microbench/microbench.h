/** What a port gives to microbench.c, beside core/port.h: ports/<board>/microbench.c. */
#ifndef BROWNOUT_MICROBENCH_H
#define BROWNOUT_MICROBENCH_H

#include <stdint.h>

/** "msp430fr5994", the port's folder. */
extern const char bo_timer_board[];
/** CPU clock; the timer counts its cycles. */
extern const uint32_t bo_timer_clock_Hz;
/** The timer wraps to 0 behind it. */
extern const uint32_t bo_timer_most;

/** Starts the timer; bo_port_init() leaves it alone. */
void bo_timer_start(void);
/** Cycles, modulo bo_timer_most + 1. */
uint32_t bo_timer_read(void);

#endif
