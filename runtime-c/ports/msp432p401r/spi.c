/** eUSCI_A1 as SPI master, mode 0, 4 MHz: P2.1 clock, P2.2 in, P2.3 out, P1.5 chip select. */
#include "spi.h"

#include "planted_port.h"
#include "registers.h"

#define CHIP_SELECT (BO_BUG_WRONG_CHIP_SELECT ? 0x40u : 0x20u)
#define SPI_PINS 0x0eu

void bo_spi_init(void) {
  P1OUT |= CHIP_SELECT;
  P1DIR |= CHIP_SELECT;
  UCA1CTLW0 = UCSWRST;
  UCA1CTLW0 = UCCKPH | UCMSB | UCMST | UCSYNC | UCSSEL_SMCLK | UCSWRST;
  UCA1BRW = 3; /* 12 MHz / 3 */
  P2SEL0 |= SPI_PINS;
  P2SEL1 &= (uint8_t)~SPI_PINS;
  UCA1CTLW0 &= (uint16_t)~UCSWRST;
}

void bo_spi_select(void) { P1OUT &= (uint8_t)~CHIP_SELECT; }

void bo_spi_deselect(void) {
  while ((UCA1STATW & UCBUSY) != 0u) {
  }
  P1OUT |= CHIP_SELECT;
}

uint8_t bo_spi_exchange(uint8_t byte) {
  while ((UCA1IFG & UCTXIFG) == 0u) {
  }
  UCA1TXBUF = byte;
  while ((UCA1IFG & UCRXIFG) == 0u) {
  }
  return (uint8_t)UCA1RXBUF;
}

/*
 * The next byte waits in the transmit buffer while one is shifted, so that the clock never stops: a
 * turn takes fewer cycles than the 48 of a byte, and a DMA channel would gain nothing while the CPU
 * waits for it.
 */
void bo_spi_read(void *to, uint16_t bytes) {
  uint8_t *byte = to;
  if (bytes == 0u)
    return;
  UCA1TXBUF = 0;
  for (uint16_t left = bytes; left != 0u; left--) {
    if (left != 1u) {
      while ((UCA1IFG & UCTXIFG) == 0u) {
      }
      UCA1TXBUF = 0;
    }
    while ((UCA1IFG & UCRXIFG) == 0u) {
    }
    *byte++ = (uint8_t)UCA1RXBUF;
  }
}

void bo_spi_write(const void *from, uint16_t bytes) {
  const uint8_t *byte = from;
  if (bytes == 0u)
    return;
  UCA1TXBUF = *byte++;
  for (uint16_t left = bytes; left != 0u; left--) {
    if (left != 1u) {
      while ((UCA1IFG & UCTXIFG) == 0u) {
      }
      UCA1TXBUF = *byte++;
    }
    while ((UCA1IFG & UCRXIFG) == 0u) {
    }
    (void)UCA1RXBUF;
  }
}
