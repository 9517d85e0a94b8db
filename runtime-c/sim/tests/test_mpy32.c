#include "check.h"
#include "mpy32.h"
#include "random.h"

static mpy32 unit;

enum { MPY = 0x00, MPYS = 0x02, MAC = 0x04, MACS = 0x06, OP2 = 0x08, RESLO = 0x0a, RESHI = 0x0c };
enum { SUMEXT = 0x0e, MPY32L = 0x10, OP2L = 0x20, OP2H = 0x22, RES0 = 0x24, RES3 = 0x2a };

static uint64_t result64(void) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 4; i++)
    value |= (uint64_t)mpy32_read(&unit, RES0 + 2u * i) << (16u * i);
  return value;
}

static uint32_t result32(void) {
  return mpy32_read(&unit, RESLO) | (uint32_t)mpy32_read(&unit, RESHI) << 16;
}

/* The four modes in random order, accumulating in what is there. */
static void sixteen_bits(void) {
  random_source random = random_from(3, 0);
  uint32_t sum = 0;
  mpy32_reset(&unit);
  for (unsigned i = 0; i < 20000; i++) {
    const uint16_t a = (uint16_t)random_next(&random), b = (uint16_t)random_next(&random);
    const unsigned mode = (unsigned)random_below(&random, 4);
    const uint32_t product =
        mode & 1u ? (uint32_t)((int32_t)(int16_t)a * (int16_t)b) : (uint32_t)a * b;
    const uint32_t before = mode & 2u ? sum : 0u;
    sum = before + product;
    mpy32_write_word(&unit, 2u * mode, a);
    mpy32_write_word(&unit, OP2, b);
    CHECK(result32() == sum);
    CHECK((uint32_t)result64() == sum);
    const uint16_t extension = mode & 1u ? (sum >> 31 ? 0xffff : 0) : sum < before;
    CHECK(mpy32_read(&unit, SUMEXT) == extension);
  }
}

static void thirty_two_bits(void) {
  random_source random = random_from(4, 0);
  uint64_t sum = 0;
  mpy32_reset(&unit);
  for (unsigned i = 0; i < 20000; i++) {
    const uint32_t a = (uint32_t)random_next(&random), b = (uint32_t)random_next(&random);
    const unsigned mode = (unsigned)random_below(&random, 4);
    const uint64_t product =
        mode & 1u ? (uint64_t)((int64_t)(int32_t)a * (int32_t)b) : (uint64_t)a * b;
    const uint64_t before = mode & 2u ? sum : 0u;
    sum = before + product;
    mpy32_write_word(&unit, MPY32L + 4u * mode, (uint16_t)a);
    mpy32_write_word(&unit, MPY32L + 4u * mode + 2u, (uint16_t)(a >> 16));
    mpy32_write_word(&unit, OP2L, (uint16_t)b);
    mpy32_write_word(&unit, OP2H, (uint16_t)(b >> 16));
    CHECK(result64() == sum);
    const uint16_t extension = mode & 1u ? (sum >> 63 ? 0xffff : 0) : sum < before;
    CHECK(mpy32_read(&unit, SUMEXT) == extension);
  }
}

/* 32 x 16: the second operand is extended by the mode. */
static void mixed_sizes(void) {
  mpy32_reset(&unit);
  mpy32_write_word(&unit, 0x14, 0x0000); /* MPYS32L */
  mpy32_write_word(&unit, 0x16, 0xffff); /* -65536 */
  mpy32_write_word(&unit, OP2, (uint16_t)-2);
  CHECK(result64() == 131072u);
  mpy32_write_word(&unit, MPY, 3);
  mpy32_write_word(&unit, OP2L, 0);
  mpy32_write_word(&unit, OP2H, 1);
  CHECK(result64() == 3u * 65536u);
}

static void result_registers(void) {
  mpy32_reset(&unit);
  mpy32_write_word(&unit, RESLO, 0xfffe);
  mpy32_write_word(&unit, RESHI, 0x1234);
  CHECK(result32() == 0x1234fffe);
  mpy32_write_word(&unit, MACS, 2);
  mpy32_write_word(&unit, OP2, 2);
  CHECK(result32() == 0x12350002);
  mpy32_write_word(&unit, RES3, 0xabcd);
  CHECK(result64() >> 48 == 0xabcd);
  /* An operand stays for the next start; MAC after MPYS goes on from its result. */
  mpy32_write_word(&unit, MPYS, (uint16_t)-300);
  mpy32_write_word(&unit, OP2, 7);
  mpy32_write_word(&unit, MACS, 700);
  mpy32_write_word(&unit, OP2, 1);
  mpy32_write_word(&unit, OP2, 2);
  CHECK((int32_t)result32() == -2100 + 700 + 1400);
}

static void byte_operands(void) {
  mpy32_reset(&unit);
  mpy32_write_byte(&unit, MPYS, 0xff);
  mpy32_write_byte(&unit, OP2, 0x80);
  CHECK(result32() == 128);
  mpy32_write_byte(&unit, MPY, 0xff);
  mpy32_write_byte(&unit, OP2, 0x80);
  CHECK(result32() == 255u * 128u);
}

static void modes_that_are_not_modelled(void) {
  mpy32_reset(&unit);
  mpy32_write_word(&unit, 0x2c, 0x0004);
  CHECK(unit.unmodelled == 1);
}

void test_mpy32(void) {
  RUN(sixteen_bits);
  RUN(thirty_two_bits);
  RUN(mixed_sizes);
  RUN(result_registers);
  RUN(byte_operands);
  RUN(modes_that_are_not_modelled);
}
