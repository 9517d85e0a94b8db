/*
 * DMA controller (SLAU367 chapter "DMA Controller"): single and block transfers, bytes and words,
 * 20-bit addresses, triggers DMAREQ and eUSCI flags. Two cycles a transfer and two to begin; bursts
 * are taken as blocks; a trigger is an edge, lost where it comes before the channel is enabled.
 */
#include "bus.h"
#include "peripherals.h"

enum {
  DMAREQ = 0x0001,
  DMAIFG = 0x0008,
  DMAEN = 0x0010,
  SOURCE_BYTE = 0x0040,
  DESTINATION_BYTE = 0x0080
};
enum { SINGLE = 0, REPEATED = 4 };

uint16_t dma_read(const msp430x *m, uint32_t offset) {
  if (offset < 0x0au)
    return m->dma_control[offset / 2u];
  if (offset < 0x10u)
    return 0;
  const dma_channel *channel = &m->dma[(offset - 0x10u) / 0x10u];
  switch (offset & 0xeu) {
  case 0x0:
    return channel->control;
  case 0x2:
    return (uint16_t)channel->source;
  case 0x4:
    return (uint16_t)(channel->source >> 16);
  case 0x6:
    return (uint16_t)channel->destination;
  case 0x8:
    return (uint16_t)(channel->destination >> 16);
  case 0xa:
    return (channel->control & DMAEN) != 0u ? channel->left : channel->size;
  default:
    return 0;
  }
}

/* Triggers 14 to 17: RX and TX flags of UCA0 and UCA1 for channels 0-2, of UCA2 and UCA3 for 3-5.
 */
static unsigned selected(const msp430x *m, unsigned number) {
  return m->dma_control[number / 2u] >> (8u * (number % 2u)) & 0x1fu;
}

static int is_eusci(unsigned select) { return select >= 14u && select <= 17u; }

/* Times that the flag has gone up. */
static uint32_t rises(msp430x *m, unsigned number, unsigned select) {
  eusci_spi *unit = &m->spi[(number < 3u ? 0u : 2u) + (select - 14u) / 2u];
  eusci_spi_settle(unit, m->count.cycles);
  return unit->rises[select % 2u];
}

static void enable(msp430x *m, dma_channel *channel) {
  const unsigned number = (unsigned)(channel - m->dma), select = selected(m, number);
  /* An edge that came earlier triggers nothing. */
  if (is_eusci(select))
    channel->seen = rises(m, number, select);
  channel->at_source = channel->source;
  channel->at_destination = channel->destination;
  channel->left = channel->size;
  m->dma_active = 1;
}

void dma_write(msp430x *m, uint32_t offset, uint16_t value) {
  if (offset < 0x0au) {
    m->dma_control[offset / 2u] = value;
    return;
  }
  if (offset < 0x10u) {
    bus_warn(m, DMA_BASE + offset);
    return;
  }
  dma_channel *channel = &m->dma[(offset - 0x10u) / 0x10u];
  switch (offset & 0xeu) {
  case 0x0:
    if ((value & DMAEN) != 0u && (channel->control & DMAEN) == 0u)
      enable(m, channel);
    channel->control = value;
    break;
  case 0x2:
    /* A word clears the upper bits; a 20-bit store writes them next. */
    channel->source = value;
    break;
  case 0x4:
    channel->source = (channel->source & 0xffffu) | (uint32_t)(value & 0xfu) << 16;
    break;
  case 0x6:
    channel->destination = value;
    break;
  case 0x8:
    channel->destination = (channel->destination & 0xffffu) | (uint32_t)(value & 0xfu) << 16;
    break;
  case 0xa:
    channel->size = value;
    break;
  default:
    bus_warn(m, DMA_BASE + offset);
  }
}

static int is_triggered(msp430x *m, unsigned number) {
  dma_channel *channel = &m->dma[number];
  const unsigned select = selected(m, number);
  if (select == 0u) {
    const int requested = (channel->control & DMAREQ) != 0u;
    channel->control &= (uint16_t)~DMAREQ;
    return requested;
  }
  if (!is_eusci(select)) {
    bus_warn(m, DMA_BASE + number / 2u * 2u);
    channel->control &= (uint16_t)~DMAEN;
    return 0;
  }
  const uint32_t now = rises(m, number, select);
  const int is_new = now != channel->seen;
  channel->seen = now;
  return is_new;
}

static uint32_t advance(uint32_t address, unsigned mode, uint32_t bytes) {
  return (mode == 3u ? address + bytes : mode == 2u ? address - bytes : address) & 0xfffffu;
}

static void transfer(msp430x *m, dma_channel *channel) {
  const operand_size from = (channel->control & SOURCE_BYTE) != 0u ? SIZE_BYTE : SIZE_WORD;
  const operand_size to = (channel->control & DESTINATION_BYTE) != 0u ? SIZE_BYTE : SIZE_WORD;
  const uint32_t value = bus_read(m, channel->at_source, from);
  bus_write(m, channel->at_destination, to, value);
  m->count.cycles += 2u;
  m->count.dma_transfers++;
  channel->at_source = advance(channel->at_source, channel->control >> 8 & 3u, from);
  channel->at_destination = advance(channel->at_destination, channel->control >> 10 & 3u, to);
  channel->left--;
}

static void finish(msp430x *m, dma_channel *channel) {
  channel->control |= DMAIFG;
  if ((channel->control >> 12 & REPEATED) != 0u)
    enable(m, channel);
  else
    channel->control &= (uint16_t)~DMAEN;
}

void dma_run(msp430x *m) {
  m->dma_active = 0;
  for (unsigned number = 0; number < DMA_CHANNELS; number++) {
    dma_channel *channel = &m->dma[number];
    if ((channel->control & DMAEN) == 0u)
      continue;
    m->dma_active = 1;
    if (channel->left == 0u || !is_triggered(m, number))
      continue;
    const int single = (channel->control >> 12 & 3u) == SINGLE;
    m->count.cycles += 2u;
    do {
      if (m->count.cycles >= m->limits.cycles)
        m->state = MACHINE_CUT;
      if (m->state == MACHINE_CUT)
        return;
      transfer(m, channel);
    } while (!single && channel->left != 0u);
    if (channel->left == 0u)
      finish(m, channel);
  }
}
