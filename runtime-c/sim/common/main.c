/** bo_sim: runs a shipped image on a simulated board; docs/simulators.md. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile.h"
#include "session.h"

enum { EXIT_WRONG = 1, EXIT_CALL = 2 };

typedef struct {
  const char *board, *firmware, *nvm, *vectors, *trace, *dump_nvm, *profile;
  session_config session;
  power_config power;
  const char *until; /**< function that ends a run without an oracle; null: no */
  const char *call;  /**< FUNCTION,A,B,C,D */
  uint64_t seed, campaigns, first_campaign, every, first_write, commit_cuts;
  uint32_t max_cuts;
  int ignore_shut_off, lea;
} options;

static const char usage[] =
    "usage: bo_sim --board msp430fr5994|msp432p401r firmware.elf [options]\n"
    "  --inferences N          results to release (default: as many as vectors)\n"
    "  --vectors FILE          vectors.bin (default: the symbol bo_vectors of the firmware)\n"
    "  --nvm FILE              NVM that outlives this program; made and programmed if missing\n"
    "  --dump-nvm FILE         writes what NVM holds in the end\n"
    "  --seed S                of SRAM noise and random cuts (default 1)\n"
    "  --cut-instructions N, --cut-cycles N, --cut-writes N, --cut-spi-bytes N\n"
    "                          power fails once, after exactly so many\n"
    "  --campaign K            K runs with random cuts  [--first-campaign I] [--max-cuts M]\n"
    "  --every-write STEP      a run per NVM write, cut there, of every STEP-th [--first-write I]\n"
    "  --commit-cuts K         K runs, each cut at a random NVM write of a record or release\n"
    "  --boards                instead: the boards that this program has\n"
    "  --profile FILE          per function: its name, instructions, cycles, of its own\n"
    "  --capacitor F,OHM,V_ON,V_OFF,V_SUPPLY  with\n"
    "    --energy BOOT_J,CYCLE_J,NVM_READ_J,NVM_WRITE_J,SPI_BYTE_J\n"
    "    [--boot-s S]          a boot takes so long before its first instruction\n"
    "    [--trace FILE]        lines s,V\n"
    "  --until FUNCTION        instead: runs from reset until it is entered, without an oracle\n"
    "  --call FUNCTION,A,B,C,D   behind it: what a call takes, the second of two\n"
    "  --ignore-shut-off       the supply does not listen to P3.7\n"
    "  --lea                   calls of msp_mac_q15 take LEA's cycles, not the stand-in's\n"
    "  --boot-instructions N   a boot that runs longer hangs (default 2000000000)\n";

static void wrong_call(const char *what, const char *value) {
  fprintf(stderr, "bo_sim: %s: %s (bo_sim --help)\n", what, value);
  exit(EXIT_CALL);
}

static uint64_t number(const char *name, const char *text) {
  char *end;
  const unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != 0)
    wrong_call(name, text);
  return value;
}

static void numbers(const char *name, const char *text, double *values, int count) {
  const char *at = text;
  for (int i = 0; i < count; i++) {
    char *end;
    values[i] = strtod(at, &end);
    if (end == at || *end != (i + 1 == count ? 0 : ','))
      wrong_call(name, text);
    at = end + 1;
  }
}

static void set_capacitor(options *o, const char *text) {
  double v[5];
  numbers("--capacitor", text, v, 5);
  o->power = (power_config){v[0],
                            v[1],
                            v[2],
                            v[3],
                            v[4],
                            o->power.boot_J,
                            o->power.cycle_J,
                            o->power.nvm_read_J,
                            o->power.nvm_write_J,
                            o->power.spi_byte_J,
                            o->power.boot_s};
  if (!(v[0] > 0 && v[1] > 0 && v[3] < v[2] && v[2] < v[4]))
    wrong_call("--capacitor needs V_OFF < V_ON < V_SUPPLY and positive F, OHM", text);
  o->session.power = &o->power;
}

static void set_energy(options *o, const char *text) {
  double v[5];
  numbers("--energy", text, v, 5);
  o->power.boot_J = v[0];
  o->power.cycle_J = v[1];
  o->power.nvm_read_J = v[2];
  o->power.nvm_write_J = v[3];
  o->power.spi_byte_J = v[4];
}

static int is(const char *word, const char *name) { return strcmp(word, name) == 0; }

static int set_cut(options *o, const char *name, const char *value) {
  static const char *const names[] = {"--cut-instructions", "--cut-cycles", "--cut-writes",
                                      "--cut-spi-bytes"};
  for (int i = 0; i < 4; i++) {
    if (is(name, names[i])) {
      o->session.cuts.kind = (cut_kind)(CUT_INSTRUCTIONS + i);
      o->session.cuts.after = number(name, value);
      return 1;
    }
  }
  return 0;
}

static void set(options *o, const char *name, const char *value) {
  if (is(name, "--board"))
    o->board = value;
  else if (is(name, "--inferences"))
    o->session.inferences = (uint32_t)number(name, value);
  else if (is(name, "--vectors"))
    o->vectors = value;
  else if (is(name, "--nvm"))
    o->nvm = value;
  else if (is(name, "--dump-nvm"))
    o->dump_nvm = value;
  else if (is(name, "--seed"))
    o->seed = number(name, value);
  else if (is(name, "--campaign"))
    o->campaigns = number(name, value);
  else if (is(name, "--first-campaign"))
    o->first_campaign = number(name, value);
  else if (is(name, "--max-cuts"))
    o->max_cuts = (uint32_t)number(name, value);
  else if (is(name, "--until"))
    o->until = value;
  else if (is(name, "--call"))
    o->call = value;
  else if (is(name, "--every-write"))
    o->every = number(name, value);
  else if (is(name, "--commit-cuts"))
    o->commit_cuts = number(name, value);
  else if (is(name, "--profile"))
    o->profile = value;
  else if (is(name, "--first-write"))
    o->first_write = number(name, value);
  else if (is(name, "--capacitor"))
    set_capacitor(o, value);
  else if (is(name, "--energy"))
    set_energy(o, value);
  else if (is(name, "--boot-s"))
    numbers(name, value, &o->power.boot_s, 1);
  else if (is(name, "--trace"))
    o->trace = value;
  else if (is(name, "--boot-instructions"))
    o->session.boot_instructions = number(name, value);
  else if (!set_cut(o, name, value))
    wrong_call("no such option", name);
}

static const struct {
  const char *name;
  board *(*open)(const elf_file *, const board_options *, const char **);
  uint32_t nvm_bytes;
} boards[] = {{"msp430fr5994", board_msp430fr5994, MSP430FR5994_NVM_BYTES},
              {"msp432p401r", board_msp432p401r, MSP432P401R_NVM_BYTES}};

static void print_boards(void) {
  puts(board_has_msp432p401r ? "msp430fr5994 msp432p401r" : "msp430fr5994");
}

static void parse(options *o, int count, char **words) {
  for (int i = 1; i < count; i++) {
    if (is(words[i], "--help")) {
      fputs(usage, stdout);
      exit(0);
    }
    if (is(words[i], "--boards")) {
      print_boards();
      exit(0);
    }
    if (is(words[i], "--ignore-shut-off")) {
      o->ignore_shut_off = 1;
    } else if (is(words[i], "--lea")) {
      o->lea = 1;
    } else if (is(words[i], "--json")) {
      /* The answer is always one line of JSON. */
    } else if (strncmp(words[i], "--", 2) == 0) {
      if (i + 1 == count)
        wrong_call("needs a value", words[i]);
      set(o, words[i], words[i + 1]);
      i++;
    } else if (o->firmware == NULL) {
      o->firmware = words[i];
    } else {
      wrong_call("one firmware only", words[i]);
    }
  }
  if (o->board == NULL || o->firmware == NULL)
    wrong_call("needs --board and a firmware", "");
  const int many = (o->campaigns != 0u) + (o->every != 0u) + (o->commit_cuts != 0u);
  if (o->nvm != NULL && many != 0)
    wrong_call("--nvm is for single runs", o->nvm);
  if (many > 1)
    wrong_call("one of --campaign, --every-write, --commit-cuts", o->firmware);
}

static uint8_t *read_file(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = NULL;
  long size = 0;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 &&
      fseek(file, 0, SEEK_SET) == 0)
    data = malloc((size_t)size);
  if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
    wrong_call("cannot be read", path);
  fclose(file);
  *bytes = (size_t)size;
  return data;
}

static uint8_t *find_vectors(const options *o, const elf_file *elf, oracle_vectors *vectors) {
  if (o->vectors != NULL) {
    size_t bytes;
    uint8_t *data = read_file(o->vectors, &bytes);
    if (!oracle_vectors_read(vectors, data, bytes))
      wrong_call("is no vectors.bin", o->vectors);
    return data;
  }
  uint32_t at;
  const uint8_t *head, *whole;
  if (!elf_symbol(elf, "bo_vectors", &at) || !elf_bytes(elf, at, ORACLE_VECTORS_HEADER, &head) ||
      !elf_bytes(elf, at, oracle_vectors_bytes(head), &whole) ||
      !oracle_vectors_read(vectors, whole, oracle_vectors_bytes(head)))
    wrong_call("holds no test vectors (symbol bo_vectors); give --vectors", o->firmware);
  return NULL;
}

static int open_nvm(const options *o, uint32_t bytes, int *keep) {
  *keep = 0;
  if (o->nvm == NULL)
    return -1;
  const int file = open(o->nvm, O_RDWR | O_CREAT, 0666);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0)
    wrong_call("cannot be opened", o->nvm);
  if (status.st_size == (off_t)bytes)
    *keep = 1;
  else if (status.st_size != 0 || ftruncate(file, (off_t)bytes) != 0)
    wrong_call("has not the size of this board's NVM", o->nvm);
  return file;
}

static const char *const results[] = {"ok", "wrong", "hangs", "crashed"};

static void print_session(const options *o, const board *b, const session *s, uint64_t runs,
                          uint64_t cuts, const char *failure) {
  const board_counts *c = &s->counts;
  printf("{\"board\":\"%s\",\"result\":\"%s\",\"runs\":%" PRIu64 ",\"inferences\":%u,"
         "\"mismatches\":%u,\"boots\":%u,\"cuts\":%" PRIu64
         ",\"shut_offs\":%u,\"commits\":%" PRIu64,
         b->name, results[s->result], runs, s->oracle.delivered, s->oracle.mismatches, s->boots,
         cuts, s->shut_offs, s->oracle.commits);
  printf(",\"instructions\":%" PRIu64 ",\"cycles\":%" PRIu64 ",\"wait_cycles\":%" PRIu64
         ",\"code_words\":%" PRIu64 ",\"cache_misses\":%" PRIu64 ",\"nvm_reads\":%" PRIu64
         ",\"nvm_writes\":%" PRIu64 ",\"ram_reads\":%" PRIu64 ",\"ram_writes\":%" PRIu64
         ",\"spi_bytes\":%" PRIu64 ",\"dma_transfers\":%" PRIu64 ",\"time_s\":%.9g",
         c->instructions, c->cycles, c->wait_cycles, c->code_words, c->cache_misses, c->nvm_reads,
         c->nvm_writes, c->ram_reads, c->ram_writes, c->spi_bytes, c->dma_transfers, c->time_s);
  printf(",\"longest_boot_instructions\":%" PRIu64 ",\"lost_instructions\":%" PRIu64
         ",\"most_lost_instructions\":%" PRIu64 ",\"outputs_crc\":%u,\"warnings\":%" PRIu64,
         s->longest_boot, s->oracle.lost_instructions, s->oracle.most_lost, s->oracle.outputs_crc,
         c->warnings);
  if (c->lea_calls != 0u)
    printf(",\"lea_calls\":%" PRIu64, c->lea_calls);
  if (c->warnings != 0u)
    printf(",\"first_warning\":\"0x%x\"", b->first_warning);
  if (o->session.power != NULL) {
    printf(",\"brown_outs\":%u,\"energy_J\":%.9g,\"total_s\":%.9g,\"charging_s\":%.9g,"
           "\"lowest_V\":%.6g",
           s->brown_outs, s->power.energy_J, s->power.time_s, s->power.charging_s, s->power.lowest);
  }
  if (failure[0] == 0)
    printf(",\"failure\":null}\n");
  else
    printf(",\"failure\":\"%s\"}\n", failure);
}

static void describe(const session *s, const char *replay, char *text, size_t room) {
  const char *what = s->oracle.failure;
  if (s->result == SESSION_HANGS)
    what = "the board makes no progress any more";
  else if (s->result == SESSION_CRASHED)
    what = "the CPU met an illegal instruction or address";
  snprintf(text, room, "%s%s%s", what, replay[0] == 0 ? "" : "; replay: ", replay);
}

/* One run by the options as they are. */
static int run_once(const options *o, board *b, const oracle_vectors *vectors, session *s) {
  char failure[300] = "";
  session_run(s, b, vectors, &o->session);
  if (s->result != SESSION_OK)
    describe(s, "", failure, sizeof failure);
  print_session(o, b, s, 1, s->cuts, failure);
  return s->result == SESSION_OK ? 0 : EXIT_WRONG;
}

/* Adds a run to a sum that is printed in the end. */
static void add(session *sum, const session *s) {
  sum->boots += s->boots;
  sum->cuts += s->cuts;
  sum->shut_offs += s->shut_offs;
  sum->brown_outs += s->brown_outs;
  sum->counts.instructions += s->counts.instructions;
  sum->counts.cycles += s->counts.cycles;
  sum->counts.nvm_reads += s->counts.nvm_reads;
  sum->counts.nvm_writes += s->counts.nvm_writes;
  sum->counts.spi_bytes += s->counts.spi_bytes;
  sum->counts.time_s += s->counts.time_s;
  sum->counts.warnings += s->counts.warnings;
  sum->oracle.delivered += s->oracle.delivered;
  sum->oracle.mismatches += s->oracle.mismatches;
  sum->oracle.commits += s->oracle.commits;
  sum->oracle.lost_instructions += s->oracle.lost_instructions;
  if (s->longest_boot > sum->longest_boot)
    sum->longest_boot = s->longest_boot;
  if (s->oracle.most_lost > sum->oracle.most_lost)
    sum->oracle.most_lost = s->oracle.most_lost;
  sum->oracle.outputs_crc = s->oracle.outputs_crc;
  sum->result = s->result;
}

/* What NVM held before the first run, to begin each run with. */
typedef struct {
  uint8_t *part[2];
} fresh_nvm;

static fresh_nvm keep_fresh(const board *b) {
  fresh_nvm fresh;
  for (int i = 0; i < 2; i++) {
    fresh.part[i] = malloc(b->kept[i].count + 1u);
    if (fresh.part[i] == NULL)
      wrong_call("out of memory", b->name);
    if (b->kept[i].count != 0u)
      memcpy(fresh.part[i], b->kept[i].bytes, b->kept[i].count);
  }
  return fresh;
}

static void restore(const board *b, const fresh_nvm *fresh) {
  for (int i = 0; i < 2; i++)
    if (b->kept[i].count != 0u)
      memcpy(b->kept[i].bytes, fresh->part[i], b->kept[i].count);
}

/* Cuts of run number `i`, and the options that repeat it. */
static session_config plan_run(const options *o, const session *uncut, const protocol_writes *log,
                               uint64_t i, char *replay, size_t room) {
  session_config config = o->session;
  config.log = NULL;
  if (o->campaigns != 0u) {
    random_source source = random_from(o->seed, i);
    const uint32_t cuts = 1u + (uint32_t)random_below(&source, o->max_cuts);
    const uint64_t spread = 1u + random_below(&source, uncut->longest_boot + 1u);
    config.cuts = (cut_plan){.random = cuts, .spread = spread, .source = source};
    config.noise_seed = random_next(&source);
    snprintf(replay, room,
             "--seed %" PRIu64 " --max-cuts %u --first-campaign %" PRIu64 " --campaign 1", o->seed,
             o->max_cuts, i);
    return config;
  }
  uint64_t after = i;
  if (o->commit_cuts != 0u) {
    /* The write itself is lost, or the one behind it. */
    random_source source = random_from(o->seed, i);
    after = log->at[random_below(&source, log->count)] - random_below(&source, 2);
  }
  config.cuts = (cut_plan){.kind = CUT_NVM_WRITES, .after = after};
  snprintf(replay, room, "--seed %" PRIu64 " --cut-writes %" PRIu64, o->seed, after);
  return config;
}

static int run_many(options *o, board *b, const oracle_vectors *vectors) {
  char failure[300] = "", replay[100];
  session uncut, s, sum;
  protocol_writes log = {0};
  const fresh_nvm fresh = keep_fresh(b);
  memset(&sum, 0, sizeof sum);
  if (o->commit_cuts != 0u)
    o->session.log = &log;
  session_run(&uncut, b, vectors, &o->session);
  sum.result = uncut.result;
  if (uncut.result != SESSION_OK)
    describe(&uncut, "without any cut", failure, sizeof failure);
  uint64_t runs = 0;
  const uint64_t first = o->every != 0u ? o->first_write : o->first_campaign;
  const uint64_t end = o->every != 0u
                           ? uncut.counts.nvm_writes
                           : first + (o->campaigns != 0u ? o->campaigns : o->commit_cuts);
  for (uint64_t i = first; i < end && sum.result == SESSION_OK;
       i += o->every != 0u ? o->every : 1u) {
    const session_config config = plan_run(o, &uncut, &log, i, replay, sizeof replay);
    restore(b, &fresh);
    session_run(&s, b, vectors, &config);
    add(&sum, &s);
    runs++;
    if (s.result != SESSION_OK)
      describe(&s, replay, failure, sizeof failure);
    else if (s.oracle.outputs_crc != uncut.oracle.outputs_crc)
      sum.result = SESSION_WRONG;
  }
  free(fresh.part[0]);
  free(fresh.part[1]);
  free(log.at);
  sum.power = s.power;
  print_session(o, b, &sum, runs, sum.cuts, failure);
  return sum.result == SESSION_OK ? 0 : EXIT_WRONG;
}

/** Address of a function of the firmware. */
static uint32_t function_at(const options *o, const elf_file *elf, const char *name) {
  uint32_t at = 0;
  if (!elf_symbol(elf, name, &at))
    wrong_call(o->firmware, name);
  return at;
}

/**
 * Stack that was used since power came up: RAM holds noise then, and `noise` is a copy of it. The
 * stack reaches down to the lowest byte that has changed between data and its top.
 */
static uint32_t stack_bytes(const options *o, const elf_file *elf, const board *b,
                            const uint8_t *noise) {
  const uint32_t top = function_at(o, elf, "bo_stack_top");
  uint32_t at = function_at(o, elf, "bo_bss_end");
  while (at < top && b->sram[at - b->sram_start] == noise[at - b->sram_start])
    at++;
  return top - at;
}

static void print_counts(const board *b, const char *what, int ended, uint32_t stack,
                         const board_counts *before, const board_counts *after) {
  printf("{\"board\":\"%s\",\"result\":\"%s\",\"function\":\"%s\",\"instructions\":%" PRIu64
         ",\"cycles\":%" PRIu64 ",\"wait_cycles\":%" PRIu64
         ",\"stack_bytes\":%u,\"warnings\":%" PRIu64 "}\n",
         b->name, ended ? "ok" : "hangs", what, after->instructions - before->instructions,
         after->cycles - before->cycles, after->wait_cycles - before->wait_cycles, stack,
         after->warnings);
}

/** Any program, from reset until a function is entered; then, if asked, a call of another. */
static int run_until(const options *o, const elf_file *elf, board *b) {
  const uint32_t none[4] = {0, 0, 0, 0};
  board_counts before = {0}, after;
  b->power_on(b, o->seed);
  uint8_t *noise = malloc(b->sram_bytes);
  if (noise == NULL)
    wrong_call("out of memory", o->firmware);
  memcpy(noise, b->sram, b->sram_bytes);
  int ended = b->call(b, function_at(o, elf, "bo_reset"), none, function_at(o, elf, o->until));
  b->count(b, &after);
  const uint32_t stack = stack_bytes(o, elf, b, noise);
  free(noise);
  if (o->call == NULL) {
    print_counts(b, o->until, ended, stack, &before, &after);
    return ended ? 0 : EXIT_WRONG;
  }
  char name[64];
  const char *comma = strchr(o->call, ',');
  const size_t length = comma == NULL ? strlen(o->call) : (size_t)(comma - o->call);
  double values[4];
  if (comma == NULL || length >= sizeof name)
    wrong_call("--call needs FUNCTION,A,B,C,D", o->call);
  memcpy(name, o->call, length);
  name[length] = 0;
  numbers("--call", comma + 1, values, 4);
  const uint32_t arguments[4] = {(uint32_t)values[0], (uint32_t)values[1], (uint32_t)values[2],
                                 (uint32_t)values[3]};
  for (int i = 0; i < 2; i++) {
    b->count(b, &before);
    ended = ended &&
            b->call(b, function_at(o, elf, name), arguments, function_at(o, elf, "bo_unexpected"));
  }
  b->count(b, &after);
  print_counts(b, name, ended, stack, &before, &after);
  return ended ? 0 : EXIT_WRONG;
}

/** 0 where nobody asks for it. */
static uint32_t lea_function(const options *o, const elf_file *elf) {
  if (!o->lea)
    return 0;
  if (!is(o->board, "msp430fr5994"))
    wrong_call("--lea: there is none on", o->board);
  return function_at(o, elf, "msp_mac_q15");
}

static board *open_board(const options *o, const elf_file *elf) {
  const char *why = NULL;
  for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
    if (!is(o->board, boards[i].name))
      continue;
    board_options with = {.ignore_shut_off = o->ignore_shut_off,
                          .lea_function = lea_function(o, elf)};
    with.nvm_file = open_nvm(o, boards[i].nvm_bytes, &with.keep_nvm);
    board *b = boards[i].open(elf, &with, &why);
    if (b == NULL)
      wrong_call(o->firmware, why);
    return b;
  }
  wrong_call("no such board", o->board);
  return NULL;
}

static void dump(const char *path, const board *b) {
  FILE *file = fopen(path, "wb");
  for (int i = 0; i < 2 && file != NULL; i++)
    fwrite(b->kept[i].bytes, 1, b->kept[i].count, file);
  if (file == NULL || ferror(file) || fclose(file) != 0)
    wrong_call("cannot be written", path);
}

int main(int count, char **words) {
  options o = {.seed = 1, .max_cuts = 100};
  o.session.boot_instructions = 2000000000u;
  parse(&o, count, words);
  elf_file elf;
  const char *why = NULL;
  if (!elf_open(&elf, o.firmware, &why))
    wrong_call(o.firmware, why);
  board *b = open_board(&o, &elf);
  if (o.until != NULL) {
    const int ended = run_until(&o, &elf, b);
    if (o.dump_nvm != NULL)
      dump(o.dump_nvm, b);
    b->free(b);
    elf_close(&elf);
    return ended;
  }
  oracle_vectors vectors;
  uint8_t *vectors_file = find_vectors(&o, &elf, &vectors);
  if (o.session.inferences == 0u)
    o.session.inferences = vectors.count;
  o.session.noise_seed = o.seed;
  if (o.trace != NULL && (o.session.trace = fopen(o.trace, "w")) == NULL)
    wrong_call("cannot be written", o.trace);
  function_profile profile;
  if (o.profile != NULL)
    profile_start(&profile, b);
  session s;
  const int result = o.campaigns != 0u || o.every != 0u || o.commit_cuts != 0u
                         ? run_many(&o, b, &vectors)
                         : run_once(&o, b, &vectors, &s);
  if (o.dump_nvm != NULL)
    dump(o.dump_nvm, b);
  if (o.profile != NULL && !profile_write(&profile, &elf, o.profile))
    wrong_call("cannot be written", o.profile);
  if (o.session.trace != NULL)
    fclose(o.session.trace);
  b->free(b);
  free(vectors_file);
  elf_close(&elf);
  return result;
}
