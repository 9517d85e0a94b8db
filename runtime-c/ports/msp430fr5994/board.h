/** Between the parts of this port. */
#ifndef BROWNOUT_MSP430FR5994_BOARD_H
#define BROWNOUT_MSP430FR5994_BOARD_H

#include <stdint.h>

/** Where the linker has put nvm.bin. */
uint32_t bo_image_address(void);
/** Once after reset, clocks set. */
void bo_board_nvm_init(void);

#endif
