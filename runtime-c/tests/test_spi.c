/** The SPI FRAM driver against the CY15B104Q's command machine, cut at any byte. */
#include <string.h>

#include "check.h"
#include "host.h"

/* The driver under other names: the host port has these. */
#define bo_port_nvm_read fram_read
#define bo_port_nvm_write fram_write
#define bo_port_confirm fram_confirm
void fram_read(uint32_t address, void *to, uint16_t bytes);
void fram_write(uint32_t address, const void *from, uint16_t bytes);
void fram_confirm(void);
#include "../ports/common/nvm_cy15b104q.c"

#define SIZE 0x80000u

static struct {
  uint8_t memory[SIZE];
  uint32_t address;
  uint32_t clocked; /**< bytes since chip select fell */
  uint32_t budget;  /**< bytes until power fails */
  uint8_t opcode;
  uint8_t selected, enabled, misused;
} fram;

void bo_spi_init(void) {}

void bo_spi_select(void) {
  fram.misused |= fram.selected;
  fram.selected = 1;
  fram.clocked = 0;
}

void bo_spi_deselect(void) {
  fram.misused |= !fram.selected;
  /* Data sheet: WREN sets the write enable latch, the end of a WRITE clears it. */
  if (fram.opcode == 0x06 && fram.clocked == 1u)
    fram.enabled = 1;
  if (fram.opcode == 0x02)
    fram.enabled = 0;
  fram.selected = 0;
}

uint8_t bo_spi_exchange(uint8_t byte) {
  uint8_t answer = 0xff;
  if (fram.budget == 0u)
    return answer;
  fram.budget--;
  fram.misused |= !fram.selected;
  if (fram.clocked == 0u) {
    fram.opcode = byte;
  } else if (fram.clocked <= 3u) {
    fram.address = (fram.address << 8 | byte) & (SIZE - 1u);
  } else {
    if (fram.opcode == 0x03)
      answer = fram.memory[fram.address];
    if (fram.opcode == 0x02 && fram.enabled)
      fram.memory[fram.address] = byte;
    fram.address = (fram.address + 1u) & (SIZE - 1u);
  }
  fram.clocked++;
  return answer;
}

void bo_spi_read(void *to, uint16_t bytes) {
  for (uint8_t *byte = to; bytes != 0u; bytes--)
    *byte++ = bo_spi_exchange(0);
}

void bo_spi_write(const void *from, uint16_t bytes) {
  for (const uint8_t *byte = from; bytes != 0u; bytes--)
    bo_spi_exchange(*byte++);
}

void test_spi(void) {
  static uint8_t expected[SIZE];
  uint8_t data[512];
  uint32_t random = bo_host_seed(9, 9);
  memset(&fram, 0, sizeof fram);
  for (uint32_t i = 0; i < 3000u; i++) {
    const uint32_t address = (bo_host_random(&random) >> 8) % (SIZE - sizeof data) & ~1u;
    const uint16_t bytes = (uint16_t)(2u + (bo_host_random(&random) >> 8) % (sizeof data - 2u));
    for (uint16_t k = 0; k < bytes; k++)
      data[k] = (uint8_t)(bo_host_random(&random) >> 24);
    /* Power fails after so many bytes on the bus: WREN 1, command 4, then the data. */
    const uint32_t budget = (bo_host_random(&random) >> 8) % (bytes + 10u);
    fram.budget = budget;
    fram_write(address, data, bytes);
    fram_confirm();
    const uint32_t stored = budget < 5u ? 0u : budget - 5u < bytes ? budget - 5u : bytes;
    memcpy(expected + address, data, stored);
    fram.selected = fram.enabled = 0;
    fram.budget = 0xffffffffu;
    memset(data, 0, sizeof data);
    fram_read(address, data, bytes);
    CHECK(memcmp(data, expected + address, bytes) == 0, "write %u of %u bytes, %u stored", i, bytes,
          stored);
  }
  CHECK(memcmp(fram.memory, expected, SIZE) == 0, "a write strayed");
  CHECK(!fram.misused && !fram.selected, "chip select is misused");
}
