/*
 * Compiled for the host and for MSP430: shifts, divisions, comparisons, bytes, a convolution,
 * pointers to functions, a switch. The hashes must be equal.
 */
#include "torture.h"

volatile uint32_t torture_hashes[TORTURE_HASHES];

static uint32_t seed;

static uint32_t next(void) {
  seed = seed * 1664525u + 1013904223u;
  return seed;
}

static uint32_t mix(uint32_t hash, uint32_t value) {
  return ((hash << 5) | (hash >> 27)) ^ (value * 2654435761u);
}

static uint32_t arithmetic(void) {
  uint32_t hash = 1;
  for (uint16_t i = 0; i < 200; i++) {
    const uint32_t a = next(), b = (next() >> (i % 24u)) | 1u;
    const int32_t sa = (int32_t)a, sb = (int32_t)(b | 3u);
    const int16_t ha = (int16_t)(a >> 8), hb = (int16_t)(b | 3u);
    hash = mix(hash, a / b);
    hash = mix(hash, a % b);
    hash = mix(hash, (uint32_t)(sa / sb));
    hash = mix(hash, (uint32_t)(sa % sb));
    hash = mix(hash, (uint32_t)(int32_t)(int16_t)(ha / hb));
    hash = mix(hash, (uint32_t)(int32_t)(int16_t)(ha % hb));
    hash = mix(hash, a << (i % 32u));
    hash = mix(hash, a >> (i % 32u));
    hash = mix(hash, (uint32_t)(sa >> (i % 32u)));
    hash = mix(hash, (uint32_t)((int32_t)ha * hb));
    hash = mix(hash, a * b);
  }
  return hash;
}

static uint32_t comparisons(void) {
  uint32_t hash = 2;
  for (uint16_t i = 0; i < 300; i++) {
    const uint32_t a = next(), b = i % 3u == 0u ? a : next();
    const int16_t ha = (int16_t)a, hb = (int16_t)(b >> 3);
    const int8_t ca = (int8_t)a, cb = (int8_t)(b >> 5);
    hash = mix(hash, (uint32_t)((a < b) | (a <= b) << 1 | ((int32_t)a < (int32_t)b) << 2 |
                                ((int32_t)a >= (int32_t)b) << 3 | (ha < hb) << 4 | (ha > hb) << 5 |
                                (ca < cb) << 6 | (ca >= cb) << 7));
  }
  return hash;
}

static int16_t input[64], weights[9];
static int32_t sums[36];

static uint32_t convolution(void) {
  uint32_t hash = 3;
  for (uint16_t i = 0; i < 64; i++)
    input[i] = (int16_t)(next() >> 16);
  for (uint16_t i = 0; i < 9; i++)
    weights[i] = (int16_t)(next() >> 16);
  for (uint16_t r = 0; r < 6; r++) {
    for (uint16_t c = 0; c < 6; c++) {
      int32_t sum = 0;
      for (uint16_t i = 0; i < 9; i++)
        sum += (int32_t)input[(r + i / 3u) * 8u + c + i % 3u] * weights[i] / 16;
      sums[r * 6u + c] = sum;
    }
  }
  for (uint16_t i = 0; i < 36; i++)
    hash = mix(hash, (uint32_t)sums[i]);
  return hash;
}

static uint8_t bytes[40];

static uint32_t byte_work(void) {
  uint32_t hash = 4;
  for (uint16_t round = 0; round < 20; round++) {
    for (uint16_t i = 0; i < sizeof bytes; i++)
      bytes[i] = (uint8_t)(bytes[i] * 5u + (uint8_t)(next() >> 24));
    for (uint16_t i = 1; i < sizeof bytes; i++) {
      const uint8_t value = bytes[i];
      uint16_t at = i;
      for (; at > 0 && bytes[at - 1u] > value; at--)
        bytes[at] = bytes[at - 1u];
      bytes[at] = value;
    }
    for (uint16_t i = 0; i < sizeof bytes; i++)
      hash = mix(hash, bytes[i]);
  }
  return hash;
}

static uint32_t twice(uint32_t x) { return x * 2u; }
static uint32_t rotate(uint32_t x) { return x << 16 | x >> 16; }
static uint32_t negate(uint32_t x) { return 0u - x; }
static uint32_t (*const functions[3])(uint32_t) = {twice, rotate, negate};

static uint32_t control_flow(void) {
  uint32_t hash = 5;
  for (uint16_t i = 0; i < 300; i++) {
    const uint32_t value = next();
    hash = mix(hash, functions[value % 3u](value));
    switch (value >> 29) {
    case 0:
      hash += 7u;
      break;
    case 1:
      hash ^= value;
      break;
    case 2:
      hash -= 3u;
      break;
    case 3:
      hash = ~hash;
      break;
    case 5:
      hash *= 3u;
      break;
    default:
      hash >>= 1;
    }
  }
  return hash;
}

void torture_run(void) {
  seed = 12345;
  torture_hashes[0] = arithmetic();
  torture_hashes[1] = comparisons();
  torture_hashes[2] = convolution();
  torture_hashes[3] = byte_work();
  torture_hashes[4] = control_flow();
}
