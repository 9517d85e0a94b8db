#include "cy15b104q.h"

enum {
  WRSR = 0x01,
  WRITE = 0x02,
  READ = 0x03,
  WRDI = 0x04,
  RDSR = 0x05,
  WREN = 0x06,
  FAST_READ = 0x0b,
  RDID = 0x9f
};
enum { WEL = 0x02, PROTECTION = 0x0c, WRITABLE_STATUS = 0x8c };

static const uint8_t device_id[9] = {0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0xc2, 0x26, 0x08};

void cy15b104q_power_on(cy15b104q *chip) {
  chip->selected = 0;
  chip->writes = 0;
  chip->status &= (uint8_t)~WEL;
}

void cy15b104q_select(cy15b104q *chip) {
  chip->selected = 1;
  chip->position = 0;
  chip->address = 0;
  chip->writes = 0;
  chip->selections++;
}

void cy15b104q_deselect(cy15b104q *chip) {
  if (!chip->selected)
    return;
  chip->selected = 0;
  /* WREN sets the latch; only a selection that could write clears it again. */
  if (chip->position != 0u && (chip->command == WRITE || chip->command == WRSR))
    chip->status &= (uint8_t)~WEL;
  chip->writes = 0;
}

/* Upper quarter, half, or all of the memory. */
static int is_protected(const cy15b104q *chip) {
  static const uint32_t first[4] = {CY15B104Q_BYTES, 0x60000u, 0x40000u, 0u};
  return chip->address >= first[(chip->status & PROTECTION) >> 2];
}

static void store(cy15b104q *chip, uint8_t byte) {
  if (!chip->writes || is_protected(chip)) {
    chip->refused++;
  } else if (chip->may_store == 0 || chip->may_store(chip->context)) {
    const uint32_t address = chip->address;
    chip->memory[address] = byte;
    chip->stores++;
    if (chip->stored != 0)
      chip->stored(chip->context, address);
  }
  chip->address = (chip->address + 1u) % CY15B104Q_BYTES;
}

static uint8_t load(cy15b104q *chip) {
  const uint8_t byte = chip->memory[chip->address];
  chip->reads++;
  chip->address = (chip->address + 1u) % CY15B104Q_BYTES;
  return byte;
}

static void begin(cy15b104q *chip, uint8_t command) {
  chip->command = command;
  switch (command) {
  case WREN:
    chip->status |= WEL;
    break;
  case WRDI:
    chip->status &= (uint8_t)~WEL;
    break;
  case WRITE:
  case WRSR:
    chip->writes = (chip->status & WEL) != 0;
    break;
  case READ:
  case FAST_READ:
  case RDSR:
  case RDID:
    break;
  default:
    chip->unknown++;
  }
}

uint8_t cy15b104q_exchange(cy15b104q *chip, uint8_t in) {
  if (!chip->selected)
    return 0xff;
  const uint32_t position = chip->position++;
  if (position == 0u) {
    begin(chip, in);
    return 0xff;
  }
  switch (chip->command) {
  case RDSR:
    return chip->status;
  case RDID:
    return device_id[(position - 1u) % sizeof device_id];
  case WRSR:
    if (position == 1u && chip->writes)
      chip->status = (uint8_t)((chip->status & ~WRITABLE_STATUS) | (in & WRITABLE_STATUS));
    else if (position == 1u)
      chip->refused++;
    return 0xff;
  case READ:
  case FAST_READ:
  case WRITE:
    break;
  default:
    return 0xff;
  }
  if (position <= 3u) {
    /* Three bytes; the five highest bits mean nothing. */
    chip->address = (chip->address << 8 | in) % CY15B104Q_BYTES;
    return 0xff;
  }
  if (chip->command == WRITE) {
    store(chip, in);
    return 0xff;
  }
  if (chip->command == FAST_READ && position == 4u)
    return 0xff;
  return load(chip);
}
