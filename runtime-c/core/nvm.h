/** The core's only way to NVM: the port's transfers, counted. */
#ifndef BROWNOUT_NVM_H
#define BROWNOUT_NVM_H

#include "counters.h"
#include "port.h"

static inline void bo_nvm_read(uint32_t address, void *to, uint16_t bytes) {
  BO_COUNT(reads, 1);
  BO_COUNT(read_bytes, bytes);
  bo_port_nvm_read(address, to, bytes);
}

static inline void bo_nvm_write(uint32_t address, const void *from, uint16_t bytes) {
  BO_COUNT(writes, 1);
  BO_COUNT(write_bytes, bytes);
  bo_port_nvm_write(address, from, bytes);
}

#endif
