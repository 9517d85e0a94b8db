/** Executes preservation batches: what nest.h walks, docs/protocol-brownout.md section "One batch".
 */
#ifndef BROWNOUT_ENGINE_H
#define BROWNOUT_ENGINE_H

#include "nest.h"
#include "protocol.h"

/** Batches of a layer. */
uint32_t bo_engine_batches(const bo_layer *layer);

/**
 * Runs a batch of the layer that the record names, from an empty VM: loads, sums, writes. The
 * caller commits. Reads nothing that it writes, so it may run again after a cut and writes the same
 * bytes. Of schemes that send groups it begins at `place`, others at the beginning of
 * `place->batch`.
 */
void bo_engine_run(bo_progress *progress, const bo_place *place);

#endif
