/** The board as QEMU's mps2-an386 gives it: no clocks to set, no pins, and it stays powered. */
#include "port.h"

void bo_port_init(void) {}
void bo_port_after_commit(void) {}
