#include "eusci_spi.h"

enum { UCMST = 0x0800, UCSYNC = 0x0100, UCSWRST = 0x0001 };
enum { UCOE = 0x20, UCBUSY = 0x01 };

eusci_register eusci_spi_register(uint32_t offset, int is_b) {
  switch (offset & ~1u) {
  case 0x00:
    return EUSCI_CTLW0;
  case 0x06:
    return EUSCI_BRW;
  case 0x08:
    return is_b ? EUSCI_STATW : EUSCI_OTHER;
  case 0x0a:
    return is_b ? EUSCI_OTHER : EUSCI_STATW;
  case 0x0c:
    return EUSCI_RXBUF;
  case 0x0e:
    return EUSCI_TXBUF;
  case 0x1a:
    return is_b ? EUSCI_OTHER : EUSCI_IE;
  case 0x1c:
    return is_b ? EUSCI_OTHER : EUSCI_IFG;
  case 0x2a:
    return is_b ? EUSCI_IE : EUSCI_OTHER;
  case 0x2c:
    return is_b ? EUSCI_IFG : EUSCI_OTHER;
  default:
    return EUSCI_OTHER;
  }
}

/* UCSWRST: TXIFG set, everything else that moves cleared; the set-up stays. */
static void hold(eusci_spi *unit) {
  unit->flags = EUSCI_TXIFG;
  unit->shifting = 0;
  unit->overrun = 0;
  unit->interrupts = 0;
}

void eusci_spi_reset(eusci_spi *unit) {
  unit->control = UCSWRST;
  unit->divider = 0;
  unit->receive = 0;
  hold(unit);
}

static void set_flags(eusci_spi *unit, uint16_t flags) {
  const unsigned risen = flags & ~(unsigned)unit->flags;
  unit->rises[0] += (risen & EUSCI_RXIFG) != 0u;
  unit->rises[1] += (risen & EUSCI_TXIFG) != 0u;
  unit->flags = flags;
}

static void begin(eusci_spi *unit, uint64_t now) {
  const uint64_t divider = unit->divider == 0u ? 1u : unit->divider;
  unit->shift = unit->next;
  unit->shifting = 1;
  set_flags(unit, unit->flags | EUSCI_TXIFG);
  unit->done_at = now + unit->byte_time * divider;
}

void eusci_spi_settle(eusci_spi *unit, uint64_t now) {
  while (unit->shifting && now >= unit->done_at) {
    const uint8_t in = unit->exchange == 0 ? 0xff : unit->exchange(unit->context, unit->shift);
    unit->bytes++;
    if ((unit->flags & EUSCI_RXIFG) != 0u) {
      unit->overrun = 1;
      unit->overruns++;
    }
    unit->receive = in;
    set_flags(unit, unit->flags | EUSCI_RXIFG);
    unit->shifting = 0;
    if ((unit->flags & EUSCI_TXIFG) == 0u)
      begin(unit, unit->done_at);
  }
}

uint16_t eusci_spi_read(eusci_spi *unit, eusci_register which, uint64_t now) {
  eusci_spi_settle(unit, now);
  switch (which) {
  case EUSCI_CTLW0:
    return unit->control;
  case EUSCI_BRW:
    return unit->divider;
  case EUSCI_STATW:
    return (uint16_t)((unit->shifting ? UCBUSY : 0) | (unit->overrun ? UCOE : 0));
  case EUSCI_RXBUF:
    unit->flags &= (uint16_t)~EUSCI_RXIFG;
    unit->overrun = 0;
    return unit->receive;
  case EUSCI_IE:
    return unit->interrupts;
  case EUSCI_IFG:
    return unit->flags;
  default:
    return 0;
  }
}

void eusci_spi_write(eusci_spi *unit, eusci_register which, uint16_t value, uint64_t now) {
  eusci_spi_settle(unit, now);
  switch (which) {
  case EUSCI_CTLW0:
    unit->control = value;
    if ((value & UCSWRST) != 0u)
      hold(unit);
    break;
  case EUSCI_BRW:
    unit->divider = value;
    break;
  case EUSCI_TXBUF:
    if ((unit->control & UCSWRST) != 0u || (unit->control & (UCMST | UCSYNC)) != (UCMST | UCSYNC)) {
      unit->misuses++;
      break;
    }
    unit->next = (uint8_t)value;
    unit->flags &= (uint16_t)~EUSCI_TXIFG;
    if (!unit->shifting)
      begin(unit, now);
    eusci_spi_settle(unit, now);
    break;
  case EUSCI_IE:
    unit->interrupts = value;
    break;
  case EUSCI_IFG:
    set_flags(unit, value);
    break;
  default:
    break;
  }
}
