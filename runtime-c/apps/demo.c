/** An application without a sensor: golden vectors in turn; the completion flag tells a right
 * result. */
#include <stddef.h>

#include "app.h"
#include "brownout.h"
#include "vectors.h"

extern const bo_vectors_file bo_vectors;

static uint16_t vector_of(uint16_t inference) { return inference % bo_vectors.count; }

/* Where no vector fits beside the network there is nothing to infer. */
const bo_code *brownout_app_input(uint16_t inference) {
  if (bo_vectors.count == 0u)
    return NULL;
  return bo_vector_input(&bo_vectors, vector_of(inference));
}

void brownout_app_result(uint16_t inference, const bo_code *output) {
  const bo_code *expected = bo_vector_output(&bo_vectors, vector_of(inference));
  int right = 1;
  for (uint16_t i = 0; i < bo_vectors.outputs; i++)
    right &= output[i] == expected[i];
  bo_board_completion(right);
}

void brownout_app_refused(void) { bo_board_completion(0); }
