/** mspdebug has no exit: it stops at a breakpoint on `bo_simulation_stop`; its console takes bytes.
 */
#include "simulation.h"

/* `simio add console`, at its default address. */
#define CONSOLE (*(volatile uint8_t *)0x00ffu)

void bo_simulation_stop(void);

void bo_simulation_print(const char *text) {
  while (*text != 0)
    CONSOLE = (uint8_t)*text++;
}

void __attribute__((noinline)) bo_simulation_stop(void) {
  for (;;) {
  }
}

void bo_simulation_end(uint16_t status) {
  (void)status;
  bo_simulation_stop();
}
