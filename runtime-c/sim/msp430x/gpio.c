#include "peripherals.h"

enum { IN = 0, OUT = 2, DIR = 4, SEL0 = 0xa, SEL1 = 0xc };
enum { P3 = 2, P6 = 5, SHUT_OFF = 0x80, CHIP_SELECT = 0x08, LOCKLPM5 = 0x0001 };

uint8_t gpio_read(const msp430x *m, unsigned port, uint32_t which) {
  switch (which) {
  case IN:
    /* Nothing drives an input: it reads 0. */
    return m->port_out[port] & m->port_direction[port];
  case OUT:
    return m->port_out[port];
  case DIR:
    return m->port_direction[port];
  case SEL0:
    return m->port_select[port][0];
  case SEL1:
    return m->port_select[port][1];
  default:
    return 0;
  }
}

void gpio_write(msp430x *m, unsigned port, uint32_t which, uint8_t value) {
  switch (which) {
  case OUT:
    m->port_out[port] = value;
    break;
  case DIR:
    m->port_direction[port] = value;
    break;
  case SEL0:
    m->port_select[port][0] = value;
    break;
  case SEL1:
    m->port_select[port][1] = value;
    break;
  default:
    break;
  }
  gpio_settle(m);
}

/* While LOCKLPM5 is set no pin follows its register; then P6.3 floats, and a resistor holds it
 * high. */
void gpio_settle(msp430x *m) {
  eusci_spi_settle(&m->spi[SPI_FRAM_UNIT], m->count.cycles);
  const int unlocked = (m->power_mode5 & LOCKLPM5) == 0u;
  const uint8_t p3 = m->port_out[P3] & m->port_direction[P3];
  const int selected = unlocked && (m->port_direction[P6] & CHIP_SELECT) != 0u &&
                       (m->port_out[P6] & CHIP_SELECT) == 0u;
  if (unlocked && (p3 & SHUT_OFF) != 0u && !m->ignores_shut_off && m->state == MACHINE_RUNS)
    m->state = MACHINE_OFF;
  if (selected && !m->spi_fram.selected)
    cy15b104q_select(&m->spi_fram);
  else if (!selected)
    cy15b104q_deselect(&m->spi_fram);
}
