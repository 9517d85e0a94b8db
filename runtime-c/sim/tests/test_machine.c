/* What stands around the CPU: power failures, DMA, clock, pins, SPI, what is not there. */
#include <string.h>

#include "bench.h"
#include "check.h"

/* mov r6, &0x5000; mov r7, &0x5002; pushm.a #2, r5 with SP in FRAM */
static const uint16_t writes[] = {0x4682, 0x5000, 0x4782, 0x5002, 0x1415, 0x3fff};

static msp430x *writer(void) {
  msp430x *m = bench_new();
  bench_code(m, writes, 6);
  m->r[6] = 0x1111;
  m->r[7] = 0x2222;
  m->r[5] = 0xa3333;
  m->r[4] = 0xb4444;
  m->r[REG_SP] = 0x6000;
  return m;
}

/* Exactly n writes happen, in the order of the program, inside an instruction too. */
static void cut_after_writes(void) {
  static const uint16_t whole[6][2] = {{0x5000, 0x1111 & 0xffff}, {0x5002, 0x2222},
                                       {0x5ffc, 0x3333},          {0x5ffe, 0xa},
                                       {0x5ff8, 0x4444},          {0x5ffa, 0xb}};
  for (unsigned n = 0; n <= 6; n++) {
    msp430x *m = writer();
    m->limits.nvm_writes = n;
    const machine_state state = msp430x_run(m, 10);
    CHECK(state == (n < 6u ? MACHINE_CUT : MACHINE_RUNS));
    CHECK(m->count.nvm_writes == n && m->count.fram_writes == n);
    for (unsigned i = 0; i < 6; i++)
      CHECK(bench_peek(m, whole[i][0]) == (i < n ? whole[i][1] : 0xffff));
    msp430x_free(m);
  }
}

static void cut_after_instructions_and_cycles(void) {
  msp430x *m = writer();
  m->limits.instructions = 1;
  CHECK(msp430x_run(m, 10) == MACHINE_CUT && m->count.instructions == 1);
  CHECK(bench_peek(m, 0x5000) == 0x1111 && bench_peek(m, 0x5002) == 0xffff);
  msp430x_free(m);
  m = writer();
  const uint64_t start = m->count.cycles;
  m->limits.cycles = start + 3; /* mov r6, &EDE takes 3 */
  CHECK(msp430x_run(m, 10) == MACHINE_CUT && m->count.instructions == 1);
  CHECK(m->count.cycles == start + 3);
  msp430x_free(m);
}

/* After power fails SRAM and registers are others; FRAM is not. */
static void power_failure(void) {
  msp430x *m = bench_new();
  bench_poke(m, 0xfffe, CODE);
  bench_poke(m, 0x5000, 0x1234);
  msp430x_power_on(m, 1);
  uint8_t first[SRAM_BYTES];
  memcpy(first, m->memory + SRAM_START, SRAM_BYTES);
  msp430x_power_on(m, 2);
  unsigned same = 0;
  for (unsigned i = 0; i < SRAM_BYTES; i++)
    same += first[i] == m->memory[SRAM_START + i];
  CHECK(same < SRAM_BYTES / 64);
  CHECK(m->r[REG_PC] == CODE && m->r[REG_SR] == 0 && bench_peek(m, 0x5000) == 0x1234);
  msp430x_power_on(m, 1);
  CHECK(memcmp(first, m->memory + SRAM_START, SRAM_BYTES) == 0);
  msp430x_free(m);
}

static void set_dma(msp430x *m, unsigned channel, uint32_t from, uint32_t to, uint16_t size) {
  const uint32_t base = 0x510u + 0x10u * channel;
  bus_write(m, base + 2, SIZE_ADDRESS, from);
  bus_write(m, base + 6, SIZE_ADDRESS, to);
  bus_write(m, base + 10, SIZE_WORD, size);
}

/* A block of words to upper FRAM: both addresses up, enabled and requested. */
static void dma_block(void) {
  msp430x *m = bench_new();
  for (unsigned i = 0; i < 16; i++)
    bench_poke(m, DATA + 2u * i, (uint16_t)(0x100u + i));
  set_dma(m, 0, DATA, 0x40010, 16);
  const uint64_t before = m->count.cycles;
  bench_one(m, 0x40b2, 0x1f11, 0x0510, 0x3fff); /* mov #DT_1 up up EN REQ, &DMA0CTL */
  m->r[REG_PC] = CODE;
  CHECK(msp430x_run(m, 1) == MACHINE_RUNS);
  for (unsigned i = 0; i < 16; i++)
    CHECK(bench_peek(m, 0x40010 + 2u * i) == 0x100u + i);
  CHECK(m->count.dma_transfers == 16 && m->count.fram_writes == 16);
  CHECK(m->count.cycles - before == 2u * 4u + 2u + 16u * 2u); /* the store ran twice */
  CHECK((bus_read(m, 0x510, SIZE_WORD) & 0x18u) == 0x08u);    /* IFG set, EN clear */
  msp430x_free(m);
}

/* Power fails inside the block: a prefix is there. */
static void dma_cut(void) {
  msp430x *m = bench_new();
  for (unsigned i = 0; i < 16; i++)
    bench_poke(m, DATA + 2u * i, (uint16_t)(0x100u + i));
  set_dma(m, 3, DATA, 0x8000, 16);
  m->limits.nvm_writes = 5;
  const uint16_t code[] = {0x40b2, 0x1f11, 0x0540, 0x3fff};
  bench_code(m, code, 4);
  CHECK(msp430x_run(m, 10) == MACHINE_CUT);
  CHECK(bench_peek(m, 0x8008) == 0x104 && bench_peek(m, 0x800a) == 0xffff);
  msp430x_free(m);
}

static void clock_and_time(void) {
  msp430x *m = bench_new();
  CHECK(m->clock_Hz == 1e6);
  bus_write(m, 0x140, SIZE_WORD, 0xa510); /* one wait state */
  bus_write(m, 0x162, SIZE_WORD, 0x0048); /* locked: nothing happens, warned */
  CHECK(m->clock_Hz == 1e6 && m->count.warnings == 1);
  bus_write(m, 0x160, SIZE_WORD, 0xa500);
  bus_write(m, 0x166, SIZE_WORD, 0x0000);
  bus_write(m, 0x162, SIZE_WORD, 0x0048);
  CHECK(m->clock_Hz == 16e6 && m->count.warnings == 1);
  bus_write(m, 0x161, SIZE_BYTE, 0);
  CHECK(m->clock_locked && m->count.warnings == 1);
  const double before = msp430x_time_s(m);
  m->count.cycles += 16000;
  CHECK(msp430x_time_s(m) - before > 0.000999 && msp430x_time_s(m) - before < 0.001001);
  msp430x_free(m);
  /* 16 MHz without a wait state: the FRAM cannot follow. */
  m = bench_new();
  bus_write(m, 0x160, SIZE_WORD, 0xa500);
  bus_write(m, 0x166, SIZE_WORD, 0x0000);
  bus_write(m, 0x162, SIZE_WORD, 0x0048);
  CHECK(m->count.warnings == 1);
  msp430x_free(m);
}

static void shut_off_pin(void) {
  msp430x *m = bench_new();
  m->state = MACHINE_RUNS;
  bus_write(m, 0x224, SIZE_BYTE, 0x80);
  bus_write(m, 0x222, SIZE_BYTE, 0x80);
  CHECK(m->state == MACHINE_RUNS); /* pins are locked after a reset */
  bus_write(m, 0x130, SIZE_WORD, 0);
  CHECK(m->state == MACHINE_OFF);
  m->state = MACHINE_RUNS;
  m->ignores_shut_off = 1;
  bus_write(m, 0x222, SIZE_BYTE, 0x80);
  CHECK(m->state == MACHINE_RUNS);
  msp430x_free(m);
}

/* UCA3 and P6.3 to the FRAM: WREN, WRITE 3 bytes at 0x012345; a byte takes its clocks. */
static void spi_fram(void) {
  msp430x *m = bench_new();
  static const uint8_t bytes[] = {0x02, 0x01, 0x23, 0x45, 0xaa, 0xbb, 0xcc};
  bus_write(m, 0x130, SIZE_WORD, 0);
  bus_write(m, 0x243, SIZE_BYTE, 0x08); /* P6OUT: high */
  bus_write(m, 0x245, SIZE_BYTE, 0x08);
  bus_write(m, 0x626, SIZE_WORD, 4);
  bus_write(m, 0x620, SIZE_WORD, 0xa980);
  bus_write(m, 0x243, SIZE_BYTE, 0);
  bus_write(m, 0x62e, SIZE_WORD, 0x06);
  CHECK((bus_read(m, 0x62a, SIZE_WORD) & 1u) != 0u); /* busy */
  m->count.cycles += 31;
  CHECK((bus_read(m, 0x63c, SIZE_WORD) & 1u) == 0u);
  m->count.cycles += 1;
  CHECK((bus_read(m, 0x63c, SIZE_WORD) & 1u) == 1u);
  bus_write(m, 0x243, SIZE_BYTE, 0x08);
  bus_write(m, 0x243, SIZE_BYTE, 0);
  m->limits.nvm_writes = 2;
  m->state = MACHINE_RUNS;
  for (unsigned i = 0; i < sizeof bytes; i++) {
    bus_write(m, 0x62e, SIZE_WORD, bytes[i]);
    m->count.cycles += 32;
    bus_read(m, 0x62c, SIZE_WORD);
  }
  CHECK(m->spi_fram.memory[0x12345] == 0xaa && m->spi_fram.memory[0x12346] == 0xbb);
  CHECK(m->spi_fram.memory[0x12347] == 0xff && m->state == MACHINE_CUT);
  msp430x_free(m);
}

static void what_is_not_there(void) {
  msp430x *m = bench_new();
  CHECK(bus_read(m, 0x80000, SIZE_WORD) == 0x3fff && m->count.warnings == 1);
  CHECK(m->first_warning_address == 0x80000);
  bus_write(m, 0x0350, SIZE_WORD, 1); /* a timer */
  CHECK(m->count.warnings == 2);
  bus_read(m, DATA + 1, SIZE_WORD);
  CHECK(m->count.warnings == 3);
  const uint16_t sleep[] = {0xd032, 0x00f0}; /* bis #LPM4, sr */
  bench_code(m, sleep, 2);
  CHECK(msp430x_run(m, 10) == MACHINE_ASLEEP);
  msp430x_free(m);
}

void test_machine(void) {
  RUN(cut_after_writes);
  RUN(cut_after_instructions_and_cycles);
  RUN(power_failure);
  RUN(dma_block);
  RUN(dma_cut);
  RUN(clock_and_time);
  RUN(shut_off_pin);
  RUN(spi_fram);
  RUN(what_is_not_there);
}
