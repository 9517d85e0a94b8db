#include "bench.h"

#include <string.h>

msp430x *bench_new(void) {
  msp430x *m = msp430x_new();
  memset(m->memory + SRAM_START, 0, SRAM_BYTES);
  msp430x_power_on(m, 1);
  memset(m->memory + SRAM_START, 0, SRAM_BYTES);
  memset(m->r, 0, sizeof m->r);
  m->r[REG_SP] = 0x2c00;
  m->r[REG_PC] = CODE;
  return m;
}

void bench_poke(msp430x *m, uint32_t address, uint16_t word) {
  m->memory[address] = (uint8_t)word;
  m->memory[address + 1u] = (uint8_t)(word >> 8);
}

uint16_t bench_peek(const msp430x *m, uint32_t address) {
  return (uint16_t)(m->memory[address] | m->memory[address + 1u] << 8);
}

void bench_code(msp430x *m, const uint16_t *words, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    bench_poke(m, CODE + 2u * i, words[i]);
  m->r[REG_PC] = CODE;
}

unsigned bench_one(msp430x *m, uint16_t a, uint16_t b, uint16_t c, uint16_t d) {
  const uint16_t words[4] = {a, b, c, d};
  const uint64_t before = m->count.cycles;
  bench_code(m, words, 4);
  msp430x_step(m);
  return (unsigned)(m->count.cycles - before);
}
