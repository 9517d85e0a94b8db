/** The NVM is programmed together with the program. */
#include <stddef.h>

#include "port.h"

const uint8_t *bo_port_image(uint32_t *bytes) {
  *bytes = 0;
  return NULL;
}
