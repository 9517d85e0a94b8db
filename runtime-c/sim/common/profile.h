/** Where instructions and cycles go, by function of the firmware. */
#ifndef BROWNOUT_SIM_PROFILE_H
#define BROWNOUT_SIM_PROFILE_H

#include "board.h"

typedef struct {
  board_profile taken;
} function_profile;

/** From now on the board counts; exits where the host has no memory for it. */
void profile_start(function_profile *p, board *b);
/**
 * Lines `function,instructions,cycles`, by address; without the functions that it calls. On the
 * MSP430 a DMA transfer belongs to the instruction that starts it. Frees the profile; 0: the file
 * cannot be written.
 */
int profile_write(function_profile *p, const elf_file *elf, const char *path);

#endif
