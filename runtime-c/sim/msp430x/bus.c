#include "bus.h"

#include "peripherals.h"

/*
 * FRAM behind its cache, as SLAU367 chapter "FRAM Controller" tells it: four lines of 64 bits, two
 * ways. A read or fetch outside the cache waits NWAITS cycles and takes the line in, over the older
 * way of its set; a write waits NWAITS cycles and updates a line that is there. How the real
 * controller replaces lines is not published: this is the approximation.
 */
void fram_cache_clear(msp430x *m) {
  for (int i = 0; i < CACHE_LINES; i++)
    m->cache_tag[i] = UINT32_MAX;
  m->cache_old[0] = m->cache_old[1] = 0;
}

static void wait_for_fram(msp430x *m) {
  m->count.cycles += m->wait_states;
  m->count.wait_cycles += m->wait_states;
}

static void fram_look_up(msp430x *m, uint32_t address) {
  const uint32_t line = address >> 3, set = line & 1u;
  uint32_t *ways = &m->cache_tag[2u * set];
  if (ways[0] == line || ways[1] == line) {
    m->cache_old[set] = ways[0] == line;
    m->count.cache_hits++;
    return;
  }
  ways[m->cache_old[set]] = line;
  m->cache_old[set] ^= 1u;
  m->count.cache_misses++;
  wait_for_fram(m);
}

static int is_fram(uint32_t address) { return address - FRAM_START < FRAM_BYTES; }
static int is_sram(uint32_t address) { return address - SRAM_START < SRAM_BYTES; }
/* TinyRAM, BSL, information memory, device descriptor: there, but nothing of ours uses them. */
static int is_vacant(uint32_t address) { return address >= SRAM_START; }
static int is_peripheral(uint32_t address) { return address < 0x1000u; }

void bus_warn(msp430x *m, uint32_t address) {
  if (m->count.warnings++ == 0u)
    m->first_warning_address = address;
}

int bus_may_write_nvm(msp430x *m) {
  if (m->state == MACHINE_CUT)
    return 0;
  if (m->count.nvm_writes == m->limits.nvm_writes) {
    m->state = MACHINE_CUT;
    return 0;
  }
  m->count.nvm_writes++;
  return 1;
}

static uint16_t read_raw(const msp430x *m, uint32_t address) {
  return (uint16_t)(m->memory[address] | m->memory[address + 1u] << 8);
}

static uint16_t read_unit(msp430x *m, uint32_t address, int is_byte) {
  if (is_fram(address)) {
    m->count.fram_reads++;
    fram_look_up(m, address);
  } else if (is_sram(address)) {
    m->count.ram_reads++;
  } else if (is_peripheral(address)) {
    m->count.peripheral_accesses++;
    return peripheral_read(m, address, is_byte);
  } else {
    bus_warn(m, address);
    /* Vacant memory reads as JMP $ (SLAU367 "Vacant Memory Space"). */
    return is_vacant(address) ? (is_byte ? 0xff : 0x3fff) : 0xffff;
  }
  return is_byte ? m->memory[address] : read_raw(m, address);
}

static void write_unit(msp430x *m, uint32_t address, int is_byte, uint16_t value) {
  if (m->state == MACHINE_CUT)
    return;
  const int fram = is_fram(address);
  if (fram) {
    if (!bus_may_write_nvm(m))
      return;
    m->count.fram_writes++;
    wait_for_fram(m);
  } else if (is_sram(address)) {
    m->count.ram_writes++;
  } else if (is_peripheral(address)) {
    m->count.peripheral_accesses++;
    peripheral_write(m, address, is_byte, value);
    return;
  } else {
    bus_warn(m, address);
    return;
  }
  m->memory[address] = (uint8_t)value;
  if (!is_byte)
    m->memory[address + 1u] = (uint8_t)(value >> 8);
  if (fram && m->fram_written != 0)
    m->fram_written(m->context, address, is_byte ? 1u : 2u);
}

uint32_t bus_read(msp430x *m, uint32_t address, operand_size size) {
  address &= 0xfffffu;
  if (size == SIZE_BYTE)
    return read_unit(m, address, 1);
  if ((address & 1u) != 0u)
    bus_warn(m, address);
  address &= ~1u;
  const uint32_t low = read_unit(m, address, 0);
  if (size == SIZE_WORD)
    return low;
  return low | (uint32_t)(read_unit(m, (address + 2u) & 0xfffffu, 0) & 0xfu) << 16;
}

void bus_write(msp430x *m, uint32_t address, operand_size size, uint32_t value) {
  address &= 0xfffffu;
  if (size == SIZE_BYTE) {
    write_unit(m, address, 1, (uint16_t)(value & 0xffu));
    return;
  }
  if ((address & 1u) != 0u)
    bus_warn(m, address);
  address &= ~1u;
  write_unit(m, address, 0, (uint16_t)value);
  if (size == SIZE_ADDRESS)
    write_unit(m, (address + 2u) & 0xfffffu, 0, (uint16_t)(value >> 16 & 0xfu));
}

uint16_t bus_fetch(msp430x *m, uint32_t address) {
  m->count.fetches++;
  if (is_fram(address)) {
    fram_look_up(m, address);
  } else if (!is_sram(address)) {
    bus_warn(m, address);
    return 0x3fff;
  }
  return read_raw(m, address);
}
