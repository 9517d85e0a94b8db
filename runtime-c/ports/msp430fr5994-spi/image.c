/** The FRAM chip is provisioned from the image in the upper internal FRAM. */
#include "board.h"
#include "dma.h"
#include "port.h"

extern const uint8_t bo_image_size_low[], bo_image_size_high[];

uint32_t bo_port_image_bytes(void) {
  return (uint32_t)(uint16_t)(uintptr_t)bo_image_size_high << 16 |
         (uint16_t)(uintptr_t)bo_image_size_low;
}

void bo_port_image_read(uint32_t at, void *to, uint16_t bytes) {
  bo_dma_copy((uint16_t)(uintptr_t)to, bo_image_address() + at, bytes);
}
