/**
 * The micro-benchmark's timer: Timer_A 0 counts SMCLK, which runs with MCLK, and Timer_A 1 every
 * 64th of it. Together they are a counter of 22 bits.
 */
#include "microbench.h"

#include "platform.h"
#include "registers.h"

const char bo_timer_board[] = "msp430fr5994";
const uint32_t bo_timer_clock_Hz = 16000000u;
const uint32_t bo_timer_most = 0x3fffffu;

void bo_timer_start(void) {
  TA1EX0 = TAIDEX_8;
  TA0CTL = TASSEL_SMCLK | TACLR;
  TA1CTL = TASSEL_SMCLK | ID_8 | TACLR;
  TA0CTL = TASSEL_SMCLK | MC_CONTINUOUS;
  TA1CTL = TASSEL_SMCLK | ID_8 | MC_CONTINUOUS;
}

uint32_t bo_timer_read(void) {
  const uint16_t fine = TA0R;
  const uint32_t coarse = (uint32_t)TA1R << 6;
  /* The timers were started some cycles apart: the low bits are the fine one's. */
  return coarse + (uint32_t)(int32_t)(int16_t)(uint16_t)(fine - (uint16_t)coarse);
}
