#include "check.h"
#include "crc16.h"

enum { CRCDI = 0, CRCDIRB = 2, CRCINIRES = 4, CRCRESR = 6 };

static crc16_unit unit;

static void feed(uint32_t at, const char *text) {
  CHECK(crc16_write(&unit, CRCINIRES, 0, 0xffff));
  for (; *text != 0; text++)
    CHECK(crc16_write(&unit, at, 1, (uint8_t)*text));
}

/* The guide's own example, both ways in and both ways out. That the runtime's bo_crc16() is this,
 * the oracle sees in every record of a shipped image. */
static void crc_module(void) {
  feed(CRCDI, "123456789");
  CHECK(crc16_read(&unit, CRCINIRES) == 0x89f6);
  CHECK(crc16_read(&unit, CRCRESR) == 0x6f91);
  feed(CRCDIRB, "123456789");
  CHECK(crc16_read(&unit, CRCINIRES) == 0x29b1);
  CHECK(crc16_read(&unit, CRCRESR) == 0x8d94);
  CHECK(!crc16_write(&unit, CRCDIRB, 0, 1));
  CHECK(!crc16_write(&unit, CRCDIRB + 1u, 1, 1));
  CHECK(!crc16_write(&unit, CRCRESR, 0, 1));
}

void test_crc16(void) { RUN(crc_module); }
