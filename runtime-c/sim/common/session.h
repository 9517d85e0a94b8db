/** A run of the firmware from programming until the wanted results are released, across boots. */
#ifndef BROWNOUT_SIM_SESSION_H
#define BROWNOUT_SIM_SESSION_H

#include "board.h"
#include "oracle.h"
#include "power.h"
#include "random.h"

typedef enum { CUT_NONE, CUT_INSTRUCTIONS, CUT_CYCLES, CUT_NVM_WRITES, CUT_SPI_BYTES } cut_kind;

/** When power fails, beside the shut-off pin and the capacitor. */
typedef struct {
  cut_kind kind;
  uint64_t after;  /**< counted from the session's start; once */
  uint32_t random; /**< this many random cuts follow one another instead; `kind` is drawn too */
  uint64_t spread; /**< a random cut falls within so many instructions of its boot */
  random_source source;
} cut_plan;

typedef struct {
  uint32_t inferences; /**< to release */
  cut_plan cuts;
  const power_config *power; /**< null: no capacitor */
  FILE *trace;
  uint64_t boot_instructions; /**< a boot that runs longer hangs */
  uint64_t noise_seed;
  protocol_writes *log; /**< null: not wanted */
} session_config;

typedef enum { SESSION_OK, SESSION_WRONG, SESSION_HANGS, SESSION_CRASHED } session_result;

typedef struct {
  session_result result;
  uint32_t boots, cuts, shut_offs, brown_outs;
  uint64_t longest_boot; /**< instructions */
  board_counts counts;   /**< of this session */
  oracle oracle;
  power_supply power;
} session;

void session_run(session *s, board *b, const oracle_vectors *vectors, const session_config *config);

#endif
