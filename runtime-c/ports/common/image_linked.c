/** An external NVM is provisioned from the image in program memory. */
#include "port.h"

extern const uint8_t bo_image[], bo_image_end[];

const uint8_t *bo_port_image(uint32_t *bytes) {
  *bytes = (uint32_t)(bo_image_end - bo_image);
  return bo_image;
}
