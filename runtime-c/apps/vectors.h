/** vectors.bin, as the firmware stage makes it from the golden vectors. */
#ifndef BROWNOUT_VECTORS_H
#define BROWNOUT_VECTORS_H

#include <stdint.h>

/** "BVEC" */
#define BO_VECTORS_MAGIC 0x43455642u

typedef struct {
  uint32_t magic;
  uint16_t count, inputs, outputs;
  uint16_t element_bytes; /**< 1 or 2 */
  uint8_t codes[];        /**< count x { inputs, then expected outputs }, in codes */
} bo_vectors_file;

static inline const void *bo_vector_input(const bo_vectors_file *file, uint16_t vector) {
  return file->codes +
         vector * ((uint32_t)file->inputs + file->outputs) * (uint32_t)file->element_bytes;
}

static inline const void *bo_vector_output(const bo_vectors_file *file, uint16_t vector) {
  return (const uint8_t *)bo_vector_input(file, vector) +
         (uint32_t)file->inputs * file->element_bytes;
}

#endif
