/**
 * NVM in a CY15B104Q, 512 KB SPI FRAM (data sheet "4-Mbit Serial (SPI) F-RAM"): modes 0 and 3, no
 * write delay, so nothing is polled; WREN needs a selection of its own before every WRITE. A byte
 * is stored with its eighth clock: a cut leaves a prefix of the bytes.
 */
#include "port.h"
#include "spi.h"

enum { WRITE = 0x02, READ = 0x03, WREN = 0x06 };

static void command(uint8_t code, uint32_t address) {
  bo_spi_select();
  bo_spi_exchange(code);
  bo_spi_exchange((uint8_t)(address >> 16));
  bo_spi_exchange((uint8_t)(address >> 8));
  bo_spi_exchange((uint8_t)address);
}

void bo_port_nvm_read(uint32_t address, void *to, uint16_t bytes) {
  command(READ, address);
  bo_spi_read(to, bytes);
  bo_spi_deselect();
}

void bo_port_nvm_write(uint32_t address, const void *from, uint16_t bytes) {
  bo_spi_select();
  bo_spi_exchange(WREN);
  bo_spi_deselect();
  command(WRITE, address);
  bo_spi_write(from, bytes);
  bo_spi_deselect();
}

/* bo_spi_deselect() has waited for the last bit, and the FRAM stores without delay. */
void bo_port_confirm(void) {}
