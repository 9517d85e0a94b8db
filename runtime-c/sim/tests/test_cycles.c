/* Lines of the family guide's tables 4-9, 4-10, 4-17a, 4-18, 4-19a, as instructions. */
#include "bench.h"
#include "check.h"

typedef struct {
  uint16_t words[4];
  unsigned cycles;
} line;

/* r5 = DATA, r6 = DATA + 64, r9 = CODE; no wait states. */
static void lines(const line *table, unsigned count) {
  msp430x *m = bench_new();
  for (unsigned i = 0; i < count; i++) {
    m->r[5] = DATA;
    m->r[6] = DATA + 64;
    m->r[9] = CODE;
    m->r[REG_SP] = 0x2b00;
    m->r[REG_SR] = 0;
    const uint16_t *w = table[i].words;
    const unsigned cycles = bench_one(m, w[0], w[1], w[2], w[3]);
    if (cycles != table[i].cycles)
      printf("  line %u: %u cycles\n", i, cycles);
    CHECK(cycles == table[i].cycles);
  }
  msp430x_free(m);
}

static void format1_cycles(void) {
  static const line table[] = {
      {{0x4508}, 1},                 /* mov r5, r8 */
      {{0x4900}, 3},                 /* br r9 */
      {{0x5586, 4}, 4},              /* add r5, 4(r6) */
      {{0x4586, 4}, 3},              /* mov r5, 4(r6): one fewer */
      {{0xe582, DATA}, 4},           /* xor r5, &DATA */
      {{0xf528}, 2},                 /* and @r5, r8 */
      {{0x4520}, 4},                 /* br @r5 */
      {{0xe5a2, DATA}, 5},           /* xor @r5, &DATA */
      {{0x5536}, 2},                 /* add @r5+, r6 */
      {{0x45b2, DATA}, 4},           /* mov @r5+, &DATA */
      {{0x4038, 20}, 2},             /* mov #20, r8 */
      {{0x4030, CODE}, 3},           /* br #CODE */
      {{0x40b6, 20, 0}, 4},          /* mov #20, 0(r6) */
      {{0x50b2, 33, DATA}, 5},       /* add #33, &DATA */
      {{0x4518, 2}, 3},              /* mov 2(r5), r8 */
      {{0x4510, 2}, 5},              /* br 2(r5) */
      {{0x5596, 4, 6}, 6},           /* add 4(r5), 6(r6) */
      {{0x9592, 2, DATA}, 5},        /* cmp 2(r5), &DATA */
      {{0x4218, DATA}, 3},           /* mov &DATA, r8 */
      {{0x4292, DATA, DATA + 2}, 5}, /* mov &DATA, &DATA+2 */
      {{0x4316}, 1},                 /* mov #1, r6 */
      {{0x3c00}, 2},                 /* jmp */
  };
  lines(table, sizeof table / sizeof table[0]);
}

static void format2_cycles(void) {
  static const line table[] = {
      {{0x1085}, 1},       {{0x1125}, 3},       {{0x1135}, 3},       {{0x1115, 2}, 4},
      {{0x1112, DATA}, 4}, {{0x1205}, 3},       {{0x1225}, 3},       {{0x1230, 7}, 3},
      {{0x1215, 2}, 4},    {{0x1289}, 4},       {{0x12a5}, 4},       {{0x12b0, CODE}, 4},
      {{0x1295, 2}, 5},    {{0x1292, DATA}, 6}, {{0x1290, 2}, 5},    {{0x1300}, 5},
      {{0x1425}, 8},       {{0x1525}, 5},       {{0x1625}, 8},       {{0x1725}, 5},
      {{0x1349}, 5},       {{0x1365}, 6},       {{0x13b0, CODE}, 5}, {{0x1355, 2}, 5},
      {{0x1380, DATA}, 7}, {{0x1390, 2}, 7},    {{0x1351, 2}, 6},
  };
  lines(table, sizeof table / sizeof table[0]);
}

static void extended_cycles(void) {
  static const line table[] = {
      {{0x1840, 0x5508}, 2},           /* addx.w r5, r8 */
      {{0x1843, 0x5508}, 5},           /* rpt #4 */
      {{0x1800, 0x5546 | 0x80, 4}, 7}, /* addx.a r5, 4(r6) */
      {{0x1800, 0x4546 | 0x80, 4}, 5}, /* movx.a r5, 4(r6): two fewer */
      {{0x1840, 0x45a6, 4}, 5},        /* movx.w @r5, 4(r6) */
      {{0x1800, 0x5568}, 4},           /* addx.a @r5, r8 */
      {{0x1800, 0x5078, 20}, 3},       /* addx.a #20, r8 */
      {{0x1840, 0x5596, 2, 2}, 7},     /* addx.w 2(r5), 2(r6) */
      {{0x1800, 0x55d6, 2, 2}, 10},    /* addx.a 2(r5), 2(r6) */
      {{0x1840, 0x1108}, 2},           /* rrax.w r8 */
      {{0x1847, 0x1108}, 9},           /* rpt #8 */
      {{0x1800, 0x1165}, 6},           /* rrax.a @r5 */
      {{0x1840, 0x1205}, 4},           /* pushx.w r5 */
      {{0x1800, 0x1245}, 5},           /* pushx.a r5 */
      {{0x1800, 0x1265}, 6},           /* pushx.a @r5 */
  };
  lines(table, sizeof table / sizeof table[0]);
}

static void address_cycles(void) {
  static const line table[] = {
      {{0x05c8}, 1},       {{0x09c0}, 3},    {{0x0576, 4}, 4},    {{0x0560, DATA}, 4},
      {{0x0508}, 3},       {{0x0500}, 5},    {{0x0518}, 3},       {{0x0088, 1}, 2},
      {{0x0080, CODE}, 3}, {{0x0538, 2}, 4}, {{0x0028, DATA}, 4}, {{0x0098, 1}, 3},
      {{0x05d8}, 1},       {{0x0d48}, 4},    {{0x0058}, 1},
  };
  lines(table, sizeof table / sizeof table[0]);
}

/* The flashed kernel's pair: mov @r12+, &MACS; mov @r13+, &OP2. */
static void multiply_accumulate_pair(void) {
  msp430x *m = bench_new();
  m->r[12] = DATA;
  m->r[13] = DATA + 2;
  bench_poke(m, DATA, (uint16_t)-3);
  bench_poke(m, DATA + 2, 1000);
  unsigned cycles = bench_one(m, 0x4cb2, 0x04c6, 0, 0);
  cycles += bench_one(m, 0x4db2, 0x04c8, 0, 0);
  CHECK(cycles == 8);
  CHECK((uint32_t)m->multiplier.result == (uint32_t)-3000);
  msp430x_free(m);
}

/* One wait per line of 8 bytes that is not in the cache, and per write; none at 0 wait states. */
static void fram_wait_states(void) {
  msp430x *m = bench_new();
  const uint16_t nops[16] = {0x4303, 0x4303, 0x4303, 0x4303, 0x4303, 0x4303, 0x4303, 0x4303,
                             0x4303, 0x4303, 0x4303, 0x4303, 0x4303, 0x4303, 0x4303, 0x4303};
  bench_code(m, nops, 16);
  m->wait_states = 1;
  fram_cache_clear(m);
  const uint64_t before = m->count.cycles;
  for (int i = 0; i < 16; i++)
    msp430x_step(m);
  CHECK(m->count.cycles - before == 16 + 4 && m->count.wait_cycles == 4);
  bench_code(m, nops, 16);
  for (int i = 0; i < 16; i++)
    msp430x_step(m);
  CHECK(m->count.wait_cycles == 4);
  m->r[6] = 7;
  bench_one(m, 0x4682, 0x5000, 0, 0); /* mov r6, &0x5000 */
  CHECK(m->count.wait_cycles == 5);
  msp430x_free(m);
}

void test_cycles(void) {
  RUN(format1_cycles);
  RUN(format2_cycles);
  RUN(extended_cycles);
  RUN(address_cycles);
  RUN(multiply_accumulate_pair);
  RUN(fram_wait_states);
}
