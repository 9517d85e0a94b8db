/** An external NVM is provisioned from the image in program memory. */
#include "port.h"

extern const uint8_t bo_image[], bo_image_end[];

uint32_t bo_port_image_bytes(void) { return (uint32_t)(bo_image_end - bo_image); }

void bo_port_image_read(uint32_t at, void *to, uint16_t bytes) {
  uint8_t *byte = to;
  for (uint16_t i = 0; i < bytes; i++)
    byte[i] = bo_image[at + i];
}
