#include "vectors_file.h"

#include <stddef.h>

const bo_vectors_file *bo_vectors_of(const bo_model *model, const void *data, uint32_t bytes) {
  const bo_vectors_file *file = data;
  if (bytes < sizeof *file || file->magic != BO_VECTORS_MAGIC || file->count == 0u ||
      file->inputs != model->inputs || file->outputs != model->outputs ||
      file->element_bytes != bo_code_bytes(model))
    return NULL;
  const uint64_t codes = (uint64_t)file->count * ((uint32_t)file->inputs + file->outputs);
  return bytes - sizeof *file < codes * file->element_bytes ? NULL : file;
}
