#include "runtime.h"

#include <stddef.h>

#include "engine.h"
#include "image.h"
#include "kept.h"
#include "nvm.h"
#include "planted.h"
#include "scheme.h"

static int idle(const bo_runtime *runtime) {
  const bo_progress *progress = &runtime->progress;
  return progress->record.layer == progress->model->layer_count + 1u;
}

bo_status bo_runtime_boot(bo_runtime *runtime, const bo_model *model) {
  if (runtime->booted)
    return BO_DONE;
  if (model->layer_count == 0u || !bo_scheme_is_built(model) ||
      model->vm_bytes > bo_port_vm_bytes() ||
      bo_result_stride(model->outputs, bo_code_bytes(model)) > bo_port_vm_bytes()) {
    return BO_REFUSED;
  }
  bo_kept_reset(model);
  bo_progress_read(&runtime->progress, model);
  BO_COUNT(boots, 1);
  const bo_record *record = &runtime->progress.record;
  /* Only another network whose image id is the same by chance leaves such a record. */
  if (record->layer < model->layer_count &&
      record->batch >= (bo_is_scheme(model, BO_SCHEME_TILE)
                            ? bo_engine_batches(&model->layers[record->layer])
                            : 1u)) {
    return BO_REFUSED;
  }
  bo_scheme_boot(&runtime->progress);
  runtime->releases_known = 0;
  runtime->delivered = 0;
  runtime->inference = runtime->progress.record.inference;
  runtime->booted = 1;
  bo_kept_boot(&runtime->progress);
  return BO_DONE;
}

/** Results waiting; more than two is nonsense. */
static uint16_t waiting(bo_runtime *runtime) {
  if (!runtime->releases_known) {
    bo_releases_read(&runtime->progress);
    runtime->releases_known = 1;
  }
  return bo_results_waiting(&runtime->progress);
}

/**
 * Only a start looks at the header and at designs: a valid record carries the image id, and exists
 * only since the image was found whole. The constants are checked once, before the first record of
 * their life; where the port has an image, what is not whole is provisioned.
 */
static int image_ok(bo_runtime *runtime) {
  const bo_model *model = runtime->progress.model;
  if (bo_image_header_ok(model) && (!runtime->progress.fresh || bo_image_constants_ok(model)))
    return 1;
  if (!bo_image_provision(model))
    return 0;
  /* Whatever was read at boot has just been erased. */
  bo_progress_read(&runtime->progress, model);
  bo_releases_read(&runtime->progress);
  return 1;
}

bo_status bo_runtime_start(bo_runtime *runtime, const void *input) {
  const bo_model *model = runtime->progress.model;
  if (!runtime->booted)
    return BO_REFUSED;
  if (!idle(runtime))
    return BO_BUSY;
  BO_COUNT_LAYER(model->layer_count);
  if (!bo_scheme_fits(model) || !image_ok(runtime))
    return BO_REFUSED;
  const uint16_t results = waiting(runtime);
  if (results > 2u && !BO_BUG_RESULT_OVERWRITTEN)
    return BO_REFUSED;
  if (results == 2u && !BO_BUG_RESULT_OVERWRITTEN)
    return BO_FULL;
  bo_kept_begin(&runtime->progress);
  runtime->inference = (uint16_t)(runtime->progress.record.inference + 1u);
  bo_scheme_store_input(&runtime->progress, runtime->inference, input);
  bo_scheme_start(&runtime->progress, runtime->inference);
  return BO_DONE;
}

/** What is next up to a commit, or the delivery and its commit. */
static void step(bo_runtime *runtime) {
  bo_progress *progress = &runtime->progress;
  const bo_model *model = progress->model;
  const bo_record now = progress->record;
  BO_COUNT_LAYER(now.layer);
  bo_kept_begin(progress);
  if (now.layer == model->layer_count) {
    bo_result_write(progress);
    bo_commit(progress, (uint16_t)(now.layer + 1u), now.inference, 0);
    return;
  }
  bo_scheme_step(progress);
}

bo_status bo_runtime_run(bo_runtime *runtime) {
  if (!runtime->booted)
    return BO_REFUSED;
  while (!idle(runtime))
    step(runtime);
  return BO_DONE;
}

bo_status bo_runtime_result(bo_runtime *runtime, void *output) {
  if (!runtime->booted)
    return BO_REFUSED;
  BO_COUNT_LAYER(runtime->progress.model->layer_count);
  const uint16_t results = waiting(runtime);
  if (results == 0u)
    return BO_NONE;
  if (results > 2u)
    return BO_REFUSED;
  runtime->inference = (uint16_t)(runtime->progress.release.inference + 1u);
  if (!bo_result_read(&runtime->progress, runtime->inference, output))
    return BO_REFUSED;
  runtime->delivered = 1;
  return BO_DONE;
}

int bo_runtime_wants_input(bo_runtime *runtime) {
  BO_COUNT_LAYER(runtime->progress.model->layer_count);
  if (!idle(runtime) || waiting(runtime) != 0u)
    return 0;
  /* A first start may take many power cycles: no sensor is sampled for those before the last. What
   * is refused, the start says. */
  if (runtime->progress.fresh)
    (void)image_ok(runtime);
  return 1;
}

void bo_runtime_release(bo_runtime *runtime) {
  if (!runtime->delivered)
    return;
  bo_release_write(&runtime->progress, runtime->inference);
  runtime->delivered = 0;
}

bo_status bo_runtime_infer(bo_runtime *runtime, const bo_model *model, const void *input,
                           void *output) {
  bo_status status = bo_runtime_boot(runtime, model);
  if (status != BO_DONE)
    return status;
  if (idle(runtime)) {
    status = bo_runtime_result(runtime, output);
    if (status != BO_NONE || input == NULL)
      return status;
    status = bo_runtime_start(runtime, input);
    if (status != BO_DONE)
      return status;
  }
  status = bo_runtime_run(runtime);
  return status == BO_DONE ? bo_runtime_result(runtime, output) : status;
}
