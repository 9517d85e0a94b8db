/** The micro-benchmark's timer: Timer32 1, which counts MCLK down. */
#include "microbench.h"

#include "platform.h"
#include "registers.h"

const char bo_timer_board[] = "msp432p401r";
const uint32_t bo_timer_clock_Hz = 24000000u;
const uint32_t bo_timer_most = 0xffffffffu;

void bo_timer_start(void) {
  T32LOAD1 = 0xffffffffu;
  T32CONTROL1 = T32_ENABLE_32_BITS;
}

uint32_t bo_timer_read(void) { return 0xffffffffu - T32VALUE1; }
