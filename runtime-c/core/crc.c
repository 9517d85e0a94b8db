#include "crc.h"

#ifndef BO_CRC16_TWIN
uint16_t bo_crc16(uint16_t crc, const void *data, uint16_t bytes) {
  const uint8_t *byte = data;
  while (bytes-- != 0u) {
    crc = (uint16_t)((uint16_t)(crc >> 8) | (uint16_t)(crc << 8));
    crc = (uint16_t)(crc ^ *byte++);
    crc = (uint16_t)(crc ^ ((crc & 0xffu) >> 4));
    crc = (uint16_t)(crc ^ (uint16_t)(crc << 12));
    crc = (uint16_t)(crc ^ (uint16_t)((crc & 0xffu) << 5));
  }
  return crc;
}
#endif

uint32_t bo_crc32(uint32_t crc, const void *data, uint16_t bytes) {
  /* One entry per half byte: 64 bytes of table instead of 1024, at twice the steps. */
  static const uint32_t table[16] = {
      0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u,
      0x4db26158u, 0x5005713cu, 0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu,
      0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
  };
  const uint8_t *byte = data;
  crc = ~crc;
  while (bytes-- != 0u) {
    crc ^= *byte++;
    crc = (crc >> 4) ^ table[crc & 15u];
    crc = (crc >> 4) ^ table[crc & 15u];
  }
  return ~crc;
}
