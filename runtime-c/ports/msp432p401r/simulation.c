/** A simulator's console and exit by ARM semihosting; in no shipped image. */
#include "simulation.h"

#include <stdint.h>

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, STOPPED_APPLICATION_EXIT = 0x20026 };

static void semihosting(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void bo_simulation_print(const char *text) { semihosting(SYS_WRITE0, text); }

void bo_simulation_end(uint16_t status) {
  const uint32_t block[2] = {STOPPED_APPLICATION_EXIT, status};
  semihosting(SYS_EXIT_EXTENDED, block);
  for (;;) {
  }
}
