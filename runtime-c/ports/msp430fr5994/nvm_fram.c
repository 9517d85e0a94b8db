/**
 * NVM in the FRAM from 0x10000 on, by DMA blocks: 208 KB. A word reaches FRAM whole, words in
 * ascending order, and a transfer has ended before the next instruction.
 */
#include "board.h"
#include "dma.h"
#include "port.h"

void bo_port_nvm_read(uint32_t address, void *to, uint16_t bytes) {
  bo_dma_copy((uint16_t)(uintptr_t)to, bo_image_address() + address, bytes);
}

void bo_port_nvm_write(uint32_t address, const void *from, uint16_t bytes) {
  bo_dma_copy(bo_image_address() + address, (uint16_t)(uintptr_t)from, bytes);
}

void bo_port_confirm(void) {}

void bo_board_nvm_init(void) {}
