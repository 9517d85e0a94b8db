/**
 * bo_crc16() on the CRC module (SLAU367 chapter "CRC16 Module"): CRCDIRB takes a byte with its high
 * bit first, so that CRCINIRES is CRC-16/CCITT-FALSE. One set of registers serves everyone, as of
 * MPY32: an application whose interrupt handlers use the module must keep them off around the
 * runtime. mspdebug has no such module; its program computes in software.
 */
#include "crc.h"

#include "registers.h"

uint16_t bo_crc16(uint16_t crc, const void *data, uint16_t bytes) {
  register const uint8_t *byte __asm__("r13") = data;
  CRCINIRES = crc;
  for (; bytes != 0u; bytes--) {
    /* mov.b @r13+, &CRCDIRB: as words, since clang's assembler refuses this mode. */
    __asm__ volatile(".word 0x4df2, 0x0152" : "+r"(byte) : : "memory");
  }
  return CRCINIRES;
}
