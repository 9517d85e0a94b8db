/**
 * Random MSP430X programs here and in the GNU simulator (gdb's sim/msp430): registers and N, Z, C
 * after every instruction, and memory at the end, must be equal. Left out is what the GNU simulator
 * of gdb 13.1 has against the guide: V, hence JGE and JL; SXT; DADD; zero carry of ADDC and SUBC;
 * the multiplier.
 *
 *   gnu_differential RUN FOLDER PROGRAMS SEED    the line `N passed, N failed` comes last
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "check.h"
#include "random.h"

enum { LENGTH = 200, LOW = 0x1c00, HIGH = 0x12000, BYTES = 0x400, STACK = 0x3b00 };
enum { LOW_POINTER = LOW + 0x200, HIGH_POINTER = HIGH + 0x200 };
#define SHOWN (SR_N | SR_Z | SR_C)

typedef struct {
  uint16_t words[16 * LENGTH];
  unsigned count;
  uint32_t stops[4 * LENGTH]; /* addresses of the calls that dump registers */
  unsigned stop_count;
  random_source random;
} program;

typedef struct {
  uint32_t registers[4 * LENGTH][16];
  unsigned dumps;
  uint8_t memory[2 * BYTES];
} outcome;

static void emit(program *p, unsigned word) { p->words[p->count++] = (uint16_t)word; }
static unsigned draw(program *p, unsigned below) {
  return (unsigned)random_below(&p->random, below);
}
static uint32_t any20(program *p) { return (uint32_t)random_next(&p->random) & 0xfffffu; }
static unsigned data_register(program *p) { return 8u + draw(p, 8); }
/* Even, and low enough for an operand of 20 bits to end within. */
static uint32_t address(program *p) {
  return (draw(p, 2) == 0u ? LOW : HIGH) + 2u * draw(p, BYTES / 2 - 1);
}

/* The GNU simulator's own: prints all registers. */
static void dump(program *p) {
  p->stops[p->stop_count++] = CODE + 2u * p->count;
  emit(p, 0x12b0);
  emit(p, 0x0160);
}

static void mova_immediate(program *p, unsigned reg, uint32_t value) {
  emit(p, 0x0080u | (value >> 16) << 8 | reg);
  emit(p, value & 0xffffu);
}

static void set_pointers(program *p) {
  mova_immediate(p, 4, LOW_POINTER);
  mova_immediate(p, 5, HIGH_POINTER);
  mova_immediate(p, 6, HIGH_POINTER);
  mova_immediate(p, 7, LOW_POINTER);
}

/* A source or destination beside a register: its register, mode, and 20 bits behind. */
typedef struct {
  unsigned reg, mode, has_word;
  uint32_t word;
} operand;

static operand source(program *p, int extended, int byte) {
  switch (draw(p, 7)) {
  case 0: /* a constant of R3 */
    return (operand){.reg = 3, .mode = draw(p, 4)};
  case 1: /* 4, 8 */
    return (operand){.reg = 2, .mode = 2u + draw(p, 2)};
  case 2:
    return (operand){0, 3, 1, any20(p)};
  case 3: /* X(Rn); without an extension word 16 bits, which wrap in the lower 64 KB */
    return (operand){4u + draw(p, 2), 1, 1, (uint32_t)(2 * (int)draw(p, 100) - 100) & 0xfffffu};
  case 4:
    return (operand){2, 1, 1, extended ? address(p) : LOW + 2u * draw(p, BYTES / 2 - 1)};
  case 5: /* @Rn, @Rn+; a byte leaves the pointer odd, so it has one of its own */
    return (operand){.reg = byte ? 7 : 6, .mode = 2u + draw(p, 2)};
  default:
    return (operand){.reg = data_register(p)};
  }
}

static operand target(program *p, int extended) {
  if (draw(p, 3) != 0u)
    return (operand){.reg = data_register(p)};
  if (draw(p, 2) == 0u)
    return (operand){4u + draw(p, 2), 1, 1, 2u * draw(p, 100)};
  return (operand){2, 1, 1, extended ? address(p) : LOW + 2u * draw(p, BYTES / 2 - 1)};
}

static void double_operand(program *p, int extended) {
  static const unsigned opcodes[] = {4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15};
  const unsigned op = opcodes[draw(p, 11)], size = draw(p, extended ? 3 : 2); /* .W .B .A */
  const operand from = source(p, extended, size == 1u), to = target(p, extended);
  const int registers = from.mode == 0u && to.mode == 0u;
  if (extended) {
    const unsigned small = size != 2u;
    if (registers)
      emit(p, 0x1800u | small << 6 | draw(p, 4));
    else
      emit(p, 0x1800u | (from.word >> 16) << 7 | small << 6 | to.word >> 16);
  }
  emit(p, op << 12 | from.reg << 8 | to.mode << 7 | (size != 0u) << 6 | from.mode << 4 | to.reg);
  if (from.has_word)
    emit(p, from.word & 0xffffu);
  if (to.has_word)
    emit(p, to.word & 0xffffu);
}

/* RRC, SWPB, RRA; extended RRC (also with zero carry) and RRA, repeated. */
static void single_operand(program *p, int extended) {
  const unsigned op = extended ? 2u * draw(p, 2) : draw(p, 3);
  const unsigned size = op == 1u ? 0u : draw(p, extended ? 3 : 2);
  if (extended)
    emit(p, 0x1800u | (op == 0u ? draw(p, 2) : 0u) << 8 | (size != 2u) << 6 | draw(p, 4));
  emit(p, 0x1000u | op << 7 | (size != 0u) << 6 | data_register(p));
}

/* MOVA, CMPA, ADDA, SUBA. */
static void address_instruction(program *p) {
  const unsigned reg = data_register(p), other = data_register(p);
  const uint32_t value = any20(p), at = address(p);
  switch (draw(p, 8)) {
  case 0:
    emit(p, 0x0080u | draw(p, 4) << 4 | (value >> 16) << 8 | reg);
    emit(p, value & 0xffffu);
    break;
  case 1: /* MOVA @Rn, MOVA @Rn+ */
    emit(p, draw(p, 2) << 4 | 6u << 8 | reg);
    break;
  case 2:
    emit(p, 0x0020u | (at >> 16) << 8 | reg);
    emit(p, at & 0xffffu);
    break;
  case 3:
    emit(p, 0x0030u | (4u + draw(p, 2)) << 8 | reg);
    emit(p, 2u * draw(p, 100));
    break;
  case 4:
    emit(p, 0x0060u | other << 8 | at >> 16);
    emit(p, at & 0xffffu);
    break;
  case 5:
    emit(p, 0x0070u | other << 8 | (4u + draw(p, 2)));
    emit(p, 2u * draw(p, 100));
    break;
  default:
    emit(p, 0x00c0u | draw(p, 4) << 4 | other << 8 | reg);
  }
}

static void shift_many(program *p) {
  emit(p, 0x0040u | draw(p, 4) << 10 | draw(p, 4) << 8 | draw(p, 2) << 4 | data_register(p));
}

/* PUSHM, then POPM into other registers. */
static void stack(program *p) {
  const unsigned n = 1u + draw(p, 4), word = draw(p, 2) << 8;
  emit(p, 0x1400u | word | (n - 1u) << 4 | (11u + draw(p, 5)));
  dump(p);
  emit(p, 0x1600u | word | (n - 1u) << 4 | (8u + draw(p, 5)));
}

/* Over one word; JGE and JL look at V. */
static void jump(program *p) {
  static const unsigned conditions[] = {0, 1, 2, 3, 4, 7};
  emit(p, 0x2001u | conditions[draw(p, 6)] << 10);
  emit(p, 0x5310u | data_register(p));
}

static void instruction(program *p) {
  switch (draw(p, 12)) {
  case 0:
    single_operand(p, 0);
    break;
  case 1:
    single_operand(p, 1);
    break;
  case 2:
    shift_many(p);
    break;
  case 3:
    stack(p);
    break;
  case 4:
    jump(p);
    break;
  case 5:
  case 6:
    address_instruction(p);
    break;
  case 7:
    emit(p, draw(p, 2) == 0u ? 0xd312 : 0xc312); /* SETC, CLRC */
    break;
  case 8:
    double_operand(p, 0);
    break;
  default:
    double_operand(p, 1);
  }
}

/* write(1, at, BYTES) by the simulator. */
static void write_memory(program *p, uint32_t at) {
  mova_immediate(p, 12, 1);
  mova_immediate(p, 13, at);
  mova_immediate(p, 14, BYTES);
  emit(p, 0x12b0);
  emit(p, 0x0185);
}

/* Returns where the dumps end and the writes begin. */
static uint32_t generate(program *p, uint64_t seed, uint64_t index) {
  p->count = p->stop_count = 0;
  p->random = random_from(seed, index);
  mova_immediate(p, REG_SP, STACK);
  emit(p, 0x4032);
  emit(p, 0);
  for (unsigned reg = 8; reg < 16; reg++)
    mova_immediate(p, reg, any20(p));
  for (unsigned i = 0; i < LENGTH; i++) {
    if (i % 16u == 0u)
      set_pointers(p);
    instruction(p);
    dump(p);
  }
  const uint32_t end = CODE + 2u * p->count;
  write_memory(p, LOW);
  write_memory(p, HIGH);
  mova_immediate(p, 12, 0);
  emit(p, 0x12b0);
  emit(p, 0x0181); /* exit */
  return end;
}

static void run_here(const program *p, uint32_t end, outcome *seen) {
  msp430x *m = bench_new();
  memset(m->memory + LOW, 0, BYTES);
  memset(m->memory + HIGH, 0, BYTES);
  bench_code(m, p->words, p->count);
  seen->dumps = 0;
  for (unsigned i = 0; i <= p->stop_count; i++) {
    m->stop_at = i < p->stop_count ? p->stops[i] : end;
    if (msp430x_run(m, 1000) != MACHINE_STOPPED || i == p->stop_count)
      break;
    memcpy(seen->registers[seen->dumps++], m->r, sizeof m->r);
    m->r[REG_PC] += 4u;
    m->state = MACHINE_RUNS;
  }
  memcpy(seen->memory, m->memory + LOW, BYTES);
  memcpy(seen->memory + BYTES, m->memory + HIGH, BYTES);
  msp430x_free(m);
}

static void put(uint8_t *to, unsigned bytes, uint32_t value) {
  for (unsigned i = 0; i < bytes; i++)
    to[i] = (uint8_t)(value >> 8u * i);
}

/* The least that BFD loads: one section with the code, and the names of both. */
static void write_elf(const program *p, const char *path) {
  static const char names[] = "\0.text\0.shstrtab";
  uint8_t head[52 + 3 * 40] = {0x7f, 'E', 'L', 'F', 1, 1, 1, 255};
  const uint32_t size = 2u * p->count, start = sizeof head;
  uint8_t *text = head + 52 + 40, *strings = text + 40;
  put(head + 16, 2, 2);   /* executable */
  put(head + 18, 2, 105); /* MSP430 */
  put(head + 20, 4, 1);
  put(head + 24, 4, CODE);
  put(head + 32, 4, 52);
  put(head + 36, 4, 45); /* CPUX */
  put(head + 40, 2, 52);
  put(head + 46, 2, 40);
  put(head + 48, 2, 3);
  put(head + 50, 2, 2);
  put(text, 4, 1);
  put(text + 4, 4, 1);
  put(text + 8, 4, 6);
  put(text + 12, 4, CODE);
  put(text + 16, 4, start);
  put(text + 20, 4, size);
  put(text + 32, 4, 2);
  put(strings, 4, 7);
  put(strings + 4, 4, 3);
  put(strings + 16, 4, start + size);
  put(strings + 20, 4, sizeof names);
  put(strings + 32, 4, 1);
  FILE *out = fopen(path, "wb");
  if (out == NULL || fwrite(head, sizeof head, 1, out) != 1 ||
      fwrite(p->words, size, 1, out) != 1 || fwrite(names, sizeof names, 1, out) != 1 ||
      fclose(out) != 0) {
    perror(path);
    exit(2);
  }
}

static int run_there(const char *run, const char *folder, outcome *seen) {
  char command[1600], line[512];
  snprintf(command, sizeof command, "timeout 20 '%s' '%s/program.elf' 2>&1 >'%s/memory.bin'", run,
           folder, folder);
  FILE *out = popen(command, "r");
  unsigned next = 0;
  seen->dumps = 0;
  while (out != NULL && fgets(line, sizeof line, out) != NULL) {
    unsigned reg, value;
    for (const char *at = line; (at = strchr(at, 'R')) != NULL; at++) {
      if (sscanf(at, "R%u %x", &reg, &value) != 2 || reg != next || seen->dumps >= 4u * LENGTH)
        continue;
      seen->registers[seen->dumps][reg] = value;
      next = (next + 1u) % 16u;
      seen->dumps += next == 0u;
    }
  }
  const int ended = out != NULL && pclose(out) == 0;
  snprintf(line, sizeof line, "%s/memory.bin", folder);
  FILE *memory = fopen(line, "rb");
  const int whole = memory != NULL && fread(seen->memory, sizeof seen->memory, 1, memory) == 1;
  if (memory != NULL)
    fclose(memory);
  return ended && whole;
}

/* Whether both are equal; says where they part. */
static int same(const program *p, unsigned index, const outcome *here, const outcome *there) {
  for (unsigned i = 0; i < here->dumps && i < there->dumps; i++) {
    for (unsigned reg = 1; reg < 16; reg++) {
      const uint32_t mask = reg == REG_SR ? SHOWN : 0xfffffu;
      if (reg == REG_CG || ((here->registers[i][reg] ^ there->registers[i][reg]) & mask) == 0u)
        continue;
      const unsigned from = i == 0u ? 0u : (p->stops[i - 1u] - CODE) / 2u + 2u;
      printf("  program %u: behind", index);
      for (unsigned at = from; at < (p->stops[i] - CODE) / 2u; at++)
        printf(" %04x", p->words[at]);
      printf(" R%u is %05x here, %05x in the GNU simulator\n", reg,
             (unsigned)here->registers[i][reg], (unsigned)there->registers[i][reg]);
      return 0;
    }
  }
  if (here->dumps != there->dumps || here->dumps != p->stop_count) {
    printf("  program %u: %u instructions here, %u there, of %u\n", index, here->dumps,
           there->dumps, p->stop_count);
    return 0;
  }
  return memcmp(here->memory, there->memory, sizeof here->memory) == 0;
}

int main(int count, char **words) {
  if (count != 5)
    return 2;
  const unsigned programs = (unsigned)strtoul(words[3], NULL, 10);
  const uint64_t seed = strtoull(words[4], NULL, 10);
  unsigned failed = 0, dumps = 0;
  static program p;
  static outcome here, there;
  char path[512];
  snprintf(path, sizeof path, "%s/program.elf", words[2]);
  for (unsigned i = 0; i < programs; i++) {
    const uint32_t end = generate(&p, seed, i);
    run_here(&p, end, &here);
    write_elf(&p, path);
    failed += !(run_there(words[1], words[2], &there) && same(&p, i, &here, &there));
    dumps += here.dumps;
  }
  printf("%s differential with the GNU simulator: %u programs, %u instructions, %u differ\n",
         failed == 0u ? "ok" : "FAIL", programs, dumps, failed);
  printf("%d passed, %d failed\n", failed == 0u, failed != 0u);
  return failed != 0u;
}
