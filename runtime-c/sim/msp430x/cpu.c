#include "DSPLib.h"
#include "bus.h"
#include "instructions.h"
#include "operand.h"
#include "peripherals.h"

void execute_jump(msp430x *m, uint16_t word) {
  const uint32_t sr = m->r[REG_SR];
  const int n = (sr & SR_N) != 0u, v = (sr & SR_V) != 0u;
  int taken;
  switch (word >> 10 & 7u) {
  case 0:
    taken = (sr & SR_Z) == 0u;
    break;
  case 1:
    taken = (sr & SR_Z) != 0u;
    break;
  case 2:
    taken = (sr & SR_C) == 0u;
    break;
  case 3:
    taken = (sr & SR_C) != 0u;
    break;
  case 4:
    taken = n;
    break;
  case 5:
    taken = n == v;
    break;
  case 6:
    taken = n != v;
    break;
  default:
    taken = 1;
  }
  const uint32_t offset = (word & 0x3ffu) * 2u;
  if (taken)
    m->r[REG_PC] = (m->r[REG_PC] + (offset & 0x400u ? offset | 0xff800u : offset)) & 0xfffffu;
  m->count.cycles += 2u;
}

void msp430x_step(msp430x *m) {
  uint16_t extension = 0;
  uint16_t word = next_word(m);
  m->count.instructions++;
  if ((word & 0xf800u) == 0x1800u) {
    extension = word;
    word = next_word(m);
    if (word >> 12 < 4u && word >> 10 != 4u) {
      m->state = MACHINE_ILLEGAL;
      return;
    }
  }
  switch (word >> 12) {
  case 0x0:
    execute_address(m, word);
    break;
  case 0x1:
    if (word < 0x1300u)
      execute_format2(m, word, extension);
    else if (word < 0x1400u && extension == 0u)
      execute_call_address(m, word);
    else if (word < 0x1800u && extension == 0u)
      execute_multiple(m, word);
    else
      m->state = MACHINE_ILLEGAL;
    break;
  case 0x2:
  case 0x3:
    execute_jump(m, word);
    break;
  default:
    execute_format1(m, word, extension);
  }
}

/** A call of msp_mac_q15(): the first argument points to its parameters, the length is their first.
 */
static void lea_begins(msp430x *m) {
  const uint32_t parameters = m->r[12] & 0xffffeu;
  m->lea.inside = 1;
  m->lea.stack = m->r[REG_SP];
  m->lea.since = m->count.cycles;
  m->lea.length = (uint16_t)(m->memory[parameters] | m->memory[parameters + 1u] << 8);
}

/** Behind an instruction of the call: its cycles do not count; behind the last, LEA's do. */
static void lea_goes_on(msp430x *m) {
  m->count.cycles = m->lea.since;
  if (m->r[REG_SP] <= m->lea.stack)
    return;
  m->lea.inside = 0;
  m->count.cycles += BO_LEA_CYCLES(m->lea.length);
  m->count.lea_calls++;
}

machine_state msp430x_run(msp430x *m, uint64_t instructions) {
  m->state = MACHINE_RUNS;
  while (instructions-- != 0u) {
    if (m->count.instructions >= m->limits.instructions || m->count.cycles >= m->limits.cycles) {
      m->state = MACHINE_CUT;
      return m->state;
    }
    if (m->r[REG_PC] == m->stop_at) {
      m->state = MACHINE_STOPPED;
      return m->state;
    }
    const uint32_t at = m->r[REG_PC] >> 1;
    const uint64_t before = m->count.cycles;
    if (m->r[REG_PC] == m->lea.function && !m->lea.inside)
      lea_begins(m);
    msp430x_step(m);
    if (m->lea.inside)
      lea_goes_on(m);
    if (m->dma_active)
      dma_run(m);
    if (m->profile_cycles != 0) {
      m->profile_instructions[at]++;
      m->profile_cycles[at] += m->count.cycles - before;
    }
    if ((m->r[REG_SR] & SR_CPUOFF) != 0u && m->state == MACHINE_RUNS)
      m->state = MACHINE_ASLEEP;
    if (m->state != MACHINE_RUNS)
      return m->state;
  }
  return MACHINE_RUNS;
}

void msp430x_stop(msp430x *m) {
  if (m->state == MACHINE_RUNS)
    m->state = MACHINE_STOPPED;
}
