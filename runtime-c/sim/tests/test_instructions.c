/*
 * Every instruction class against the family guide's definitions (SLAU367 chapter CPUX), written
 * out here once more with wide integers; encodings by hand.
 */
#include "bench.h"
#include "check.h"
#include "random.h"

static msp430x *m;

enum { MOV = 4, ADD, ADDC, SUBC, SUB, CMP, DADD, BIT, BIC, BIS, XOR, AND };
/* Extension words of register mode: A/L bit. */
enum { EXT_A = 0x1800, EXT_W = 0x1840 };

static uint16_t format1(unsigned op, unsigned from, unsigned ad, unsigned byte, unsigned as,
                        unsigned to) {
  return (uint16_t)(op << 12 | from << 8 | ad << 7 | byte << 6 | as << 4 | to);
}

static uint32_t bits(unsigned size) {
  return size == 8u ? 0xffu : size == 16u ? 0xffffu : 0xfffffu;
}

/* Result and flags of `destination op source`; flags of 0xffff: unchanged. */
static uint32_t expected(unsigned op, uint32_t source, uint32_t destination, unsigned carry,
                         unsigned size, uint16_t *flags) {
  const int64_t full = (int64_t)bits(size) + 1, half = full / 2;
  const int64_t s = source, d = destination;
  const int64_t ss = s >= half ? s - full : s, ds = d >= half ? d - full : d;
  int64_t wide = 0, exact = 0;
  unsigned c = 0, v = 0;
  switch (op) {
  case ADD:
  case ADDC:
    wide = d + s + (op == ADDC ? carry : 0u);
    exact = ds + ss + (op == ADDC ? carry : 0u);
    c = wide >= full;
    v = exact >= half || exact < -half;
    break;
  case SUB:
  case SUBC:
  case CMP:
    wide = d - s - (op == SUBC ? 1 - (int64_t)carry : 0);
    exact = ds - ss - (op == SUBC ? 1 - (int64_t)carry : 0);
    c = wide >= 0;
    v = exact >= half || exact < -half;
    break;
  case XOR:
    wide = d ^ s;
    c = wide != 0;
    v = ds < 0 && ss < 0;
    break;
  case AND:
  case BIT:
    wide = d & s;
    c = wide != 0;
    break;
  default:
    *flags = 0xffff;
    return (uint32_t)(op == BIC ? d & ~s : op == BIS ? (d | s) : s);
  }
  const uint32_t result = (uint32_t)(wide & (full - 1));
  *flags = (uint16_t)((c ? SR_C : 0) | (v ? SR_V : 0) | (result == 0u ? SR_Z : 0) |
                      (result >= half ? SR_N : 0));
  return result;
}

/* All operations between registers, three sizes, random operands. */
static void double_operand_arithmetic(void) {
  random_source random = random_from(1, 0);
  for (unsigned i = 0; i < 60000; i++) {
    const unsigned op = MOV + (unsigned)random_below(&random, 12);
    const unsigned size = (unsigned[]){8, 16, 20}[random_below(&random, 3)];
    const unsigned special = (unsigned)random_below(&random, 4);
    if (op == DADD)
      continue;
    m->r[5] = (uint32_t)random_next(&random) & 0xfffffu;
    m->r[6] = special == 0u ? m->r[5] : (uint32_t)random_next(&random) & 0xfffffu;
    const uint32_t before = m->r[6];
    const uint16_t sr = (uint16_t)(random_next(&random) & FLAGS);
    m->r[REG_SR] = sr;
    const uint16_t word = format1(op, 5, 0, size != 16u, 0, 6);
    if (size == 20u)
      bench_one(m, EXT_A, word, 0, 0);
    else
      bench_one(m, word, 0, 0, 0);
    uint16_t flags;
    const uint32_t result =
        expected(op, m->r[5] & bits(size), before & bits(size), sr & SR_C, size, &flags);
    CHECK(m->r[6] == (op == CMP || op == BIT ? before : result));
    CHECK((m->r[REG_SR] & FLAGS) == (flags == 0xffff ? sr : flags));
  }
}

static void decimal_addition(void) {
  m->r[REG_SR] = SR_C;
  m->r[5] = 0x4599;
  m->r[6] = 0x5500;
  bench_one(m, format1(DADD, 5, 0, 0, 0, 6), 0, 0, 0);
  CHECK(m->r[6] == 0x0100 && (m->r[REG_SR] & SR_C) != 0);
  m->r[REG_SR] = 0;
  m->r[5] = 0x99999;
  m->r[6] = 0x00001;
  bench_one(m, EXT_A, format1(DADD, 5, 0, 1, 0, 6), 0, 0);
  CHECK(m->r[6] == 0 && (m->r[REG_SR] & (SR_C | SR_Z)) == (SR_C | SR_Z));
  m->r[REG_SR] = 0;
  m->r[5] = 0x12;
  m->r[6] = 0xf39;
  bench_one(m, format1(DADD, 5, 0, 1, 0, 6), 0, 0, 0);
  CHECK(m->r[6] == 0x51 && (m->r[REG_SR] & SR_C) == 0);
}

static void addressing_modes(void) {
  bench_poke(m, DATA, 0x1234);
  bench_poke(m, DATA + 2, 0x00a5);
  m->r[5] = DATA;
  bench_one(m, format1(MOV, 5, 0, 0, 2, 6), 0, 0, 0); /* mov @r5, r6 */
  CHECK(m->r[6] == 0x1234 && m->r[5] == DATA);
  bench_one(m, format1(MOV, 5, 0, 0, 3, 6), 0, 0, 0); /* mov @r5+, r6 */
  CHECK(m->r[6] == 0x1234 && m->r[5] == DATA + 2);
  bench_one(m, format1(MOV, 5, 0, 1, 3, 6), 0, 0, 0); /* mov.b @r5+, r6 */
  CHECK(m->r[6] == 0xa5 && m->r[5] == DATA + 3);
  bench_one(m, format1(MOV, 5, 0, 0, 1, 6), 0xfffd, 0, 0); /* mov -3(r5), r6: wraps */
  CHECK(m->r[6] == 0x1234);
  bench_one(m, format1(MOV, 2, 0, 0, 1, 6), DATA + 2, 0, 0); /* mov &DATA+2, r6 */
  CHECK(m->r[6] == 0x00a5);
  bench_one(m, format1(MOV, 0, 0, 0, 1, 6), (uint16_t)(DATA - (CODE + 2)), 0, 0); /* symbolic */
  CHECK(m->r[6] == 0x1234);
  bench_one(m, format1(MOV, 0, 0, 0, 3, 6), 0xbeef, 0, 0); /* mov #0xbeef, r6 */
  CHECK(m->r[6] == 0xbeef && m->r[REG_PC] == CODE + 4);
  /* Both words of the destination after those of the source. */
  bench_one(m, format1(ADD, 2, 1, 0, 1, 2), DATA, DATA + 2, 0); /* add &DATA, &DATA+2 */
  CHECK(bench_peek(m, DATA + 2) == 0x12d9 && m->r[REG_PC] == CODE + 6);
  m->r[7] = DATA + 0x10;
  bench_one(m, format1(MOV, 6, 1, 0, 0, 7), 0xfff0, 0, 0); /* mov r6, -16(r7) */
  CHECK(bench_peek(m, DATA) == 0xbeef);
  bench_one(m, format1(MOV, 6, 1, 1, 0, 7), 0xfff1, 0, 0); /* mov.b r6, -15(r7) */
  CHECK(bench_peek(m, DATA) == 0xefef);
  bench_one(m, format1(MOV, 3, 1, 0, 2, 0), (uint16_t)(DATA - (CODE + 2)), 0, 0); /* mov #2, sym */
  CHECK(bench_peek(m, DATA) == 2);
}

static void constant_generators(void) {
  static const struct {
    unsigned reg, as;
    uint32_t value;
  } constants[] = {{3, 0, 0}, {3, 1, 1}, {3, 2, 2}, {3, 3, 0xffff}, {2, 2, 4}, {2, 3, 8}};
  for (unsigned i = 0; i < 6; i++) {
    bench_one(m, format1(MOV, constants[i].reg, 0, 0, constants[i].as, 6), 0, 0, 0);
    CHECK(m->r[6] == constants[i].value && m->r[REG_PC] == CODE + 2);
    bench_one(m, format1(MOV, constants[i].reg, 0, 1, constants[i].as, 6), 0, 0, 0);
    CHECK(m->r[6] == (constants[i].value & 0xffu));
  }
  bench_one(m, EXT_A, format1(MOV, 3, 0, 1, 3, 6), 0, 0); /* movx.a #-1, r6 */
  CHECK(m->r[6] == 0xfffff);
  bench_one(m, format1(MOV, 6, 0, 0, 0, 3), 0, 0, 0);
  CHECK(m->r[3] == 0);
}

static void special_registers(void) {
  m->r[6] = 0xfffff;
  bench_one(m, format1(MOV, 6, 0, 0, 0, 2), 0, 0, 0);
  CHECK(m->r[REG_SR] == SR_BITS);
  m->r[REG_SR] = 0;
  bench_one(m, format1(MOV, 6, 0, 0, 0, 1), 0, 0, 0);
  CHECK(m->r[REG_SP] == 0xfffe);
  m->r[REG_SP] = 0x2c00;
  m->r[6] = 0x45ff;
  bench_one(m, format1(MOV, 6, 0, 0, 0, 0), 0, 0, 0);
  CHECK(m->r[REG_PC] == 0x45fe);
}

static void single_operand(void) {
  m->r[REG_SR] = SR_C;
  m->r[6] = 0xf8001;
  bench_one(m, 0x1006, 0, 0, 0); /* rrc r6 */
  CHECK(m->r[6] == 0xc000 && (m->r[REG_SR] & FLAGS) == (SR_C | SR_N));
  m->r[REG_SR] = SR_V;
  m->r[6] = 0x81;
  bench_one(m, 0x1146, 0, 0, 0); /* rra.b r6 */
  CHECK(m->r[6] == 0xc0 && (m->r[REG_SR] & FLAGS) == (SR_C | SR_N));
  m->r[6] = 0x51234;
  bench_one(m, 0x1086, 0, 0, 0); /* swpb r6 */
  CHECK(m->r[6] == 0x3412 && (m->r[REG_SR] & FLAGS) == (SR_C | SR_N));
  m->r[6] = 0x1280;
  bench_one(m, 0x1186, 0, 0, 0); /* sxt r6: bits 19:8 */
  CHECK(m->r[6] == 0xfff80 && (m->r[REG_SR] & FLAGS) == (SR_C | SR_N));
  m->r[6] = 0x5500;
  bench_one(m, 0x1186, 0, 0, 0);
  CHECK(m->r[6] == 0 && (m->r[REG_SR] & FLAGS) == SR_Z);
  bench_poke(m, DATA, 0x0081);
  m->r[5] = DATA;
  bench_one(m, 0x1195, 0, 0, 0); /* sxt 0(r5) */
  CHECK(bench_peek(m, DATA) == 0xff81);
  m->r[REG_SR] = 0;
  bench_one(m, 0x1125, 0, 0, 0); /* rra @r5 */
  CHECK(bench_peek(m, DATA) == 0xffc0 && (m->r[REG_SR] & SR_C) != 0);
}

static void stack(void) {
  m->r[6] = 0x51234;
  bench_poke(m, 0x2bfc, 0xaaaa);
  bench_one(m, 0x1206, 0, 0, 0); /* push r6 */
  CHECK(m->r[REG_SP] == 0x2bfe && bench_peek(m, 0x2bfe) == 0x1234);
  bench_one(m, 0x1246, 0, 0, 0); /* push.b r6: the upper byte stays */
  CHECK(m->r[REG_SP] == 0x2bfc && bench_peek(m, 0x2bfc) == 0xaa34);
  bench_one(m, format1(MOV, 1, 0, 1, 3, 7), 0, 0, 0); /* pop.b r7: SP by 2 */
  CHECK(m->r[REG_SP] == 0x2bfe && m->r[7] == 0x34);
  bench_one(m, 0x12b0, 0x5000, 0, 0); /* call #0x5000 */
  CHECK(m->r[REG_PC] == 0x5000 && bench_peek(m, 0x2bfc) == CODE + 4);
  bench_one(m, format1(MOV, 1, 0, 0, 3, 0), 0, 0, 0); /* ret */
  CHECK(m->r[REG_PC] == CODE + 4 && m->r[REG_SP] == 0x2bfe);
  bench_poke(m, 0x2bfe, 0xb105);
  bench_poke(m, 0x2c00, 0x2222);
  bench_one(m, 0x1300, 0, 0, 0); /* reti: PC.19:16 beside SR */
  CHECK(m->r[REG_PC] == 0xb2222 && m->r[REG_SR] == 0x105 && m->r[REG_SP] == 0x2c02);
  m->r[REG_SP] = 0x2c00;
  m->r[REG_SR] = 0;
}

static void jumps(void) {
  /* JNE JEQ JNC JC JN JGE JL JMP, by flags. */
  for (unsigned sr = 0; sr < 512; sr++) {
    if ((sr & ~(unsigned)FLAGS) != 0u)
      continue;
    const int z = (sr & SR_Z) != 0, c = (sr & SR_C) != 0, n = (sr & SR_N) != 0,
              v = (sr & SR_V) != 0;
    const int taken[8] = {!z, z, !c, c, n, n == v, n != v, 1};
    for (unsigned condition = 0; condition < 8; condition++) {
      m->r[REG_SR] = sr;
      bench_one(m, (uint16_t)(0x2000u | condition << 10 | 0x1feu), 0, 0, 0); /* +510 words */
      CHECK(m->r[REG_PC] == (taken[condition] ? CODE + 2 + 2 * 510 : CODE + 2));
      bench_one(m, (uint16_t)(0x2000u | condition << 10 | 0x200u), 0, 0, 0); /* -512 words */
      CHECK(m->r[REG_PC] == (taken[condition] ? CODE + 2 - 1024 : CODE + 2));
    }
  }
  m->r[REG_SR] = 0;
}

static void address_instructions(void) {
  bench_poke(m, DATA, 0x5678);
  bench_poke(m, DATA + 2, 0xfff3);
  m->r[5] = DATA;
  bench_one(m, 0x0506, 0, 0, 0); /* mova @r5, r6 */
  CHECK(m->r[6] == 0x35678);
  bench_one(m, 0x0517, 0, 0, 0); /* mova @r5+, r7 */
  CHECK(m->r[7] == 0x35678 && m->r[5] == DATA + 4);
  bench_one(m, 0x0028, DATA, 0, 0); /* mova &DATA, r8 */
  CHECK(m->r[8] == 0x35678);
  bench_one(m, 0x0539, 0xfffc, 0, 0); /* mova -4(r5), r9 */
  CHECK(m->r[9] == 0x35678);
  m->r[6] = 0xabcde;
  bench_one(m, 0x0660, DATA + 8, 0, 0); /* mova r6, &DATA+8 */
  CHECK(bench_peek(m, DATA + 8) == 0xbcde && bench_peek(m, DATA + 10) == 0xa);
  bench_one(m, 0x0675, 0x10, 0, 0); /* mova r6, 16(r5) */
  CHECK(bench_peek(m, DATA + 20) == 0xbcde && bench_peek(m, DATA + 22) == 0xa);
  bench_one(m, 0x0987, 0x8765, 0, 0); /* mova #0x98765, r7 */
  CHECK(m->r[7] == 0x98765);
  bench_one(m, 0x07c8, 0, 0, 0); /* mova r7, r8 */
  CHECK(m->r[8] == 0x98765);
  random_source random = random_from(2, 0);
  for (unsigned i = 0; i < 5000; i++) {
    const uint32_t a = (uint32_t)random_next(&random) & 0xfffffu;
    const uint32_t b = i % 8u == 0u ? a : (uint32_t)random_next(&random) & 0xfffffu;
    for (unsigned kind = 1; kind <= 3; kind++) {
      const unsigned op = kind == 1u ? CMP : kind == 2u ? ADD : SUB;
      uint16_t flags;
      const uint32_t result = expected(op, a, b, 0, 20, &flags);
      for (unsigned immediate = 0; immediate < 2; immediate++) {
        m->r[5] = a;
        m->r[6] = b;
        bench_one(m,
                  (uint16_t)(immediate ? (a >> 16) << 8 | (8u + kind) << 4 | 6u
                                       : 5u << 8 | (12u + kind) << 4 | 6u),
                  (uint16_t)a, 0, 0);
        CHECK(m->r[6] == (kind == 1u ? b : result));
        CHECK((m->r[REG_SR] & FLAGS) == flags);
      }
    }
  }
}

static void shifts_by_several(void) {
  m->r[REG_SR] = SR_C;
  m->r[6] = 0x80003;
  bench_one(m, 0x0446, 0, 0, 0); /* rrcm.a #2, r6 */
  CHECK(m->r[6] == 0xe0000 && (m->r[REG_SR] & FLAGS) == (SR_C | SR_N));
  m->r[6] = 0x80003;
  bench_one(m, 0x0546, 0, 0, 0); /* rram.a #2, r6 */
  CHECK(m->r[6] == 0xe0000 && (m->r[REG_SR] & SR_C) != 0);
  m->r[6] = 0x58001;
  bench_one(m, 0x0d56, 0, 0, 0); /* rram.w #4, r6 */
  CHECK(m->r[6] == 0xf800);
  m->r[6] = 0x90001;
  bench_one(m, 0x0246, 0, 0, 0); /* rlam.a #1, r6 */
  CHECK(m->r[6] == 0x20002 && (m->r[REG_SR] & SR_C) != 0);
  m->r[6] = 0x8001f;
  bench_one(m, 0x0f46, 0, 0, 0); /* rrum.a #4, r6 */
  CHECK(m->r[6] == 0x08001 && (m->r[REG_SR] & (SR_C | SR_N)) == SR_C);
}

static void push_and_pop_several(void) {
  for (unsigned reg = 4; reg < 16; reg++)
    m->r[reg] = 0x11111u * (reg % 15u);
  bench_one(m, 0x142a, 0, 0, 0); /* pushm.a #3, r10: r10, r9, r8 */
  CHECK(m->r[REG_SP] == 0x2c00 - 12);
  CHECK(bench_peek(m, 0x2bfc) == 0xaaaa && bench_peek(m, 0x2bfe) == 0xa);
  CHECK(bench_peek(m, 0x2bf4) == 0x8888 && bench_peek(m, 0x2bf6) == 0x8);
  m->r[8] = m->r[9] = m->r[10] = 0;
  bench_one(m, 0x1628, 0, 0, 0); /* popm.a #3, r10 */
  CHECK(m->r[8] == 0x88888 && m->r[9] == 0x99999 && m->r[10] == 0xaaaaa);
  CHECK(m->r[REG_SP] == 0x2c00);
  bench_one(m, 0x151b, 0, 0, 0); /* pushm.w #2, r11 */
  CHECK(m->r[REG_SP] == 0x2bfc && bench_peek(m, 0x2bfe) == 0xbbbb);
  bench_one(m, 0x171a, 0, 0, 0); /* popm.w #2, r11 */
  CHECK(m->r[10] == 0xaaaa && m->r[11] == 0xbbbb && m->r[REG_SP] == 0x2c00);
}

static void call_address(void) {
  bench_one(m, 0x13b1, 0x2346, 0, 0); /* calla #0x12346 */
  CHECK(m->r[REG_PC] == 0x12346 && m->r[REG_SP] == 0x2bfc);
  CHECK(bench_peek(m, 0x2bfc) == CODE + 4 && bench_peek(m, 0x2bfe) == 0);
  bench_one(m, 0x0110, 0, 0, 0); /* reta */
  CHECK(m->r[REG_PC] == CODE + 4 && m->r[REG_SP] == 0x2c00);
  m->r[6] = 0x23456;
  bench_one(m, 0x1346, 0, 0, 0); /* calla r6 */
  CHECK(m->r[REG_PC] == 0x23456);
  bench_poke(m, DATA, 0x4444);
  bench_poke(m, DATA + 2, 0x0003);
  bench_one(m, 0x1380, DATA, 0, 0); /* calla &DATA */
  CHECK(m->r[REG_PC] == 0x34444);
  m->r[6] = DATA - 6;
  bench_one(m, 0x1356, 6, 0, 0); /* calla 6(r6) */
  CHECK(m->r[REG_PC] == 0x34444);
  m->r[6] = DATA;
  bench_one(m, 0x1376, 0, 0, 0); /* calla @r6+ */
  CHECK(m->r[REG_PC] == 0x34444 && m->r[6] == DATA + 4);
  bench_one(m, 0x139f, (uint16_t)(DATA - (CODE + 2)), 0, 0); /* calla DATA, symbolic */
  CHECK(m->r[REG_PC] == 0x34444);
  m->r[REG_SP] = 0x2c00;
}

static void extended_memory(void) {
  m->r[5] = 0x40000;
  m->r[6] = 0xdbeef;
  /* movx.a r6, 0x100(r5); movx.w with a negative 20-bit index; absolute above 64 KB. */
  bench_one(m, EXT_A, format1(MOV, 6, 1, 1, 0, 5), 0x100, 0);
  CHECK(bench_peek(m, 0x40100) == 0xbeef && bench_peek(m, 0x40102) == 0xd);
  bench_one(m, 0x1840u | 0xfu << 7, format1(MOV, 5, 0, 0, 1, 7), 0xfff0, 0); /* -16(r5) */
  CHECK(m->r[7] == 0xffff);
  bench_one(m, 0x1840u | 4u << 7, format1(MOV, 2, 0, 0, 1, 7), 0x0100, 0); /* &0x40100 */
  CHECK(m->r[7] == 0xbeef);
  bench_one(m, 0x1840u | 4u, format1(ADD, 7, 1, 0, 0, 2), 0x0100, 0); /* addx r7, &0x40100 */
  CHECK(bench_peek(m, 0x40100) == 0x7dde && (m->r[REG_SR] & SR_C) != 0);
  bench_one(m, 0x1800u | 5u << 7, format1(MOV, 0, 0, 1, 3, 8), 0x4321, 0); /* movx.a #0x54321 */
  CHECK(m->r[8] == 0x54321);
  m->r[9] = 0x40100;
  bench_one(m, EXT_A, format1(MOV, 9, 0, 1, 3, 10), 0, 0); /* movx.a @r9+, r10 */
  CHECK(m->r[10] == 0xd7dde && m->r[9] == 0x40104);
  /* Sixteen bits of index: above 64 KB they are signed. */
  bench_one(m, format1(MOV, 9, 0, 0, 1, 11), 0xfffc, 0, 0);
  CHECK(m->r[11] == 0x7dde);
  /* pushx.a, popx.a (movx.a @sp+) */
  bench_one(m, EXT_A, 0x1248, 0, 0);
  CHECK(m->r[REG_SP] == 0x2bfc && bench_peek(m, 0x2bfe) == 5);
  bench_one(m, EXT_A, format1(MOV, 1, 0, 1, 3, 12), 0, 0);
  CHECK(m->r[12] == 0x54321 && m->r[REG_SP] == 0x2c00);
}

static void extended_registers(void) {
  m->r[REG_SR] = SR_C;
  m->r[6] = 0x80001;
  bench_one(m, EXT_A | 0x100, 0x1046, 0, 0); /* rrux.a r6: zero carry */
  CHECK(m->r[6] == 0x40000 && (m->r[REG_SR] & FLAGS) == SR_C);
  m->r[6] = 0x00003;
  bench_one(m, EXT_W | 4, format1(ADD, 6, 0, 0, 0, 6), 0, 0); /* rpt #5; rlax r6 */
  CHECK(m->r[6] == 0x60);
  m->r[7] = 0xabcd2;
  bench_one(m, EXT_W | 0x80 | 7, format1(ADD, 6, 0, 0, 0, 6), 0, 0); /* rpt r7 (2: three times) */
  CHECK(m->r[6] == 0x300);
  m->r[6] = 0x80000;
  bench_one(m, EXT_A | 3, 0x1146, 0, 0); /* rpt #4; rrax.a r6 */
  CHECK(m->r[6] == 0xf8000);
  m->r[6] = 0xa1280;
  bench_one(m, EXT_A, 0x1186, 0, 0); /* sxtx.a r6 */
  CHECK(m->r[6] == 0xfff80 && (m->r[REG_SR] & SR_N) != 0);
  m->r[6] = 0xa1234;
  bench_one(m, EXT_A, 0x1086, 0, 0); /* swpbx.a r6 */
  CHECK(m->r[6] == 0xa3412);
  m->r[REG_SR] = SR_C;
  m->r[6] = 1;
  m->r[7] = 2;
  bench_one(m, EXT_W | 0x100, format1(ADDC, 6, 0, 0, 0, 7), 0, 0); /* zero carry */
  CHECK(m->r[7] == 3);
}

static void illegal_words(void) {
  static const uint16_t words[][2] = {{0x1301, 0}, {0x13a0, 0}, {0x1840, 0x1285}, {0x1840, 0x2000}};
  for (unsigned i = 0; i < 4; i++) {
    m->state = MACHINE_RUNS;
    bench_one(m, words[i][0], words[i][1], 0, 0);
    CHECK(m->state == MACHINE_ILLEGAL);
  }
  m->state = MACHINE_RUNS;
}

void test_instructions(void) {
  m = bench_new();
  RUN(double_operand_arithmetic);
  RUN(decimal_addition);
  RUN(addressing_modes);
  RUN(constant_generators);
  RUN(special_registers);
  RUN(single_operand);
  RUN(stack);
  RUN(jumps);
  RUN(address_instructions);
  RUN(shifts_by_several);
  RUN(push_and_pop_several);
  RUN(call_address);
  RUN(extended_memory);
  RUN(extended_registers);
  RUN(illegal_words);
  msp430x_free(m);
}
