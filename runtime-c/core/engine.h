/** Executes preservation batches: what nest.h walks, docs/protocol-brownout.md section "One batch".
 */
#ifndef BROWNOUT_ENGINE_H
#define BROWNOUT_ENGINE_H

#include "format.h"

/** Batches of a layer. */
uint32_t bo_engine_batches(const bo_layer *layer);

/**
 * Runs batch `index` of `layer` from an empty VM: loads, sums, writes. The caller commits. Reads
 * nothing that it writes, so it may run again after a cut and writes the same bytes.
 */
void bo_engine_run(const bo_model *model, const bo_layer *layer, uint32_t index);

#endif
