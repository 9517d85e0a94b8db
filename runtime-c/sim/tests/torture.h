/** What both sides of the compiled program print. */
#ifndef BROWNOUT_SIM_TORTURE_H
#define BROWNOUT_SIM_TORTURE_H

#include <stdint.h>

#define TORTURE_HASHES 5
extern volatile uint32_t torture_hashes[TORTURE_HASHES];
void torture_run(void);

#endif
