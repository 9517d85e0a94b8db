#include "session.h"

#include <string.h>

/* Instructions between two looks at the capacitor. */
enum { POWER_STEP = 16 };
/* A boot that never commits would be repeated for ever. */
enum { BOOTS_WITHOUT_COMMIT = 1000 };

static void subtract(board_counts *now, const board_counts *before) {
  now->instructions -= before->instructions;
  now->cycles -= before->cycles;
  now->wait_cycles -= before->wait_cycles;
  now->code_words -= before->code_words;
  now->cache_misses -= before->cache_misses;
  now->nvm_reads -= before->nvm_reads;
  now->nvm_writes -= before->nvm_writes;
  now->ram_reads -= before->ram_reads;
  now->ram_writes -= before->ram_writes;
  now->spi_bytes -= before->spi_bytes;
  now->dma_transfers -= before->dma_transfers;
  now->lea_calls -= before->lea_calls;
  now->warnings -= before->warnings;
  now->time_s -= before->time_s;
}

static void limit(board_limits *limits, cut_kind kind, uint64_t after, const board_counts *from) {
  switch (kind) {
  case CUT_INSTRUCTIONS:
    limits->instructions = from->instructions + after;
    break;
  case CUT_CYCLES:
    limits->cycles = from->cycles + after;
    break;
  case CUT_NVM_WRITES:
    limits->nvm_writes = from->nvm_writes + after;
    break;
  case CUT_SPI_BYTES:
    limits->spi_bytes = from->spi_bytes + after;
    break;
  default:
    break;
  }
}

/* A boot in thirty or so writes NVM; so few writes cut it in the middle of something. */
static void limit_at_random(board_limits *limits, cut_plan *plan, const board_counts *now) {
  const uint64_t spread = plan->spread == 0u ? 1u : plan->spread;
  switch (random_below(&plan->source, 3)) {
  case 0:
    limit(limits, CUT_NVM_WRITES, random_below(&plan->source, 1u + spread / 30u), now);
    break;
  case 1:
    limit(limits, CUT_CYCLES, random_below(&plan->source, 4u * spread), now);
    break;
  default:
    limit(limits, CUT_INSTRUCTIONS, random_below(&plan->source, spread), now);
  }
}

static board_state run_boot(session *s, board *b, const session_config *config) {
  if (config->power == NULL)
    return b->run(b, config->boot_instructions);
  board_counts now;
  b->count(b, &now);
  power_boot(&s->power, &now);
  for (uint64_t done = 0; done < config->boot_instructions; done += POWER_STEP) {
    b->set_supply(b, s->power.voltage);
    const board_state state = b->run(b, POWER_STEP);
    b->count(b, &now);
    if (!power_take(&s->power, &now) && state != BOARD_STOPPED) {
      s->brown_outs++;
      return BOARD_CUT;
    }
    if (state != BOARD_RUNS)
      return state;
  }
  return BOARD_RUNS;
}

static session_result judge(session *s, board_state state) {
  if (!oracle_ok(&s->oracle))
    return SESSION_WRONG;
  return state == BOARD_STOPPED   ? SESSION_OK
         : state == BOARD_CRASHED ? SESSION_CRASHED
                                  : SESSION_HANGS;
}

void session_run(session *s, board *b, const oracle_vectors *vectors,
                 const session_config *config) {
  board_counts start, now;
  cut_plan plan = config->cuts;
  board_state state = BOARD_RUNS;
  uint64_t commits = 0;
  uint32_t barren = 0;
  memset(s, 0, sizeof *s);
  b->count(b, &start);
  oracle_start(&s->oracle, b, vectors, config->inferences, config->log);
  if (config->power != NULL)
    power_start(&s->power, config->power, config->trace);
  do {
    board_limits limits = {NEVER, NEVER, NEVER, NEVER};
    b->count(b, &now);
    const uint64_t boot_start = now.instructions;
    if (plan.random != 0u)
      limit_at_random(&limits, &plan, &now);
    else
      limit(&limits, plan.kind, plan.after, &start);
    b->set_limits(b, &limits);
    b->power_on(b, config->noise_seed + s->boots);
    s->boots++;
    oracle_booted(&s->oracle);
    const uint32_t brown_outs = s->brown_outs;
    state = run_boot(s, b, config);
    b->count(b, &now);
    if (now.instructions - boot_start > s->longest_boot)
      s->longest_boot = now.instructions - boot_start;
    if (state == BOARD_CUT) {
      oracle_cut(&s->oracle);
      s->cuts++;
      if (plan.random != 0u)
        plan.random--;
      else if (s->brown_outs == brown_outs)
        plan.kind = CUT_NONE;
    } else if (state == BOARD_OFF) {
      s->shut_offs++;
    }
    if (config->power != NULL)
      power_charge(&s->power);
    barren = s->oracle.commits == commits ? barren + 1u : 0u;
    commits = s->oracle.commits;
  } while ((state == BOARD_CUT || state == BOARD_OFF) && oracle_ok(&s->oracle) &&
           barren < BOOTS_WITHOUT_COMMIT);
  s->result = judge(s, state);
  subtract(&now, &start);
  s->counts = now;
}
