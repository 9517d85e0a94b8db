/**
 * Random classic MSP430 programs here and in mspdebug's simulator: registers, flags and RAM must be
 * equal at the end. mspdebug 0.22 has no CPUX; its PUSH.B clears the upper byte of the
 * word, and its POP.B moves SP by one, both against the guide: such a word is popped whole and cut
 * to a byte; DADD only sees BCD.
 *
 *   differential FOLDER PROGRAMS SEED      the line `N passed, N failed` comes last
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "check.h"
#include "random.h"

enum { LENGTH = 300, RAM = 0x1c00, RAM_BYTES = 0x400, POINTER = 0x1e00 };

typedef struct {
  uint16_t words[4 * LENGTH + 100];
  unsigned count, instructions;
  random_source random;
} program;

static void emit(program *p, uint16_t word) { p->words[p->count++] = word; }

static void emit_move(program *p, unsigned reg, uint16_t value) {
  emit(p, (uint16_t)(0x4030u | reg));
  emit(p, value);
  p->instructions++;
}

static unsigned draw(program *p, unsigned below) {
  return (unsigned)random_below(&p->random, below);
}
static unsigned data_register(program *p) { return 7u + draw(p, 9); }
static uint16_t ram_address(program *p) { return (uint16_t)(RAM + 2u * draw(p, RAM_BYTES / 2)); }

/* Appends the word that an operand needs; returns whether there is one. */
static int source_operand(program *p, unsigned byte, unsigned *reg, unsigned *as, uint16_t *word) {
  switch (draw(p, 8)) {
  case 0:
    *reg = data_register(p);
    *as = 0;
    return 0;
  case 1:
    *reg = 3;
    *as = draw(p, 4);
    return 0;
  case 2:
    *reg = 2;
    *as = 2u + draw(p, 2);
    return 0;
  case 3:
    *reg = 0;
    *as = 3;
    *word = (uint16_t)random_next(&p->random);
    return 1;
  case 4:
    *reg = 4;
    *as = 1;
    *word = (uint16_t)(2u * draw(p, 100) - 100u);
    return 1;
  case 5:
    *reg = 2;
    *as = 1;
    *word = ram_address(p);
    return 1;
  case 6:
    *reg = 0;
    *as = 1;
    *word = (uint16_t)(ram_address(p) - (CODE + 2u * (p->count + 1u)));
    return 1;
  default:
    *reg = byte ? 6 : 5;
    *as = 2u + draw(p, 2);
    return 0;
  }
}

static void double_operand(program *p) {
  static const unsigned opcodes[] = {4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15};
  const unsigned op = opcodes[draw(p, 11)], byte = draw(p, 2), to_memory = draw(p, 3) == 0u;
  unsigned reg, as, to = data_register(p);
  uint16_t word = 0, second = 0;
  const int more = source_operand(p, byte, &reg, &as, &word);
  if (to_memory) {
    to = draw(p, 2) == 0u ? 4u : 2u;
    second = to == 4u ? (uint16_t)(2u * draw(p, 100)) : ram_address(p);
  }
  emit(p, (uint16_t)(op << 12 | reg << 8 | to_memory << 7 | byte << 6 | as << 4 | to));
  if (more)
    emit(p, word);
  if (to_memory)
    emit(p, second);
  p->instructions++;
}

static void single_operand(program *p) {
  const unsigned op = draw(p, 4), byte = op == 0u || op == 2u ? draw(p, 2) : 0u;
  const unsigned memory = draw(p, 2);
  emit(p,
       (uint16_t)(0x1000u | op << 7 | byte << 6 | memory << 4 | (memory ? 4u : data_register(p))));
  if (memory)
    emit(p, (uint16_t)(2u * draw(p, 100)));
  p->instructions++;
}

/* A jump over one instruction of one word. */
static void jump(program *p) {
  const unsigned condition = draw(p, 8);
  emit(p, (uint16_t)(0x2001u | condition << 10));
  emit(p, (uint16_t)(0x5310u | data_register(p))); /* inc */
  p->instructions += 2;
}

static void stack(program *p) {
  const unsigned reg = data_register(p), byte = draw(p, 2) << 6;
  switch (draw(p, 3)) {
  case 0:
    emit(p, (uint16_t)(0x1200u | byte | data_register(p)));
    emit(p, (uint16_t)(0x4130u | reg));                   /* pop */
    emit(p, (uint16_t)(0x4000u | reg << 8 | byte | reg)); /* mov.b reg, reg */
    p->instructions += 3;
    break;
  case 1: /* call the next instruction, and drop the return address */
    emit(p, 0x12b0);
    emit(p, (uint16_t)(CODE + 2u * (p->count + 1u)));
    emit(p, (uint16_t)(0x4130u | reg));
    p->instructions += 2;
    break;
  default: /* a decimal addition of BCD numbers */
    emit_move(p, 7, 0x1234);
    emit_move(p, 8,
              (uint16_t)(draw(p, 10) << 12 | draw(p, 10) << 8 | draw(p, 10) << 4 | draw(p, 10)));
    emit(p, (uint16_t)(0xa708u | draw(p, 2) << 6));
    p->instructions++;
  }
}

/* Carry as it comes from outside. */
static void set_flags(program *p) {
  emit(p, draw(p, 2) == 0u ? 0xd312 : 0xc312); /* setc, clrc */
  p->instructions++;
}

static void generate(program *p, uint64_t seed, uint64_t index) {
  p->count = p->instructions = 0;
  p->random = random_from(seed, index);
  emit(p, 0x4031); /* SP */
  emit(p, 0x2ff0);
  emit(p, 0x4032);
  emit(p, 0);
  p->instructions = 2;
  for (unsigned reg = 7; reg < 16; reg++)
    emit_move(p, reg, (uint16_t)random_next(&p->random));
  for (unsigned i = 0; i < LENGTH; i++) {
    if (i % 16u == 0u)
      for (unsigned reg = 4; reg < 7; reg++)
        emit_move(p, reg, POINTER);
    switch (draw(p, 10)) {
    case 0:
      single_operand(p);
      break;
    case 1:
      jump(p);
      break;
    case 2:
      stack(p);
      break;
    case 3:
      set_flags(p);
      break;
    default:
      double_operand(p);
    }
  }
  emit(p, 0x3fff); /* jmp $ */
}

static void hex_line(FILE *out, uint16_t address, const uint8_t *bytes, unsigned count) {
  unsigned sum = count + (address >> 8) + (address & 0xffu);
  fprintf(out, ":%02X%04X00", count, address);
  for (unsigned i = 0; i < count; i++) {
    fprintf(out, "%02X", bytes[i]);
    sum += bytes[i];
  }
  fprintf(out, "%02X\n", (256u - sum % 256u) % 256u);
}

static void write_hex(const program *p, const char *path) {
  FILE *out = fopen(path, "w");
  if (out == NULL) {
    perror(path);
    exit(2);
  }
  for (unsigned i = 0; i < p->count; i++)
    hex_line(out, (uint16_t)(CODE + 2u * i), (const uint8_t *)&p->words[i], 2);
  const uint8_t reset[2] = {CODE & 0xff, CODE >> 8};
  hex_line(out, 0xfffe, reset, 2);
  fputs(":00000001FF\n", out);
  fclose(out);
}

static void run_here(const program *p, uint32_t *registers, uint8_t *ram) {
  msp430x *m = msp430x_new();
  memset(m->memory + SRAM_START, 0xff, SRAM_BYTES);
  memset(m->r, 0, sizeof m->r);
  bench_code(m, p->words, p->count);
  m->stop_at = CODE + 2u * (p->count - 1u);
  msp430x_run(m, 10000);
  memcpy(registers, m->r, sizeof m->r);
  memcpy(ram, m->memory + RAM, RAM_BYTES);
  msp430x_free(m);
}

/* `( PC: 04400)  ( R4: 00000)` and so on. */
static void read_registers(const char *line, uint32_t *registers) {
  static const char *const names[3] = {"PC", "SP", "SR"};
  for (const char *at = line; (at = strchr(at, '(')) != NULL; at++) {
    char name[8];
    unsigned value, reg;
    if (sscanf(at, "( %7[^: ]: %x)", name, &value) != 2)
      continue;
    for (reg = 0; reg < 3u && strcmp(name, names[reg]) != 0; reg++) {
    }
    if (reg == 3u && sscanf(name, "R%u", &reg) != 1)
      continue;
    if (reg < 16u)
      registers[reg] = value;
  }
}

/* `    addr: xx xx ...` */
static void read_memory(const char *line, uint8_t *ram) {
  char *end;
  const unsigned long address = strtoul(line, &end, 16);
  if (end == line || *end != ':' || address < RAM || address >= RAM + RAM_BYTES)
    return;
  const char *at = end + 1;
  for (unsigned i = 0; i < 16u && address + i < RAM + RAM_BYTES; i++) {
    const unsigned long value = strtoul(at, &end, 16);
    if (end == at || value > 0xffu)
      return;
    ram[address - RAM + i] = (uint8_t)value;
    at = end;
  }
}

static int run_there(const program *p, const char *folder, uint32_t *registers, uint8_t *ram) {
  char hex[512], command[1200], line[512];
  snprintf(hex, sizeof hex, "%s/program.hex", folder);
  write_hex(p, hex);
  snprintf(command, sizeof command,
           "timeout 20 mspdebug -q sim 'prog %s' 'setbreak 0x%x' run regs 'md 0x%x 0x%x' 2>&1", hex,
           CODE + 2u * (p->count - 1u), (unsigned)RAM, (unsigned)RAM_BYTES);
  FILE *out = popen(command, "r");
  if (out == NULL)
    return 0;
  while (fgets(line, sizeof line, out) != NULL) {
    read_registers(line, registers);
    read_memory(line, ram);
  }
  return pclose(out) == 0;
}

int main(int count, char **words) {
  if (count != 4)
    return 2;
  const unsigned programs = (unsigned)strtoul(words[2], NULL, 10);
  const uint64_t seed = strtoull(words[3], NULL, 10);
  unsigned failed = 0, instructions = 0;
  static program p;
  for (unsigned i = 0; i < programs; i++) {
    uint32_t here[16], there[16] = {0};
    uint8_t ram_here[RAM_BYTES], ram_there[RAM_BYTES] = {0};
    generate(&p, seed, i);
    run_here(&p, here, ram_here);
    int right = run_there(&p, words[1], there, ram_there);
    for (unsigned reg = 0; reg < 16; reg++) {
      if ((here[reg] & 0xffffu) != there[reg] && reg != 3u) {
        if (right)
          printf("  program %u: R%u is %05x here, %04x in mspdebug\n", i, reg, here[reg],
                 there[reg]);
        right = 0;
      }
    }
    right = right && memcmp(ram_here, ram_there, RAM_BYTES) == 0;
    failed += !right;
    instructions += p.instructions;
  }
  printf("%s differential with mspdebug: %u programs, %u instructions, %u differ\n",
         failed == 0u ? "ok" : "FAIL", programs, instructions, failed);
  printf("%d passed, %d failed\n", failed == 0u, failed != 0u);
  return failed != 0u;
}
