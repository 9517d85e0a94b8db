#include "peripherals.h"

#include "bus.h"

enum {
  SFR = 0x0100,
  PM5CTL0 = 0x0130,
  FRCTL0 = 0x0140,
  FRCTL_END = 0x0148,
  CRC16 = 0x0150,
  WDTCTL = 0x015c,
  MPY32 = 0x04c0,
  EUSCI_A = 0x05c0,
  EUSCI_B = 0x0640,
  EUSCI_END = 0x0740,
  COMP_E = 0x08c0
};

static eusci_spi *eusci_at(msp430x *m, uint32_t address, eusci_register *which) {
  if (address < EUSCI_A || address >= EUSCI_END)
    return 0;
  if (address < EUSCI_B) {
    *which = eusci_spi_register((address - EUSCI_A) & 0x1fu, 0);
    return &m->spi[(address - EUSCI_A) / 0x20u];
  }
  *which = eusci_spi_register((address - EUSCI_B) & 0x3fu, 1);
  return &m->spi[4u + (address - EUSCI_B) / 0x40u];
}

static int is_gpio(uint32_t address) {
  return (address >= GPIO_BASE && address < GPIO_END) ||
         (address >= GPIO_J_BASE && address < GPIO_J_END);
}

/* Odd ports lie at even addresses; a word is a pair of ports. */
static void gpio_at(uint32_t address, unsigned *port, uint32_t *which) {
  *which = address & 0x1eu;
  *port = address >= GPIO_J_BASE ? GPIO_PORTS - 1u
                                 : (address - GPIO_BASE) / 0x20u * 2u + (address & 1u);
}

static uint16_t gpio_read_at(const msp430x *m, uint32_t address, int is_byte) {
  unsigned port;
  uint32_t which;
  gpio_at(address, &port, &which);
  const uint16_t low = gpio_read(m, port, which);
  return is_byte || port >= 8u ? low : (uint16_t)(low | gpio_read(m, port + 1u, which) << 8);
}

static void gpio_write_at(msp430x *m, uint32_t address, int is_byte, uint16_t value) {
  unsigned port;
  uint32_t which;
  gpio_at(address, &port, &which);
  gpio_write(m, port, which, (uint8_t)value);
  if (!is_byte && port < 8u)
    gpio_write(m, port + 1u, which, (uint8_t)(value >> 8));
}

static uint16_t byte_of(uint16_t word, uint32_t address, int is_byte) {
  if (!is_byte)
    return word;
  return (address & 1u) != 0u ? (uint16_t)(word >> 8) : (uint16_t)(word & 0xffu);
}

uint16_t peripheral_read(msp430x *m, uint32_t address, int is_byte) {
  eusci_register which;
  if (address >= MPY32 && address < MPY32 + MPY32_BYTES)
    return byte_of(mpy32_read(&m->multiplier, address - MPY32), address, is_byte);
  if (is_gpio(address))
    return gpio_read_at(m, address, is_byte);
  eusci_spi *unit = eusci_at(m, address, &which);
  if (unit != 0 && which != EUSCI_OTHER)
    return byte_of(eusci_spi_read(unit, which, m->count.cycles), address, is_byte);
  if (address >= DMA_BASE && address < DMA_END)
    return byte_of(dma_read(m, (address - DMA_BASE) & ~1u), address, is_byte);
  if (address >= TIMER_BASE && address < TIMER_END)
    return byte_of(timer_read(m, address), address, is_byte);
  if (address >= CLOCK_BASE && address < CLOCK_END)
    return byte_of(clock_read(m, address - CLOCK_BASE), address, is_byte);
  if (address >= COMP_E && address < COMP_E + COMP_E_BYTES)
    return byte_of(comp_e_read(&m->monitor, (address - COMP_E) & ~1u, m->supply_V), address,
                   is_byte);
  if (address >= CRC16 && address < CRC16 + CRC16_BYTES)
    return byte_of(crc16_read(&m->crc16, (address - CRC16) & ~1u), address, is_byte);
  switch (address & ~1u) {
  case PM5CTL0:
    return byte_of(m->power_mode5, address, is_byte);
  case WDTCTL:
    return byte_of((uint16_t)(0x6900u | (m->watchdog & 0xffu)), address, is_byte);
  case FRCTL0:
    return byte_of((uint16_t)(0x9600u | (m->fram_control[0] & 0xffu)), address, is_byte);
  default:
    break;
  }
  if (address > FRCTL0 && address < FRCTL_END)
    return byte_of(m->fram_control[(address - FRCTL0) / 2u], address, is_byte);
  bus_warn(m, address);
  return 0;
}

static void fram_controller_write(msp430x *m, uint32_t address, int is_byte, uint16_t value) {
  if (is_byte || ((address & ~1u) == FRCTL0 && value >> 8 != 0xa5u)) {
    bus_warn(m, address);
    return;
  }
  m->fram_control[(address - FRCTL0) / 2u] = value;
  m->wait_states = (uint8_t)(m->fram_control[0] >> 4 & 7u);
}

static void watchdog_write(msp430x *m, int is_byte, uint16_t value) {
  if (is_byte || value >> 8 != 0x5au)
    bus_warn(m, WDTCTL);
  else
    m->watchdog = value;
}

void peripheral_write(msp430x *m, uint32_t address, int is_byte, uint16_t value) {
  eusci_register which;
  if (address >= MPY32 && address < MPY32 + MPY32_BYTES) {
    if (is_byte)
      mpy32_write_byte(&m->multiplier, address - MPY32, (uint8_t)value);
    else
      mpy32_write_word(&m->multiplier, address - MPY32, value);
    return;
  }
  if (is_gpio(address)) {
    gpio_write_at(m, address, is_byte, value);
    return;
  }
  eusci_spi *unit = eusci_at(m, address, &which);
  if (unit != 0 && which != EUSCI_OTHER) {
    if (is_byte && which != EUSCI_TXBUF)
      bus_warn(m, address);
    eusci_spi_write(unit, which, value, m->count.cycles);
  } else if (address >= DMA_BASE && address < DMA_END && !is_byte) {
    dma_write(m, address - DMA_BASE, value);
  } else if (address >= TIMER_BASE && address < TIMER_END && !is_byte) {
    timer_write(m, address, value);
  } else if (address >= CLOCK_BASE && address < CLOCK_END) {
    clock_write(m, address - CLOCK_BASE, is_byte, value);
  } else if (address >= FRCTL0 && address < FRCTL_END) {
    fram_controller_write(m, address, is_byte, value);
  } else if (address >= COMP_E && address < COMP_E + COMP_E_BYTES) {
    if (is_byte || !comp_e_write(&m->monitor, address - COMP_E, value))
      bus_warn(m, address);
  } else if (address >= CRC16 && address < CRC16 + CRC16_BYTES) {
    if (!crc16_write(&m->crc16, address - CRC16, is_byte, value))
      bus_warn(m, address);
  } else if ((address & ~1u) == PM5CTL0) {
    m->power_mode5 = value;
    gpio_settle(m);
  } else if ((address & ~1u) == WDTCTL) {
    watchdog_write(m, is_byte, value);
  } else {
    bus_warn(m, address);
  }
}

void peripherals_reset(msp430x *m) {
  for (unsigned i = 0; i < DMA_CHANNELS; i++)
    m->dma[i] = (dma_channel){0};
  for (unsigned i = 0; i < 5u; i++)
    m->dma_control[i] = 0;
  m->dma_active = 0;
  for (unsigned i = 0; i < TIMERS; i++)
    m->timer[i] = (timer_a){0};
  for (unsigned i = 0; i < GPIO_PORTS; i++) {
    m->port_out[i] = m->port_direction[i] = 0;
    m->port_select[i][0] = m->port_select[i][1] = 0;
  }
  for (unsigned i = 0; i < 4u; i++)
    m->fram_control[i] = 0;
  m->wait_states = 0;
  m->watchdog = 0x04;
  m->power_mode5 = 1;
  mpy32_reset(&m->multiplier);
  m->crc16 = (crc16_unit){0};
  for (unsigned i = 0; i < EUSCI_UNITS; i++)
    eusci_spi_reset(&m->spi[i]);
  clock_reset(m);
  comp_e_reset(&m->monitor);
  cy15b104q_power_on(&m->spi_fram);
}
