/**
 * NVM that is mapped to memory from the linker symbol `bo_nvm_memory`: the internal FRAM of
 * MSP430FR devices; in a simulator, any memory that outlives a reset. Words are written in
 * ascending order.
 */
#include "port.h"

extern volatile uint16_t bo_nvm_memory[];

void bo_port_nvm_read(uint32_t address, void *to, uint16_t bytes) {
  const volatile uint16_t *from = &bo_nvm_memory[address / 2u];
  uint16_t *word = to;
  for (uint16_t left = bytes / 2u; left != 0u; left--)
    *word++ = *from++;
}

void bo_port_nvm_write(uint32_t address, const void *from, uint16_t bytes) {
  volatile uint16_t *to = &bo_nvm_memory[address / 2u];
  const uint16_t *word = from;
  for (uint16_t left = bytes / 2u; left != 0u; left--)
    *to++ = *word++;
}

/* A store is in FRAM when the next one begins. */
void bo_port_confirm(void) {}
