#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "machine.h"

static void written(void *context, uint32_t address, uint32_t bytes) {
  board *b = context;
  const msp430x *m = b->machine;
  const uint32_t start = (uint32_t)(b->nvm - m->memory);
  if (b->written != NULL && address >= start)
    b->written(b->context, address - start, bytes);
}

static void chip_written(void *context, uint32_t address) {
  board *b = context;
  if (b->written != NULL)
    b->written(b->context, address, 1);
}

static void power_on(board *b, uint64_t noise_seed) { msp430x_power_on(b->machine, noise_seed); }

static board_state run(board *b, uint64_t instructions) {
  msp430x *m = b->machine;
  switch (msp430x_run(m, instructions)) {
  case MACHINE_RUNS:
    return BOARD_RUNS;
  case MACHINE_CUT:
    return BOARD_CUT;
  case MACHINE_OFF:
    return BOARD_OFF;
  case MACHINE_STOPPED:
    return BOARD_STOPPED;
  case MACHINE_ASLEEP:
    return BOARD_ASLEEP;
  default:
    return BOARD_CRASHED;
  }
}

static void stop(board *b) { msp430x_stop(b->machine); }

static void set_limits(board *b, const board_limits *limits) {
  msp430x *m = b->machine;
  m->limits.instructions = limits->instructions;
  m->limits.cycles = limits->cycles;
  m->limits.nvm_writes = limits->nvm_writes;
  m->limits.spi_bytes = limits->spi_bytes;
}

static void count(board *b, board_counts *counts) {
  const msp430x *m = b->machine;
  const msp430x_counters *c = &m->count;
  b->first_warning = m->first_warning_address;
  *counts =
      (board_counts){.instructions = c->instructions,
                     .cycles = c->cycles,
                     .wait_cycles = c->wait_cycles,
                     .code_words = c->fetches,
                     .cache_misses = c->cache_misses,
                     .nvm_reads = c->fram_reads + m->spi_fram.reads,
                     .nvm_writes = c->nvm_writes,
                     .ram_reads = c->ram_reads,
                     .ram_writes = c->ram_writes,
                     .spi_bytes = m->spi[SPI_FRAM_UNIT].bytes,
                     .dma_transfers = c->dma_transfers,
                     .lea_calls = c->lea_calls,
                     .warnings = c->warnings + m->multiplier.unmodelled + m->spi_fram.unknown +
                                 m->spi_fram.refused + m->monitor.misuses +
                                 m->spi[SPI_FRAM_UNIT].misuses + m->spi[SPI_FRAM_UNIT].overruns,
                     .time_s = msp430x_time_s(m)};
}

static void set_supply(board *b, double volts) {
  msp430x *m = b->machine;
  m->supply_V = volts;
}

static void profile(board *b, const board_profile *wanted) {
  msp430x *m = b->machine;
  m->profile_instructions = wanted->instructions;
  m->profile_cycles = wanted->cycles;
}

/* MSP430 EABI: words in r12 to r15. The return address is that of CALLA, of which RET takes the
 * lower word: it serves code of either model. */
static int call(board *b, uint32_t function, const uint32_t arguments[4], uint32_t stop_at) {
  msp430x *m = b->machine;
  m->limits = (msp430x_limits){NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT};
  for (unsigned i = 0; i < 4u; i++)
    m->r[12u + i] = arguments[i] & 0xffffu;
  m->r[REG_SP] = (m->r[REG_SP] - 4u) & 0xffffeu;
  for (unsigned i = 0; i < 4u; i++)
    m->memory[m->r[REG_SP] + i] = (uint8_t)(stop_at >> 8u * i);
  m->r[REG_PC] = function;
  m->stop_at = stop_at;
  const machine_state state = msp430x_run(m, 10000000u);
  m->stop_at = 1;
  return state == MACHINE_STOPPED;
}

static void release(board *b) {
  msp430x_free(b->machine);
  free(b);
}

typedef struct {
  msp430x *machine;
  int fits;
} loading;

static void load(void *context, uint32_t address, const uint8_t *bytes, uint32_t count) {
  loading *l = context;
  if (address < FRAM_START || address - FRAM_START > FRAM_BYTES ||
      count > FRAM_BYTES - (address - FRAM_START)) {
    l->fits = 0;
  } else {
    memcpy(l->machine->memory + address, bytes, count);
  }
}

board *board_msp430fr5994(const elf_file *elf, const board_options *options, const char **why) {
  if (elf->machine != ELF_MACHINE_MSP430) {
    *why = "is no MSP430 program";
    return NULL;
  }
  msp430x *m = msp430x_new();
  board *b = calloc(1, sizeof *b);
  loading l = {m, 1};
  *why = NULL;
  if (options->nvm_file >= 0 && !msp430x_map_fram(m, options->nvm_file)) {
    *why = "has an NVM file that cannot be mapped";
  } else if (!options->keep_nvm) {
    memset(m->memory + FRAM_START, 0xff, FRAM_BYTES);
    memset(m->spi_fram.memory, 0xff, CY15B104Q_BYTES);
    if (!elf_segments(elf, load, &l) || !l.fits)
      *why = "has segments outside 0x4000..0x43fff, or is cut short";
  }
  if (*why != NULL || b == NULL) {
    msp430x_free(m);
    free(b);
    return NULL;
  }
  uint32_t nvm = FRAM_START;
  const int internal = elf_symbol(elf, "bo_nvm_memory", &nvm);
  m->ignores_shut_off = (uint8_t)options->ignore_shut_off;
  m->lea.function = options->lea_function == 0u ? 1u : options->lea_function;
  if (internal)
    m->fram_written = written;
  else
    m->chip_written = chip_written;
  m->context = b;
  *b =
      (board){.name = "msp430fr5994",
              .machine = m,
              .nvm = internal ? m->memory + nvm : m->spi_fram.memory,
              .nvm_bytes = internal ? FRAM_START + FRAM_BYTES - nvm : CY15B104Q_BYTES,
              .kept = {{m->memory + FRAM_START, FRAM_BYTES}, {m->spi_fram.memory, CY15B104Q_BYTES}},
              .sram = m->memory + SRAM_START,
              .sram_start = SRAM_START,
              .sram_bytes = SRAM_BYTES,
              .power_on = power_on,
              .run = run,
              .stop = stop,
              .set_limits = set_limits,
              .count = count,
              .profile = profile,
              .set_supply = set_supply,
              .call = call,
              .free = release};
  return b;
}
