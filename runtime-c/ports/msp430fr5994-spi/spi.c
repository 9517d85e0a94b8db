/**
 * eUSCI_A3 as SPI master, mode 0, 4 MHz: P6.2 clock, P6.1 in, P6.0 out, P6.3 chip select. Blocks
 * go by two DMA channels that the eUSCI's flags trigger, a byte each time: the bus never waits for
 * the CPU.
 */
#include "spi.h"

#include "board.h"
#include "dma.h"
#include "planted_port.h"
#include "registers.h"

#define CHIP_SELECT (BO_BUG_WRONG_CHIP_SELECT ? 0x10u : 0x08u)
#define SPI_PINS 0x07u
#define SEND 3
#define RECEIVE 4
/* Triggers of channels 3 to 5 (SLASE54 "DMA trigger assignments"). */
#define TRIGGER_UCA3RXIFG 16u
#define TRIGGER_UCA3TXIFG 17u

/** About 5 ms, as on the published boards: the FRAM answers 1 ms after its supply is up. */
#define FRAM_WAIT 10000u

void bo_spi_init(void) {
  P6OUT |= CHIP_SELECT;
  P6DIR |= CHIP_SELECT;
  UCA3CTLW0 = UCSWRST;
  UCA3CTLW0 = UCCKPH | UCMSB | UCMST | UCSYNC | UCSSEL_SMCLK | UCSWRST;
  UCA3BRW = 4; /* 16 MHz / 4 */
  P6SEL0 |= SPI_PINS;
  P6SEL1 &= (uint8_t)~SPI_PINS;
  UCA3CTLW0 &= (uint16_t)~UCSWRST;
  DMACTL1 = (uint16_t)(TRIGGER_UCA3TXIFG << 8);
  DMACTL2 = TRIGGER_UCA3RXIFG;
}

void bo_board_nvm_init(void) {
  bo_spi_init();
  for (volatile uint16_t left = FRAM_WAIT; left != 0u; left--) {
  }
}

void bo_spi_select(void) { P6OUT &= (uint8_t)~CHIP_SELECT; }

void bo_spi_deselect(void) {
  while ((UCA3STATW & UCBUSY) != 0u) {
  }
  P6OUT |= CHIP_SELECT;
}

uint8_t bo_spi_exchange(uint8_t byte) {
  UCA3TXBUF = byte;
  while ((UCA3IFG & UCRXIFG) == 0u) {
  }
  return (uint8_t)UCA3RXBUF;
}

/* Both directions: what comes in is fetched, wanted or not, so that no byte is ever overrun. */
static void move(uint16_t to, uint16_t to_step, uint16_t from, uint16_t from_step, uint16_t bytes) {
  if (bytes == 0u)
    return;
  bo_dma_address(DMA_SA(RECEIVE), UCA3RXBUF_ADDRESS);
  bo_dma_address(DMA_DA(RECEIVE), to);
  DMA_SZ(RECEIVE) = bytes;
  DMA_CTL(RECEIVE) = (uint16_t)(DMASRCBYTE | DMADSTBYTE | to_step | DMAEN);
  bo_dma_address(DMA_SA(SEND), from);
  bo_dma_address(DMA_DA(SEND), UCA3TXBUF_ADDRESS);
  DMA_SZ(SEND) = bytes;
  DMA_CTL(SEND) = (uint16_t)(DMASRCBYTE | DMADSTBYTE | from_step | DMAEN);
  /* A trigger is an edge, and the flag is up already. */
  UCA3IFG &= (uint16_t)~UCTXIFG;
  UCA3IFG |= UCTXIFG;
  while ((DMA_CTL(RECEIVE) & DMAEN) != 0u) {
  }
}

/* What is sent while reading, and where bytes go while writing. */
static uint8_t nothing;

void bo_spi_read(void *to, uint16_t bytes) {
  move((uint16_t)(uintptr_t)to, DMADSTINCR_3, (uint16_t)(uintptr_t)&nothing, 0, bytes);
}

void bo_spi_write(const void *from, uint16_t bytes) {
  move((uint16_t)(uintptr_t)&nothing, 0, (uint16_t)(uintptr_t)from, DMASRCINCR_3, bytes);
}
