/**
 * The DMA controller (SLAU367 chapter "DMA Controller"): moves bytes anywhere in the 1 MB of
 * addresses while the CPU stands still. It reaches the upper FRAM, which 16-bit pointers cannot.
 */
#ifndef BROWNOUT_MSP430FR5994_DMA_H
#define BROWNOUT_MSP430FR5994_DMA_H

#include <stdint.h>

#include "registers.h"

#define DMACTL1 REG16(0x0502u)
#define DMACTL2 REG16(0x0504u)
#define DMA_CHANNEL(number) (0x0510u + 0x10u * (number))
#define DMA_CTL(number) REG16(DMA_CHANNEL(number))
#define DMA_SA(number) (DMA_CHANNEL(number) + 0x2u)
#define DMA_DA(number) (DMA_CHANNEL(number) + 0x6u)
#define DMA_SZ(number) REG16(DMA_CHANNEL(number) + 0xau)
#define DMAREQ 0x0001u
#define DMAEN 0x0010u
#define DMASRCBYTE 0x0040u
#define DMADSTBYTE 0x0080u
#define DMASRCINCR_3 0x0300u
#define DMADSTINCR_3 0x0c00u
#define DMADT_BLOCK 0x1000u

/** Writes all 20 bits of an address register; a store of 16 would clear the upper four. */
#ifdef __MSP430X_LARGE__
static inline void bo_dma_address(uint16_t at, uint32_t address) {
  __extension__ typedef unsigned __int20__ address_20;
  *(volatile address_20 *)(uintptr_t)at = (address_20)address;
}
static inline void bo_dma_addresses(uint32_t to, uint32_t from) {
  bo_dma_address(DMA_SA(0), from);
  bo_dma_address(DMA_DA(0), to);
}
#else
void bo_write_20_bits(uint16_t low, uint16_t high, uint16_t at);
static inline void bo_dma_address(uint16_t at, uint32_t address) {
  bo_write_20_bits((uint16_t)address, (uint16_t)(address >> 16), at);
}
/** Both of channel 0, in one call: each transfer to NVM makes it. */
void bo_dma_addresses(uint32_t to, uint32_t from);
#endif

/** Copies `bytes` bytes in ascending order; words where both addresses allow it. */
void bo_dma_copy(uint32_t to, uint32_t from, uint16_t bytes);

#endif
