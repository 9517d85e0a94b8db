#include "dma.h"

#include "port.h"

static void block(uint32_t to, uint32_t from, uint16_t count, uint16_t width) {
  bo_dma_address(DMA_SA(0), from);
  bo_dma_address(DMA_DA(0), to);
  DMA_SZ(0) = count;
  DMA_CTL(0) = (uint16_t)(DMADT_BLOCK | DMADSTINCR_3 | DMASRCINCR_3 | width | DMAEN | DMAREQ);
  /* It begins one or two instructions later. */
  while ((DMA_CTL(0) & DMAEN) != 0u) {
  }
}

#define BYTES (DMASRCBYTE | DMADSTBYTE)

void bo_dma_copy(uint32_t to, uint32_t from, uint16_t bytes) {
  const uint16_t odd = (uint16_t)from & 1u;
  if (bytes == 0u)
    return;
  if ((((uint16_t)to ^ (uint16_t)from) & 1u) != 0u) {
    block(to, from, bytes, BYTES);
    return;
  }
  if (odd != 0u)
    block(to, from, 1, BYTES);
  const uint16_t words = (uint16_t)((bytes - odd) / 2u);
  const uint16_t done = (uint16_t)(odd + 2u * words);
  if (words != 0u)
    block(to + odd, from + odd, words, 0);
  if (done != bytes)
    block(to + done, from + done, 1, BYTES);
}

/* The image in FRAM, wherever the linker has put it: half addresses that fit 16 bits. */
extern const uint8_t bo_image_low[], bo_image_high[];

uint32_t bo_image_address(void) {
  return (uint32_t)(uint16_t)(uintptr_t)bo_image_high << 16 | (uint16_t)(uintptr_t)bo_image_low;
}
