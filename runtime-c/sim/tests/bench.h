/** A machine with code at CODE, to run instruction by instruction. */
#ifndef BROWNOUT_SIM_BENCH_H
#define BROWNOUT_SIM_BENCH_H

#include "bus.h"
#include "machine.h"

#define CODE 0x4400u
#define DATA 0x2000u

/** Fresh: registers 0, SP at 0x2c00, PC at CODE. */
msp430x *bench_new(void);
/** Puts words at CODE, sets PC there. */
void bench_code(msp430x *m, const uint16_t *words, unsigned count);
void bench_poke(msp430x *m, uint32_t address, uint16_t word);
uint16_t bench_peek(const msp430x *m, uint32_t address);
/** Executes one instruction of up to 4 words; its cycles. */
unsigned bench_one(msp430x *m, uint16_t a, uint16_t b, uint16_t c, uint16_t d);
#define FLAGS (SR_V | SR_N | SR_Z | SR_C)

#endif
