/* CY15B104Q by its data sheet; the eUSCI's buffers. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cy15b104q.h"
#include "eusci_spi.h"

static cy15b104q chip;

static void fresh(void) {
  uint8_t *memory = chip.memory == 0 ? malloc(CY15B104Q_BYTES) : chip.memory;
  chip = (cy15b104q){.memory = memory};
  memset(memory, 0x55, CY15B104Q_BYTES);
  cy15b104q_power_on(&chip);
}

/* A selection that sends `count` bytes; the answer to the last one. */
static uint8_t send(const uint8_t *bytes, unsigned count) {
  uint8_t answer = 0;
  cy15b104q_select(&chip);
  for (unsigned i = 0; i < count; i++)
    answer = cy15b104q_exchange(&chip, bytes[i]);
  cy15b104q_deselect(&chip);
  return answer;
}
#define SEND(...) send((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void write_needs_its_latch(void) {
  fresh();
  SEND(0x02, 0, 0, 0, 0x11);
  CHECK(chip.memory[0] == 0x55 && chip.refused == 1);
  SEND(0x06);
  CHECK(SEND(0x05, 0) == 0x02);
  SEND(0x02, 0, 0, 0, 0x11, 0x22);
  CHECK(chip.memory[0] == 0x11 && chip.memory[1] == 0x22 && chip.stores == 2);
  CHECK(SEND(0x05, 0) == 0x00); /* fell with chip select */
  SEND(0x02, 0, 0, 0, 0x33);
  CHECK(chip.memory[0] == 0x11);
  SEND(0x06);
  SEND(0x04);
  CHECK(SEND(0x05, 0) == 0x00);
}

/* In one selection WREN is a command and the rest is nothing. */
static void write_enable_is_its_own_selection(void) {
  fresh();
  SEND(0x06, 0x02, 0, 0, 0, 0x11);
  CHECK(chip.memory[0] == 0x55);
  CHECK(SEND(0x05, 0) == 0x02);
  fresh();
  SEND(0x06);
  cy15b104q_power_on(&chip);
  CHECK(SEND(0x05, 0) == 0x00);
}

static void addresses_wrap(void) {
  fresh();
  SEND(0x06);
  SEND(0x02, 0x07, 0xff, 0xff, 0x11, 0x22);
  CHECK(chip.memory[0x7ffff] == 0x11 && chip.memory[0] == 0x22);
  CHECK(SEND(0x03, 0xff, 0xff, 0xff, 0) == 0x11); /* five bits of 24 mean nothing */
  CHECK(SEND(0x03, 0x07, 0xff, 0xff, 0, 0) == 0x22);
  CHECK(SEND(0x0b, 0x07, 0xff, 0xff, 0, 0) == 0x11); /* a byte of nothing first */
}

static void protected_blocks(void) {
  fresh();
  SEND(0x06);
  SEND(0x01, 0x04); /* BP0: the upper quarter */
  CHECK(SEND(0x05, 0) == 0x04);
  SEND(0x06);
  SEND(0x02, 0x06, 0, 0, 0x11);
  CHECK(chip.memory[0x60000] == 0x55 && chip.refused == 1);
  SEND(0x06);
  SEND(0x02, 0x05, 0xff, 0xff, 0x11);
  CHECK(chip.memory[0x5ffff] == 0x11);
}

static void commands_it_has_not(void) {
  fresh();
  SEND(0xb9);
  CHECK(chip.unknown == 1);
  CHECK(cy15b104q_exchange(&chip, 0x06) == 0xff && SEND(0x05, 0) == 0); /* not selected */
  CHECK(SEND(0x9f, 0, 0, 0, 0, 0, 0, 0) == 0xc2);
}

static int stores_left;
static int may_store(void *context) {
  (void)context;
  return stores_left-- > 0;
}

static void torn_write_is_a_prefix(void) {
  for (int whole = 0; whole <= 4; whole++) {
    fresh();
    chip.may_store = may_store;
    stores_left = whole;
    SEND(0x06);
    SEND(0x02, 0, 0, 8, 1, 2, 3, 4);
    for (int i = 0; i < 4; i++)
      CHECK(chip.memory[8 + i] == (i < whole ? i + 1 : 0x55));
  }
}

static uint8_t last;
static uint8_t echo(void *context, uint8_t out) {
  (void)context;
  const uint8_t in = last;
  last = out;
  return in;
}

/* Two bytes fit: one in the shift register, one in the buffer; nobody reads, so it overruns. */
static void spi_buffers(void) {
  eusci_spi unit = {.exchange = echo, .byte_time = 8};
  last = 0x77;
  eusci_spi_reset(&unit);
  eusci_spi_write(&unit, EUSCI_TXBUF, 1, 0);
  CHECK(unit.misuses == 1); /* still in reset */
  eusci_spi_write(&unit, EUSCI_CTLW0, 0xa980, 0);
  eusci_spi_write(&unit, EUSCI_BRW, 3, 0);
  CHECK(eusci_spi_read(&unit, EUSCI_IFG, 0) == EUSCI_TXIFG);
  eusci_spi_write(&unit, EUSCI_TXBUF, 0x11, 0);
  CHECK(eusci_spi_read(&unit, EUSCI_IFG, 1) == EUSCI_TXIFG);
  eusci_spi_write(&unit, EUSCI_TXBUF, 0x22, 1);
  CHECK(eusci_spi_read(&unit, EUSCI_IFG, 2) == 0);
  CHECK(eusci_spi_read(&unit, EUSCI_IFG, 24) == (EUSCI_TXIFG | EUSCI_RXIFG));
  CHECK(eusci_spi_read(&unit, EUSCI_RXBUF, 25) == 0x77);
  CHECK(eusci_spi_read(&unit, EUSCI_STATW, 47) == 1);
  CHECK(eusci_spi_read(&unit, EUSCI_STATW, 48) == 0 && unit.bytes == 2);
  eusci_spi_write(&unit, EUSCI_TXBUF, 0x33, 48);
  eusci_spi_settle(&unit, 100);
  CHECK(unit.overruns == 1 && eusci_spi_read(&unit, EUSCI_RXBUF, 100) == 0x22);
}

void test_devices(void) {
  RUN(write_needs_its_latch);
  RUN(write_enable_is_its_own_selection);
  RUN(addresses_wrap);
  RUN(protected_blocks);
  RUN(commands_it_has_not);
  RUN(torn_write_is_a_prefix);
  RUN(spi_buffers);
  free(chip.memory);
}
