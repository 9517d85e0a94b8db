/** What a program that runs in a simulator says to it. */
#ifndef BROWNOUT_SIMULATION_H
#define BROWNOUT_SIMULATION_H

#include <stdint.h>

/** To the console, where the simulator has one. */
void bo_simulation_print(const char *text);
/** Ends the run; the status is the simulator's exit status where it has one. Does not return. */
void bo_simulation_end(uint16_t status);

#endif
