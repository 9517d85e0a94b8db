#include "crc16.h"

enum { CRCDI = 0, CRCDIRB = 2, CRCINIRES = 4, CRCRESR = 6 };

static uint16_t reversed(uint16_t value, unsigned bits) {
  uint16_t back = 0;
  for (unsigned i = 0; i < bits; i++)
    back = (uint16_t)(back << 1 | (value >> i & 1u));
  return back;
}

/** A byte, its high bit first. */
static void take(crc16_unit *unit, uint8_t byte) {
  for (unsigned bit = 8; bit-- != 0u;) {
    const unsigned out = (unsigned)(unit->result >> 15) ^ (byte >> bit & 1u);
    unit->result = (uint16_t)(unit->result << 1 ^ (out != 0u ? 0x1021u : 0u));
  }
}

uint16_t crc16_read(const crc16_unit *unit, uint32_t offset) {
  if (offset == CRCINIRES)
    return unit->result;
  return offset == CRCRESR ? reversed(unit->result, 16) : 0u;
}

int crc16_write(crc16_unit *unit, uint32_t offset, int is_byte, uint16_t value) {
  if (offset == CRCINIRES && !is_byte)
    unit->result = value;
  else if (offset == CRCDIRB && is_byte)
    take(unit, (uint8_t)value);
  else if (offset == CRCDI && is_byte)
    take(unit, (uint8_t)reversed(value, 8));
  else
    return 0;
  return 1;
}
