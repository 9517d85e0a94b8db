/** The SPI bus that an external NVM hangs on; one per board. */
#ifndef BROWNOUT_SPI_H
#define BROWNOUT_SPI_H

#include <stdint.h>

void bo_spi_init(void);
/** Chip select low. */
void bo_spi_select(void);
/** Waits until the last bit has left, then chip select high. */
void bo_spi_deselect(void);
/** Sends one byte and returns the one that came in. */
uint8_t bo_spi_exchange(uint8_t byte);
/** Blocks, as fast as the bus goes; what comes in while writing is dropped. */
void bo_spi_read(void *to, uint16_t bytes);
void bo_spi_write(const void *from, uint16_t bytes);

#endif
