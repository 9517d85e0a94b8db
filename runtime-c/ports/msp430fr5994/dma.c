#include "dma.h"

#include "port.h"

static inline void block(uint32_t to, uint32_t from, uint16_t count, uint16_t width) {
  bo_dma_addresses(to, from);
  DMA_SZ(0) = count;
  DMA_CTL(0) = (uint16_t)(DMADT_BLOCK | DMADSTINCR_3 | DMASRCINCR_3 | width | DMAEN | DMAREQ);
  /* It begins one or two instructions later. */
  while ((DMA_CTL(0) & DMAEN) != 0u) {
  }
}

#define BYTES (DMASRCBYTE | DMADSTBYTE)

/** Where an address or the length is odd. */
static void __attribute__((noinline)) copy_odd(uint32_t to, uint32_t from, uint16_t bytes) {
  if ((((uint16_t)to ^ (uint16_t)from) & 1u) != 0u) {
    block(to, from, bytes, BYTES);
    return;
  }
  if (((uint16_t)from & 1u) != 0u) {
    block(to, from, 1, BYTES);
    to++, from++, bytes--;
  }
  if (bytes >= 2u)
    block(to, from, bytes / 2u, 0);
  if ((bytes & 1u) != 0u)
    block(to + bytes - 1u, from + bytes - 1u, 1, BYTES);
}

void bo_dma_copy(uint32_t to, uint32_t from, uint16_t bytes) {
  if (bytes == 0u)
    return;
  if ((((uint16_t)to | (uint16_t)from | bytes) & 1u) != 0u)
    copy_odd(to, from, bytes);
  else
    block(to, from, bytes / 2u, 0);
}
