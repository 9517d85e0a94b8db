/** A simulated board with its firmware: what both simulators offer to runs, campaigns, oracle. */
#ifndef BROWNOUT_SIM_BOARD_H
#define BROWNOUT_SIM_BOARD_H

#include <stdint.h>

#include "elf.h"

#define NEVER UINT64_MAX

typedef enum {
  BOARD_RUNS, /**< the instructions that were asked for are done */
  BOARD_CUT,
  BOARD_OFF,     /**< it has raised its shut-off pin */
  BOARD_STOPPED, /**< board_stop() */
  BOARD_ASLEEP,  /**< waits for an interrupt, which is not modelled */
  BOARD_CRASHED  /**< illegal instruction, access to nothing */
} board_state;

/** All since the board was made. */
typedef struct {
  uint64_t instructions;
  uint64_t cycles; /**< MSP430: approximate; Cortex-M: an instruction each, and SPI byte times */
  uint64_t wait_cycles, code_words, cache_misses;
  uint64_t nvm_reads, nvm_writes; /**< internal FRAM: accesses without fetches; SPI FRAM: bytes */
  uint64_t ram_reads, ram_writes, spi_bytes, dma_transfers, warnings;
  uint64_t lea_calls; /**< that took LEA's cycles, not those of their instructions */
  double time_s;      /**< powered */
} board_counts;

/** Absolute counts after which power fails; NEVER. */
typedef struct {
  uint64_t instructions, cycles, nvm_writes, spi_bytes;
} board_limits;

/** Memory of the host that stands for one of the board's. */
typedef struct {
  uint8_t *bytes;
  uint32_t count;
} board_memory;

/** What the instructions at one address took, by half address; null where nobody asks. */
typedef struct {
  uint64_t *instructions, *cycles; /**< BOARD_PROFILE_SLOTS each */
} board_profile;
#define BOARD_PROFILE_SLOTS 0x80000u /**< code lies below 1 MB on both boards */

typedef struct board board;
struct board {
  const char *name;
  void *machine;
  uint8_t *nvm;         /**< as the runtime addresses it, from 0 */
  uint32_t nvm_bytes;   /**< that may be looked at there */
  board_memory kept[2]; /**< everything that outlives a power failure; a part may be empty */
  const uint8_t *sram;
  uint32_t sram_start, sram_bytes; /**< address, size */
  uint32_t first_warning;          /**< address */
  /** Told of NVM bytes that have just been written, by runtime address. */
  void (*written)(void *context, uint32_t address, uint32_t bytes);
  void *context;

  void (*power_on)(board *b, uint64_t noise_seed);
  board_state (*run)(board *b, uint64_t instructions);
  void (*stop)(board *b);
  void (*set_limits)(board *b, const board_limits *limits);
  void (*count)(board *b, board_counts *counts);
  /** From now on. */
  void (*profile)(board *b, const board_profile *profile);
  /** What a supply monitor sees; before the first call, and where no capacitor is: full. */
  void (*set_supply)(board *b, double volts);
  /**
   * Calls a function of the firmware with up to four arguments where the board now stands, until
   * it returns to `stop`, a code address that it does not run through. 0 where it does not return.
   */
  int (*call)(board *b, uint32_t function, const uint32_t arguments[4], uint32_t stop);
  void (*free)(board *b);
};

typedef struct {
  int nvm_file; /**< descriptor of a file of the size of all kept memory to map, or -1 */
  int keep_nvm; /**< the file already holds a state: do not program over it */
  int ignore_shut_off;
  uint32_t lea_function; /**< whose calls take LEA's cycles (msp430x/machine.h); 0: none */
} board_options;

/** Bytes of kept memory: the MSP430's FRAM and the FRAM chip on its bus; the MSP432's chip. */
#define MSP430FR5994_NVM_BYTES 0xc0000u
#define MSP432P401R_NVM_BYTES 0x80000u

/** Null where the firmware does not fit the board; `*why` says it. */
board *board_msp430fr5994(const elf_file *elf, const board_options *options, const char **why);
/** Also null where this program was built without its emulator. */
extern const int board_has_msp432p401r;
board *board_msp432p401r(const elf_file *elf, const board_options *options, const char **why);

#endif
