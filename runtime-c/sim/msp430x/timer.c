/*
 * Timer_A 0 and 1 as free counters: SMCLK, which runs with MCLK as the port sets it, divided by ID
 * and IDEX, continuous mode. No captures, no interrupts.
 */
#include "bus.h"
#include "peripherals.h"

enum { TACTL = 0x00, TAR = 0x10, TAEX0 = 0x20 };
enum { TASSEL = 0x0300, TASSEL_SMCLK = 0x0200, MC = 0x0030, MC_CONTINUOUS = 0x0020, TACLR = 0x4 };

static timer_a *timer_at(msp430x *m, uint32_t address) {
  return &m->timer[(address - TIMER_BASE) / TIMER_STEP];
}

static uint64_t divider(const timer_a *t) {
  return (uint64_t)(1u + (t->expansion & 7u)) << (t->control >> 6 & 3u);
}

static uint16_t counted(const msp430x *m, const timer_a *t) {
  if ((t->control & MC) != MC_CONTINUOUS)
    return t->value;
  return (uint16_t)(t->value + (m->count.cycles - t->since) / divider(t));
}

uint16_t timer_read(msp430x *m, uint32_t address) {
  const timer_a *t = timer_at(m, address);
  switch ((address - TIMER_BASE) % TIMER_STEP & ~1u) {
  case TACTL:
    return t->control;
  case TAR:
    return counted(m, t);
  case TAEX0:
    return t->expansion;
  default:
    bus_warn(m, address);
    return 0;
  }
}

void timer_write(msp430x *m, uint32_t address, uint16_t value) {
  timer_a *t = timer_at(m, address);
  const uint32_t which = (address - TIMER_BASE) % TIMER_STEP & ~1u;
  /* SMCLK and MCLK of one source and divider: only so are counts cycles. */
  const int same = (m->clock[2] >> 4 & 7u) == (m->clock[2] & 7u) &&
                   (m->clock[3] >> 4 & 7u) == (m->clock[3] & 7u);
  if (which == TAEX0) {
    t->expansion = value;
  } else if (which == TACTL && (value & TASSEL) == TASSEL_SMCLK && same) {
    t->value = (value & TACLR) != 0u ? 0 : counted(m, t);
    t->since = m->count.cycles;
    t->control = (uint16_t)(value & ~(unsigned)TACLR);
  } else {
    bus_warn(m, address);
  }
}
