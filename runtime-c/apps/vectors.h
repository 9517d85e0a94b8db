/** vectors.bin, as the firmware stage makes it from the golden vectors. */
#ifndef BROWNOUT_VECTORS_H
#define BROWNOUT_VECTORS_H

#include <stdint.h>

/** "BVEC" */
#define BO_VECTORS_MAGIC 0x43455642u

typedef struct {
  uint32_t magic;
  uint16_t count, inputs, outputs, reserved;
  int16_t codes[]; /**< count x { inputs, then expected outputs } */
} bo_vectors_file;

static inline const int16_t *bo_vector_input(const bo_vectors_file *file, uint16_t vector) {
  return file->codes + (uint32_t)vector * ((uint32_t)file->inputs + file->outputs);
}

static inline const int16_t *bo_vector_output(const bo_vectors_file *file, uint16_t vector) {
  return bo_vector_input(file, vector) + file->inputs;
}

#endif
