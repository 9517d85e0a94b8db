/** What compilers call although nobody wrote it. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  volatile uint8_t *target = to;
  const uint8_t *source = from;
  while (bytes-- != 0u)
    *target++ = *source++;
  return to;
}

void *memset(void *to, int value, size_t bytes) {
  volatile uint8_t *target = to;
  while (bytes-- != 0u)
    *target++ = (uint8_t)value;
  return to;
}
