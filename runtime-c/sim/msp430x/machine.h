/**
 * An MSP430FR5994 as far as firmware without interrupts can see it: CPUX, 1 MB of address space,
 * MPY32, DMA, clock and FRAM controllers, GPIO, eUSCI as SPI master. It can lose power at any
 * instruction, cycle or NVM write.
 */
#ifndef BROWNOUT_SIM_MACHINE_H
#define BROWNOUT_SIM_MACHINE_H

#include <stdint.h>

#include "comp_e.h"
#include "crc16.h"
#include "cy15b104q.h"
#include "eusci_spi.h"
#include "mpy32.h"

#define MSP430X_ADDRESS_SPACE 0x100000u
#define FRAM_START 0x4000u
#define FRAM_BYTES 0x40000u
#define SRAM_START 0x1c00u
#define SRAM_BYTES 0x2000u /**< RAM and the RAM that is shared with LEA */

enum { REG_PC = 0, REG_SP = 1, REG_SR = 2, REG_CG = 3 };
enum {
  SR_C = 0x0001,
  SR_Z = 0x0002,
  SR_N = 0x0004,
  SR_GIE = 0x0008,
  SR_CPUOFF = 0x0010,
  SR_V = 0x0100,
  SR_BITS = 0x01ff
};

/** Operand sizes; the number is the bytes that @Rn+ advances by. */
typedef enum { SIZE_BYTE = 1, SIZE_WORD = 2, SIZE_ADDRESS = 4 } operand_size;

/** Why msp430x_run() came back. */
typedef enum {
  MACHINE_RUNS,
  MACHINE_CUT,     /**< a limit of `msp430x_limits` was met */
  MACHINE_OFF,     /**< the shut-off pin is high */
  MACHINE_ASLEEP,  /**< CPUOFF, and no interrupt is modelled that could wake it */
  MACHINE_ILLEGAL, /**< an instruction that CPUX has not */
  MACHINE_STOPPED  /**< msp430x_stop(), or `stop_at` reached */
} machine_state;

#define NO_LIMIT UINT64_MAX

/** Power fails there; all counted since the machine was made, not since the boot. */
typedef struct {
  uint64_t instructions; /**< that many run, the next does not */
  uint64_t cycles;       /**< at the first instruction or DMA transfer that starts there or later */
  uint64_t nvm_writes;   /**< that many happen, the next one does not, nor anything after it */
  uint64_t spi_bytes;    /**< that many cross the bus of the FRAM chip */
} msp430x_limits;

typedef struct {
  uint64_t instructions, cycles, wait_cycles;
  uint64_t fetches; /**< words of code */
  uint64_t fram_reads, fram_writes, ram_reads, ram_writes, peripheral_accesses; /**< not fetches */
  uint64_t cache_hits, cache_misses;
  uint64_t dma_transfers;
  uint64_t nvm_writes; /**< FRAM accesses that write, and bytes that an SPI FRAM stores */
  uint64_t lea_calls;  /**< that took LEA's cycles */
  uint64_t warnings;   /**< accesses to what is not modelled or not there, odd words, passwords */
} msp430x_counters;

typedef struct {
  uint16_t control, size;
  uint32_t source, destination;
  /* What a transfer in progress works with. */
  uint32_t at_source, at_destination;
  uint16_t left;
  uint32_t seen; /**< rises of its trigger that it has taken, or that came before it was enabled */
} dma_channel;

typedef struct {
  uint16_t control, expansion, value; /**< value: at cycle `since` */
  uint64_t since;
} timer_a;

/**
 * Calls of the stand-in for DSPLib take the cycles that LEA takes (runtime-c/sim/lea): those of its
 * instructions do not count.
 */
typedef struct {
  uint32_t function; /**< msp_mac_q15; odd: there is none, or its own cycles count */
  uint32_t stack;    /**< stack pointer at the entry; a return leaves it higher */
  uint64_t since;
  uint16_t length;
  uint8_t inside;
} lea_calls;

#define DMA_CHANNELS 6
#define TIMERS 2
#define EUSCI_UNITS 8
#define SPI_FRAM_UNIT 3 /**< UCA3, as on the published boards */
#define GPIO_PORTS 9
#define CACHE_LINES 4

typedef struct msp430x {
  uint32_t r[16];
  uint8_t *memory; /**< MSP430X_ADDRESS_SPACE bytes */
  machine_state state;
  msp430x_limits limits;
  msp430x_counters count;
  uint32_t stop_at; /**< run stops before the instruction there; odd: never */
  lea_calls lea;
  mpy32 multiplier;
  crc16_unit crc16;
  dma_channel dma[DMA_CHANNELS];
  uint16_t dma_control[5];
  timer_a timer[TIMERS];
  uint8_t dma_active;
  uint8_t port_out[GPIO_PORTS], port_direction[GPIO_PORTS], port_select[GPIO_PORTS][2];
  uint8_t ignores_shut_off; /**< the supply does not listen to P3.7 */
  uint16_t clock[7], fram_control[4], watchdog, power_mode5;
  uint8_t clock_locked, fram_locked, wait_states;
  double clock_Hz, time_s; /**< time_s: up to cycle `time_at` */
  uint64_t time_at;
  double supply_V;            /**< of the capacitor, as a supply monitor sees it */
  eusci_spi spi[EUSCI_UNITS]; /**< A0..A3, B0..B3 */
  cy15b104q spi_fram;
  comp_e monitor;                  /**< the capacitor through a divider at C2 (P1.2) */
  uint32_t cache_tag[CACHE_LINES]; /**< line number, or all ones */
  uint8_t cache_old[CACHE_LINES / 2];
  /** Told of every NVM write that has happened: internal FRAM by address. */
  void (*fram_written)(void *context, uint32_t address, uint32_t bytes);
  /** The same for the FRAM chip, by its own address. */
  void (*chip_written)(void *context, uint32_t address);
  void *context;
  /** By half address of the instruction; null: not counted. */
  uint64_t *profile_instructions, *profile_cycles;
  uint32_t first_warning_address;
} msp430x;

/** Fresh memory, all 0xff; never null (exits where the host has none). */
msp430x *msp430x_new(void);
void msp430x_free(msp430x *m);
/** Makes internal FRAM and the FRAM chip shared mappings of `file`, in this order; 0: it fails. */
int msp430x_map_fram(msp430x *m, int file);

/** Power comes up: SRAM holds noise, peripherals their reset values, PC the reset vector. */
void msp430x_power_on(msp430x *m, uint64_t noise_seed);
/** Runs until something ends it; at most `instructions` more instructions (then MACHINE_RUNS). */
machine_state msp430x_run(msp430x *m, uint64_t instructions);
/** To be called from a hook: the run ends after this instruction. */
void msp430x_stop(msp430x *m);
/** Seconds of simulated time that the CPU was powered. */
double msp430x_time_s(const msp430x *m);

/** One instruction, without any of the checks of msp430x_run(). */
void msp430x_step(msp430x *m);

#endif
