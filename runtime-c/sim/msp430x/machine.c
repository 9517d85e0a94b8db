#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bus.h"
#include "peripherals.h"
#include "random.h"

/* Power that has failed before the eighth clock: the chip has not seen the byte. */
static uint8_t spi_exchange(void *context, uint8_t out) {
  msp430x *m = context;
  if (m->spi[SPI_FRAM_UNIT].bytes == m->limits.spi_bytes && m->state == MACHINE_RUNS)
    m->state = MACHINE_CUT;
  return m->state == MACHINE_CUT ? 0xff : cy15b104q_exchange(&m->spi_fram, out);
}

static int spi_may_store(void *context) { return bus_may_write_nvm(context); }

static void spi_stored(void *context, uint32_t address) {
  msp430x *m = context;
  if (m->chip_written != 0)
    m->chip_written(m->context, address);
}

static uint8_t *pages(uint32_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

msp430x *msp430x_new(void) {
  msp430x *m = calloc(1, sizeof *m);
  /* Whole pages of its own, so that a part can become a file. */
  uint8_t *memory = pages(MSP430X_ADDRESS_SPACE);
  uint8_t *external = pages(CY15B104Q_BYTES);
  if (m == NULL || memory == NULL || external == NULL) {
    perror("bo_sim");
    exit(1);
  }
  memset(memory, 0xff, MSP430X_ADDRESS_SPACE);
  memset(external, 0xff, CY15B104Q_BYTES);
  m->memory = memory;
  m->limits = (msp430x_limits){NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT};
  m->stop_at = 1;
  m->lea.function = 1;
  m->clock_Hz = 1e6;
  m->supply_V = SUPPLY_FULL_V;
  m->monitor.channel = 2;
  m->spi_fram.memory = external;
  m->spi_fram.may_store = spi_may_store;
  m->spi_fram.stored = spi_stored;
  m->spi_fram.context = m;
  m->spi[SPI_FRAM_UNIT].exchange = spi_exchange;
  m->spi[SPI_FRAM_UNIT].context = m;
  fram_cache_clear(m);
  return m;
}

void msp430x_free(msp430x *m) {
  munmap(m->memory, MSP430X_ADDRESS_SPACE);
  munmap(m->spi_fram.memory, CY15B104Q_BYTES);
  free(m);
}

int msp430x_map_fram(msp430x *m, int file) {
  const int access = PROT_READ | PROT_WRITE, kind = MAP_SHARED | MAP_FIXED;
  return mmap(m->memory + FRAM_START, FRAM_BYTES, access, kind, file, 0) != MAP_FAILED &&
         mmap(m->spi_fram.memory, CY15B104Q_BYTES, access, kind, file, FRAM_BYTES) != MAP_FAILED;
}

double msp430x_time_s(const msp430x *m) {
  return m->time_s + (double)(m->count.cycles - m->time_at) / m->clock_Hz;
}

void msp430x_power_on(msp430x *m, uint64_t noise_seed) {
  random_source noise = random_from(noise_seed, 0);
  random_fill(&noise, m->memory + SRAM_START, SRAM_BYTES);
  m->state = MACHINE_RUNS;
  m->lea.inside = 0;
  for (int i = 0; i < 16; i++)
    m->r[i] = (uint32_t)random_next(&noise) & 0xfffffu;
  m->r[REG_SR] = 0;
  m->r[REG_CG] = 0;
  m->r[REG_SP] &= ~1u;
  fram_cache_clear(m);
  peripherals_reset(m);
  m->count.cycles += 4u; /* table 4-8: reset */
  m->r[REG_PC] = (uint32_t)(m->memory[0xfffe] | m->memory[0xffff] << 8) & ~1u;
}
