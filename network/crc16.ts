/** CRC-16/CCITT-FALSE (polynomial 0x1021, not reflected), as bo_crc16() of runtime-c/core/crc.h. */
export function crc16(bytes: Uint8Array, start = 0xffff): number {
  let crc = start;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
