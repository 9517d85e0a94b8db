/** The runtime of one model: brownout.h without its one global. Tests drive it directly. */
#ifndef BROWNOUT_RUNTIME_H
#define BROWNOUT_RUNTIME_H

#include "brownout.h"
#include "protocol.h"

/** Lives in VM and must be zero after reset; everything else is read from NVM by the boot. */
typedef struct {
  bo_progress progress;
  uint8_t booted;
  uint8_t releases_known;
  uint8_t delivered;  /**< `inference` has been handed out since this boot and is not released */
  uint16_t inference; /**< see brownout_inference() */
} bo_runtime;

bo_status bo_runtime_boot(bo_runtime *runtime, const bo_model *model);
bo_status bo_runtime_start(bo_runtime *runtime, const void *input);
bo_status bo_runtime_run(bo_runtime *runtime);
bo_status bo_runtime_result(bo_runtime *runtime, void *output);
bo_status bo_runtime_infer(bo_runtime *runtime, const bo_model *model, const void *input,
                           void *output);
int bo_runtime_wants_input(bo_runtime *runtime);
void bo_runtime_release(bo_runtime *runtime);

#endif
