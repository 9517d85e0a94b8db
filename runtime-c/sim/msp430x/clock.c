#include "bus.h"
#include "peripherals.h"

enum { PASSWORD = 0xa5 };
enum { FROM_LFXT = 0, FROM_VLO = 1, FROM_LFMOD = 2, FROM_DCO = 3, FROM_MOD = 4 };

/* SLASE54 "DCO": by DCORSEL and DCOFSEL. */
static const double dco_Hz[2][8] = {{1e6, 2.67e6, 3.5e6, 4e6, 5.33e6, 7e6, 8e6, 8e6},
                                    {1e6, 5.33e6, 7e6, 8e6, 16e6, 21e6, 24e6, 24e6}};

static double source_Hz(const msp430x *m, unsigned select) {
  switch (select) {
  case FROM_VLO:
    return 9.4e3;
  case FROM_LFXT:
  case FROM_LFMOD:
    return 32768;
  case FROM_MOD:
    return 5e6;
  default:
    return dco_Hz[m->clock[1] >> 6 & 1u][m->clock[1] >> 1 & 7u];
  }
}

static void settle(msp430x *m) {
  const double smclk_Hz =
      source_Hz(m, m->clock[2] >> 4 & 7u) / (double)(1u << (m->clock[3] >> 4 & 7u));
  m->time_s = msp430x_time_s(m);
  m->time_at = m->count.cycles;
  m->clock_Hz = source_Hz(m, m->clock[2] & 7u) / (double)(1u << (m->clock[3] & 7u));
  for (int i = 0; i < EUSCI_UNITS; i++)
    m->spi[i].byte_time = (uint64_t)(8.0 * m->clock_Hz / smclk_Hz + 0.5);
  /* FRAM answers in time up to 8 MHz (SLASE54 "FRAM wait states"). */
  if (m->clock_Hz > 8e6 * (1 + m->wait_states))
    bus_warn(m, CLOCK_BASE + 6u);
}

void clock_reset(msp430x *m) {
  static const uint16_t reset[7] = {0x9600, 0x000c, 0x0033, 0x0033, 0xcdc9, 0x00c0, 0x0007};
  for (int i = 0; i < 7; i++)
    m->clock[i] = reset[i];
  m->clock_locked = 1;
  settle(m);
}

uint16_t clock_read(const msp430x *m, uint32_t offset) { return m->clock[offset / 2u]; }

/*
 * A byte store of anything but the password locks the registers. A word store of it makes the chip
 * reset itself (PUC) by the guide's text, so it is warned of here, and locks.
 */
static void unlock(msp430x *m, uint32_t offset, int is_byte, uint16_t value) {
  const unsigned key = is_byte ? value & 0xffu : (unsigned)(value >> 8);
  if (is_byte && (offset & 1u) == 0u)
    return;
  m->clock_locked = key != PASSWORD;
  if (m->clock_locked && !is_byte)
    bus_warn(m, CLOCK_BASE);
}

void clock_write(msp430x *m, uint32_t offset, int is_byte, uint16_t value) {
  if (offset < 2u) {
    unlock(m, offset, is_byte, value);
    return;
  }
  if (m->clock_locked || is_byte) {
    bus_warn(m, CLOCK_BASE + offset);
    return;
  }
  m->clock[offset / 2u] = value;
  settle(m);
}
