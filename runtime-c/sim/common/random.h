/** SplitMix64: repeatable noise and cut positions, the same on every host. */
#ifndef BROWNOUT_SIM_RANDOM_H
#define BROWNOUT_SIM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t state;
} random_source;

static inline uint64_t random_next(random_source *source) {
  uint64_t z = source->state += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

/** Streams of different (seed, stream) are independent. */
static inline random_source random_from(uint64_t seed, uint64_t stream) {
  random_source source = {seed ^ stream * 0xd1342543de82ef95ull};
  random_next(&source);
  return source;
}

/** In [0, below); `below` >= 1. */
static inline uint64_t random_below(random_source *source, uint64_t below) {
  return random_next(source) % below;
}

static inline void random_fill(random_source *source, uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++)
    bytes[i] = (uint8_t)(random_next(source) >> 56);
}

#endif
