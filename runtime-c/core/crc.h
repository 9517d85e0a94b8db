/**
 * Checksums of records and images.
 *
 * CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xffff, not reflected): memory that is all 0x00 or
 * all 0xff never passes as a record. CRC-32 (IEEE 802.3, reflected), as zlib computes it.
 */
#ifndef BROWNOUT_CRC_H
#define BROWNOUT_CRC_H

#include <stdint.h>

#define BO_CRC16_START 0xffffu
#define BO_CRC32_START 0u

/** Continues `crc` over `bytes` bytes; start with BO_CRC16_START. A port whose chip computes it has
 * a twin (BO_CRC16_TWIN). */
uint16_t bo_crc16(uint16_t crc, const void *data, uint16_t bytes);

/** Continues `crc` over `bytes` bytes; start with BO_CRC32_START. */
uint32_t bo_crc32(uint32_t crc, const void *data, uint16_t bytes);

#endif
