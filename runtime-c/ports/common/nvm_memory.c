/**
 * NVM that is mapped to memory from the linker symbol `bo_nvm_memory`: the internal FRAM of
 * MSP430FR devices; in a simulator, any memory that outlives a reset. Words, and bytes where a
 * transfer does not lie on words on both sides, are written in ascending order.
 */
#include "port.h"

extern volatile uint8_t bo_nvm_memory[];

void bo_port_nvm_read(uint32_t address, void *to, uint16_t bytes) {
  const volatile uint8_t *from = bo_nvm_memory + address;
  uint8_t *byte = to;
  if ((((uintptr_t)from ^ (uintptr_t)byte) & 1u) == 0u) {
    if (((uintptr_t)from & 1u) != 0u && bytes != 0u)
      *byte++ = *from++, bytes--;
    for (; bytes > 1u; bytes -= 2u, byte += 2, from += 2)
      *(uint16_t *)(void *)byte = *(const volatile uint16_t *)(const volatile void *)from;
  }
  for (; bytes != 0u; bytes--)
    *byte++ = *from++;
}

void bo_port_nvm_write(uint32_t address, const void *from, uint16_t bytes) {
  volatile uint8_t *to = bo_nvm_memory + address;
  const uint8_t *byte = from;
  if ((((uintptr_t)to ^ (uintptr_t)byte) & 1u) == 0u) {
    if (((uintptr_t)to & 1u) != 0u && bytes != 0u)
      *to++ = *byte++, bytes--;
    for (; bytes > 1u; bytes -= 2u, byte += 2, to += 2)
      *(volatile uint16_t *)(volatile void *)to = *(const uint16_t *)(const void *)byte;
  }
  for (; bytes != 0u; bytes--)
    *to++ = *byte++;
}

/* A store is in FRAM when the next one begins. */
void bo_port_confirm(void) {}
