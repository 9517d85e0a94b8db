/** vectors.bin from a file that may be anything. */
#ifndef BROWNOUT_VECTORS_FILE_H
#define BROWNOUT_VECTORS_FILE_H

#include "format.h"
#include "vectors.h"

/** The vectors in `bytes` bytes at `data` (4-byte aligned), or null where they are not those of
 * `model`: of another format or size, or cut short. */
const bo_vectors_file *bo_vectors_of(const bo_model *model, const void *data, uint32_t bytes);

#endif
