/**
 * MSP432P401R on unicorn: a Cortex-M4 with 256 KB of flash, 64 KB of SRAM, and those peripherals
 * that the port uses (SLAU356, SLAS826): clock system, flash controller, watchdog, ports 1 to 6,
 * Timer32 1, eUSCI_A1 as SPI master with a CY15B104Q behind chip select P1.5, shut-off pin P3.7. No
 * interrupts. Cycles are an estimate: one per instruction; an SPI byte takes its time in them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

#include "board.h"
#include "comp_e.h"
#include "cy15b104q.h"
#include "eusci_spi.h"
#include "random.h"

enum { FLASH_BYTES = 0x40000, SRAM_START = 0x20000000, SRAM_BYTES = 0x10000 };
enum { PERIPHERALS = 0x40000000, PERIPHERALS_BYTES = 0x20000 };
enum { TIMER32_LOAD = 0xc000, TIMER32_VALUE = 0xc004, TIMER32_CONTROL = 0xc008 };
enum { EUSCI_A1 = 0x1400, COMP_E1 = 0x3800, PORTS = 0x4c00, PORTS_END = 0x4c60, WATCHDOG = 0x480c };
enum { CLOCK_KEY = 0x10400, CLOCK_0 = 0x10404, CLOCK_1 = 0x10408, CLOCK_END = 0x10418 };
enum { FLASH_WAIT_0 = 0x11010, FLASH_WAIT_1 = 0x11014 };
enum { CLOCK_KEY_VALUE = 0x695a, WATCHDOG_KEY = 0x5a };
enum { P1 = 0, P3 = 2, CHIP_SELECT = 0x20, SHUT_OFF = 0x80, PORT_COUNT = 6 };

const int board_has_msp432p401r = 1;

typedef struct {
  uc_engine *cpu;
  uint8_t *flash, *sram;
  board *board;
  board_state state;
  board_limits limits;
  cy15b104q fram;
  eusci_spi spi;
  comp_e monitor; /**< the capacitor through a divider at C1.0 (P6.7) */
  double supply_V;
  board_profile profile;
  uint32_t profile_at;   /**< the instruction that runs, by half address */
  uint64_t profile_from; /**< cycles when it began */
  uint8_t out[PORT_COUNT], direction[PORT_COUNT], select[PORT_COUNT][2];
  uint32_t clock[6], flash_wait[2];
  uint16_t watchdog;
  uint64_t timer_since; /**< cycle at which the 32-bit timer was started */
  int clock_unlocked, ignores_shut_off, at_block;
  uint32_t stop_at; /**< odd: nowhere */
  uint64_t instructions, run_end, stores, warnings;
  double time_s;
  uint64_t time_at;
} msp432;

static void end(msp432 *m, board_state state) {
  if (m->state == BOARD_RUNS)
    m->state = state;
  uc_emu_stop(m->cpu);
}

static void warn(msp432 *m, uint32_t offset) {
  if (m->warnings++ == 0u)
    m->board->first_warning = PERIPHERALS + offset;
}

static uint64_t cycles(const msp432 *m) { return m->instructions; }

static double clock_Hz(const msp432 *m) {
  static const double dco_Hz[8] = {1.5e6, 3e6, 6e6, 12e6, 24e6, 48e6, 48e6, 48e6};
  return dco_Hz[m->clock[1] >> 16 & 7u];
}

static double time_s(const msp432 *m) {
  return m->time_s + (double)(cycles(m) - m->time_at) / clock_Hz(m);
}

static uint8_t exchange(void *context, uint8_t out) {
  msp432 *m = context;
  /* Power has failed before the eighth clock: the chip has not seen the byte. */
  if (m->state != BOARD_RUNS)
    return 0xff;
  if (m->spi.bytes == m->limits.spi_bytes) {
    end(m, BOARD_CUT);
    return 0xff;
  }
  return cy15b104q_exchange(&m->fram, out);
}

static int may_store(void *context) {
  msp432 *m = context;
  if (m->stores == m->limits.nvm_writes)
    end(m, BOARD_CUT);
  if (m->state != BOARD_RUNS)
    return 0;
  m->stores++;
  return 1;
}

static void stored(void *context, uint32_t address) {
  const msp432 *m = context;
  if (m->board->written != NULL)
    m->board->written(m->board->context, address, 1);
}

static void settle_pins(msp432 *m) {
  eusci_spi_settle(&m->spi, cycles(m));
  const int selected = (m->direction[P1] & CHIP_SELECT) != 0 && (m->out[P1] & CHIP_SELECT) == 0;
  if ((m->direction[P3] & m->out[P3] & SHUT_OFF) != 0 && !m->ignores_shut_off)
    end(m, BOARD_OFF);
  if (selected && !m->fram.selected)
    cy15b104q_select(&m->fram);
  else if (!selected)
    cy15b104q_deselect(&m->fram);
}

/* Port pairs lie in 32 bytes, odd ports at even addresses; offsets IN 0, OUT 2, DIR 4, SEL 10, 12.
 */
static uint8_t *pin_register(msp432 *m, uint32_t offset) {
  const uint32_t port = (offset - PORTS) / 0x20u * 2u + (offset & 1u);
  switch (offset & 0x1eu) {
  case 0x2:
    return &m->out[port];
  case 0x4:
    return &m->direction[port];
  case 0xa:
    return &m->select[port][0];
  case 0xc:
    return &m->select[port][1];
  default:
    return NULL;
  }
}

static uint64_t peripheral_read(uc_engine *cpu, uint64_t at, unsigned size, void *context) {
  msp432 *m = context;
  const uint32_t offset = (uint32_t)at;
  (void)cpu;
  if (offset >= EUSCI_A1 && offset < EUSCI_A1 + 0x20u) {
    const eusci_register which = eusci_spi_register(offset - EUSCI_A1, 0);
    if (which != EUSCI_OTHER)
      return eusci_spi_read(&m->spi, which, cycles(m));
  } else if (offset >= PORTS && offset < PORTS_END && size == 1u) {
    const uint8_t *pin = pin_register(m, offset);
    if (pin != NULL)
      return *pin;
  } else if (offset >= COMP_E1 && offset < COMP_E1 + COMP_E_BYTES && size == 2u) {
    return comp_e_read(&m->monitor, offset - COMP_E1, m->supply_V);
  } else if (offset >= CLOCK_KEY && offset < CLOCK_END && size == 4u) {
    return m->clock[(offset - CLOCK_KEY) / 4u];
  } else if (offset == FLASH_WAIT_0 || offset == FLASH_WAIT_1) {
    return m->flash_wait[offset == FLASH_WAIT_1];
  } else if (offset == TIMER32_VALUE) {
    return 0xffffffffu - (uint32_t)(cycles(m) - m->timer_since);
  } else if (offset == WATCHDOG) {
    return 0x6900u | (m->watchdog & 0xffu);
  }
  warn(m, offset);
  return 0;
}

/* Up to 16 MHz without wait states, up to 32 MHz with one (SLAS826 "Flash wait states"). */
static void check_flash(msp432 *m) {
  const double limit_Hz = 16e6 * (1.0 + (double)(m->flash_wait[0] >> 12 & 0xfu));
  if (clock_Hz(m) > limit_Hz || m->flash_wait[0] >> 12 != m->flash_wait[1] >> 12)
    warn(m, FLASH_WAIT_0);
}

/* SMCLK is the DCO divided by DIVS, as MCLK is the DCO. */
static void set_byte_time(msp432 *m) {
  m->spi.byte_time = (uint64_t)8u << (m->clock[2] >> 28 & 7u);
}

static void clock_write(msp432 *m, uint32_t offset, uint32_t value) {
  if (offset == CLOCK_KEY) {
    m->clock_unlocked = (value & 0xffffu) == CLOCK_KEY_VALUE;
  } else if (!m->clock_unlocked) {
    warn(m, offset);
  } else {
    m->time_s = time_s(m);
    m->time_at = cycles(m);
    m->clock[(offset - CLOCK_KEY) / 4u] = value;
    set_byte_time(m);
    check_flash(m);
  }
}

static void peripheral_write(uc_engine *cpu, uint64_t at, unsigned size, uint64_t value,
                             void *context) {
  msp432 *m = context;
  const uint32_t offset = (uint32_t)at;
  (void)cpu;
  if (m->state != BOARD_RUNS)
    return;
  if (offset >= EUSCI_A1 && offset < EUSCI_A1 + 0x20u) {
    const eusci_register which = eusci_spi_register(offset - EUSCI_A1, 0);
    if (which == EUSCI_OTHER)
      warn(m, offset);
    else
      eusci_spi_write(&m->spi, which, (uint16_t)value, cycles(m));
  } else if (offset >= PORTS && offset < PORTS_END && size == 1u) {
    uint8_t *pin = pin_register(m, offset);
    if (pin == NULL) {
      warn(m, offset);
    } else {
      *pin = (uint8_t)value;
      settle_pins(m);
    }
  } else if (offset >= COMP_E1 && offset < COMP_E1 + COMP_E_BYTES && size == 2u) {
    if (!comp_e_write(&m->monitor, offset - COMP_E1, (uint16_t)value))
      warn(m, offset);
  } else if (offset >= CLOCK_KEY && offset < CLOCK_END && size == 4u) {
    clock_write(m, offset, (uint32_t)value);
  } else if (offset == FLASH_WAIT_0 || offset == FLASH_WAIT_1) {
    m->flash_wait[offset == FLASH_WAIT_1] = (uint32_t)value;
  } else if ((offset == TIMER32_LOAD && value == 0xffffffffu) ||
             (offset == TIMER32_CONTROL && value == 0x82u)) {
    m->timer_since = cycles(m);
  } else if (offset == WATCHDOG && value >> 8 == WATCHDOG_KEY) {
    m->watchdog = (uint16_t)value;
  } else {
    warn(m, offset);
  }
}

/* What the instruction before has taken goes to it; then this one is the last one. */
static void take_profile(msp432 *m, uint64_t address) {
  const uint32_t slot = m->profile_at;
  m->profile.cycles[slot] += cycles(m) - 1u - m->profile_from;
  m->profile_from = cycles(m) - 1u;
  m->profile_at = (uint32_t)(address >> 1) % BOARD_PROFILE_SLOTS;
  m->profile.instructions[m->profile_at]++;
}

/*
 * Called before each instruction. A run that is to go on pauses between blocks only: unicorn
 * forgets the state of an IT block that it is stopped in, and knows its PC only here.
 */
static void instruction(uc_engine *cpu, uint64_t address, uint32_t size, void *context) {
  msp432 *m = context;
  (void)cpu;
  (void)size;
  if (address == m->stop_at) {
    end(m, BOARD_STOPPED);
  } else if (m->instructions >= m->limits.instructions || cycles(m) >= m->limits.cycles) {
    end(m, BOARD_CUT);
  } else if ((m->at_block && m->instructions >= m->run_end) || m->state != BOARD_RUNS) {
    uc_emu_stop(m->cpu);
  } else {
    m->at_block = 0;
    m->instructions++;
    if (m->profile.cycles != NULL)
      take_profile(m, address);
  }
}

/* XPSR of a CPU in no IT block. */
static const uint32_t thumb_state = 0x01000000u;

/* Called before each block, and then instruction() for its first instruction. */
static void block(uc_engine *cpu, uint64_t address, uint32_t size, void *context) {
  msp432 *m = context;
  (void)cpu;
  (void)address;
  (void)size;
  m->at_block = 1;
}

static void power_on(board *b, uint64_t noise_seed) {
  msp432 *m = b->machine;
  random_source noise = random_from(noise_seed, 0);
  random_fill(&noise, m->sram, SRAM_BYTES);
  m->state = BOARD_RUNS;
  memset(m->out, 0, sizeof m->out);
  memset(m->direction, 0, sizeof m->direction);
  memset(m->select, 0, sizeof m->select);
  m->time_s = time_s(m);
  m->time_at = cycles(m);
  memset(m->clock, 0, sizeof m->clock);
  m->clock[1] = 0x10000; /* CSCTL0: 3 MHz */
  m->clock[2] = 0x33;
  m->clock_unlocked = 0;
  m->flash_wait[0] = m->flash_wait[1] = 0;
  m->watchdog = 0x04;
  eusci_spi_reset(&m->spi);
  set_byte_time(m);
  comp_e_reset(&m->monitor);
  cy15b104q_power_on(&m->fram);
  for (int reg = UC_ARM_REG_R0; reg <= UC_ARM_REG_R12; reg++) {
    const uint32_t value = (uint32_t)random_next(&noise);
    uc_reg_write(m->cpu, reg, &value);
  }
  uint32_t vectors[2];
  memcpy(vectors, m->flash, sizeof vectors);
  const uint32_t none = 0xffffffffu;
  uc_reg_write(m->cpu, UC_ARM_REG_XPSR, &thumb_state);
  uc_reg_write(m->cpu, UC_ARM_REG_LR, &none);
  uc_reg_write(m->cpu, UC_ARM_REG_SP, &vectors[0]);
  uc_reg_write(m->cpu, UC_ARM_REG_PC, &vectors[1]);
}

static board_state run(board *b, uint64_t instructions) {
  msp432 *m = b->machine;
  uint32_t at = 0;
  m->state = BOARD_RUNS;
  m->at_block = 0;
  m->run_end =
      m->instructions + instructions < instructions ? NEVER : m->instructions + instructions;
  uc_reg_read(m->cpu, UC_ARM_REG_PC, &at);
  if (uc_emu_start(m->cpu, at | 1u, 0xffffffffu, 0, 0) != UC_ERR_OK && m->state == BOARD_RUNS)
    m->state = BOARD_CRASHED;
  return m->state;
}

static void set_supply(board *b, double volts) {
  msp432 *m = b->machine;
  m->supply_V = volts;
}

static void profile(board *b, const board_profile *wanted) {
  msp432 *m = b->machine;
  m->profile = *wanted;
  m->profile_from = cycles(m);
}

static void stop(board *b) { end(b->machine, BOARD_STOPPED); }

static void set_limits(board *b, const board_limits *limits) {
  msp432 *m = b->machine;
  m->limits = *limits;
}

static void count(board *b, board_counts *counts) {
  const msp432 *m = b->machine;
  *counts = (board_counts){.instructions = m->instructions,
                           .cycles = cycles(m),
                           .nvm_reads = m->fram.reads,
                           .nvm_writes = m->stores,
                           .spi_bytes = m->spi.bytes,
                           .warnings = m->warnings + m->fram.unknown + m->fram.refused +
                                       m->spi.misuses + m->spi.overruns + m->monitor.misuses,
                           .time_s = time_s(m)};
}

/* AAPCS: r0 to r3; returns to lr. */
static int call(board *b, uint32_t function, const uint32_t arguments[4], uint32_t stop_at) {
  msp432 *m = b->machine;
  const uint32_t back = stop_at | 1u, start = function & ~1u;
  m->limits = (board_limits){NEVER, NEVER, NEVER, NEVER};
  for (int i = 0; i < 4; i++)
    uc_reg_write(m->cpu, UC_ARM_REG_R0 + i, &arguments[i]);
  uc_reg_write(m->cpu, UC_ARM_REG_XPSR, &thumb_state);
  uc_reg_write(m->cpu, UC_ARM_REG_LR, &back);
  uc_reg_write(m->cpu, UC_ARM_REG_PC, &start);
  m->stop_at = stop_at & ~1u;
  const board_state state = run(b, 10000000u);
  m->stop_at = 1;
  return state == BOARD_STOPPED;
}

static void release(board *b) {
  msp432 *m = b->machine;
  uc_close(m->cpu);
  munmap(m->flash, FLASH_BYTES);
  munmap(m->sram, SRAM_BYTES);
  munmap(m->fram.memory, CY15B104Q_BYTES);
  free(m);
  free(b);
}

typedef struct {
  msp432 *machine;
  int fits;
} loading;

static void load(void *context, uint32_t address, const uint8_t *bytes, uint32_t size) {
  loading *l = context;
  if (address > FLASH_BYTES || size > FLASH_BYTES - address)
    l->fits = 0;
  else
    memcpy(l->machine->flash + address, bytes, size);
}

static uint8_t *pages(size_t bytes, int file) {
  void *memory = file < 0
                     ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                     : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static int start_cpu(msp432 *m) {
  uc_hook hook;
  return uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &m->cpu) == UC_ERR_OK &&
         uc_ctl_set_cpu_model(m->cpu, UC_CPU_ARM_CORTEX_M4) == UC_ERR_OK &&
         uc_mem_map_ptr(m->cpu, 0, FLASH_BYTES, UC_PROT_READ | UC_PROT_EXEC, m->flash) ==
             UC_ERR_OK &&
         uc_mem_map_ptr(m->cpu, SRAM_START, SRAM_BYTES, UC_PROT_READ | UC_PROT_WRITE, m->sram) ==
             UC_ERR_OK &&
         uc_mmio_map(m->cpu, PERIPHERALS, PERIPHERALS_BYTES, peripheral_read, m, peripheral_write,
                     m) == UC_ERR_OK &&
         /* From 1 to 0: everywhere. */
         uc_hook_add(m->cpu, &hook, UC_HOOK_CODE, (void *)(uintptr_t)instruction, m, (uint64_t)1,
                     (uint64_t)0) == UC_ERR_OK &&
         uc_hook_add(m->cpu, &hook, UC_HOOK_BLOCK, (void *)(uintptr_t)block, m, (uint64_t)1,
                     (uint64_t)0) == UC_ERR_OK;
}

board *board_msp432p401r(const elf_file *elf, const board_options *options, const char **why) {
  if (elf->machine != ELF_MACHINE_ARM) {
    *why = "is no ARM program";
    return NULL;
  }
  msp432 *m = calloc(1, sizeof *m);
  board *b = calloc(1, sizeof *b);
  if (m == NULL || b == NULL || (m->flash = pages(FLASH_BYTES, -1)) == NULL ||
      (m->sram = pages(SRAM_BYTES, -1)) == NULL ||
      (m->fram.memory = pages(CY15B104Q_BYTES, options->nvm_file)) == NULL || !start_cpu(m)) {
    *why = "cannot be started: out of memory, or the NVM file cannot be mapped";
    free(m);
    free(b);
    return NULL;
  }
  loading l = {m, 1};
  memset(m->flash, 0xff, FLASH_BYTES);
  if (!elf_segments(elf, load, &l) || !l.fits) {
    *why = "has segments outside 256 KB of flash, or is cut short";
    b->machine = m;
    release(b);
    return NULL;
  }
  if (!options->keep_nvm)
    memset(m->fram.memory, 0xff, CY15B104Q_BYTES);
  m->board = b;
  m->limits = (board_limits){NEVER, NEVER, NEVER, NEVER};
  m->ignores_shut_off = options->ignore_shut_off;
  m->clock[1] = 0x10000;
  m->stop_at = 1;
  m->supply_V = SUPPLY_FULL_V;
  m->fram.may_store = may_store;
  m->fram.stored = stored;
  m->fram.context = m;
  m->spi.exchange = exchange;
  m->spi.context = m;
  *b = (board){.name = "msp432p401r",
               .machine = m,
               .nvm = m->fram.memory,
               .nvm_bytes = CY15B104Q_BYTES,
               .kept = {{m->fram.memory, CY15B104Q_BYTES}, {NULL, 0}},
               .sram = m->sram,
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
