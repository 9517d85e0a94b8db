/**
 * The CRC module: CRC-CCITT over bytes, 0x1021 (SLAU367 chapter "CRC16 Module"). A result is there
 * at once: a byte takes one cycle, any instruction more. Words are not modelled.
 */
#ifndef BROWNOUT_SIM_CRC16_H
#define BROWNOUT_SIM_CRC16_H

#include <stdint.h>

/** Bytes of its register file; on the FR5994 it starts at 0x0150. */
#define CRC16_BYTES 8u

typedef struct {
  uint16_t result;
} crc16_unit;

/** `offset` in [0, CRC16_BYTES), even. */
uint16_t crc16_read(const crc16_unit *unit, uint32_t offset);
/** 0: nothing that is modelled is written so. */
int crc16_write(crc16_unit *unit, uint32_t offset, int is_byte, uint16_t value);

#endif
