/**
 * eUSCI_A or _B as SPI master (SLAU367, SLAU356): transmit buffer, shift register, receive buffer.
 * Time is whatever `now` counts; a byte takes `byte_time` of it. Three-pin mode, chip select by
 * GPIO.
 */
#ifndef BROWNOUT_SIM_EUSCI_SPI_H
#define BROWNOUT_SIM_EUSCI_SPI_H

#include <stdint.h>

/** Registers by meaning; where they lie differs between eUSCI_A and eUSCI_B. */
typedef enum {
  EUSCI_CTLW0,
  EUSCI_BRW,
  EUSCI_STATW,
  EUSCI_RXBUF,
  EUSCI_TXBUF,
  EUSCI_IE,
  EUSCI_IFG,
  EUSCI_OTHER
} eusci_register;

enum { EUSCI_RXIFG = 1, EUSCI_TXIFG = 2 };

typedef struct {
  /** The slave: one byte each way, when the last bit has been shifted. Null: nothing connected. */
  uint8_t (*exchange)(void *context, uint8_t out);
  void *context;
  uint64_t byte_time; /**< per byte and unit of BRW; 0: at once */
  uint64_t done_at;
  uint64_t bytes;    /**< shifted so far */
  uint64_t overruns; /**< receive buffer overwritten before it was read */
  uint64_t misuses;  /**< sent in reset, or not set up as SPI master */
  uint16_t control, divider, interrupts, flags, receive;
  uint8_t shift, next, shifting, overrun;
  uint32_t rises[2]; /**< times that RXIFG, TXIFG have gone up: what triggers DMA */
} eusci_spi;

/** What an offset means, for eUSCI_A (`is_b` 0) and eUSCI_B. */
eusci_register eusci_spi_register(uint32_t offset, int is_b);
void eusci_spi_reset(eusci_spi *unit);
/** Lets time pass; every byte whose time is over reaches the slave. */
void eusci_spi_settle(eusci_spi *unit, uint64_t now);
uint16_t eusci_spi_read(eusci_spi *unit, eusci_register which, uint64_t now);
void eusci_spi_write(eusci_spi *unit, eusci_register which, uint16_t value, uint64_t now);

#endif
