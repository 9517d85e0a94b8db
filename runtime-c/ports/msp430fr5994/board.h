/** Between the parts of this port. */
#ifndef BROWNOUT_MSP430FR5994_BOARD_H
#define BROWNOUT_MSP430FR5994_BOARD_H

#include <stdint.h>

/** Halves that fit the 16-bit words of code that cannot point there; see sections.ld. */
extern const uint8_t bo_image_low[], bo_image_high[];

/** Where the linker has put nvm.bin. */
static inline uint32_t bo_image_address(void) {
  return (uint32_t)(uint16_t)(uintptr_t)bo_image_high << 16 | (uint16_t)(uintptr_t)bo_image_low;
}
/** Once after reset, clocks set. */
void bo_board_nvm_init(void);

#endif
