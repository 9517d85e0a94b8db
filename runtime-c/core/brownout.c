#include "brownout.h"

#include "protocol.h"
#include "runtime.h"

static bo_runtime runtime;

bo_status brownout_infer(const void *input, void *output) {
  return bo_runtime_infer(&runtime, &brownout_model, input, output);
}

uint16_t brownout_inference(void) { return runtime.inference; }

void brownout_release(void) { bo_runtime_release(&runtime); }

bo_status brownout_start(const void *input) {
  const bo_status status = bo_runtime_boot(&runtime, &brownout_model);
  return status == BO_DONE ? bo_runtime_start(&runtime, input) : status;
}

bo_status brownout_run(void) {
  const bo_status status = bo_runtime_boot(&runtime, &brownout_model);
  return status == BO_DONE ? bo_runtime_run(&runtime) : status;
}

bo_status brownout_result(void *output) {
  const bo_status status = bo_runtime_boot(&runtime, &brownout_model);
  return status == BO_DONE ? bo_runtime_result(&runtime, output) : status;
}

int brownout_wants_input(void) {
  return bo_runtime_boot(&runtime, &brownout_model) == BO_DONE && bo_runtime_wants_input(&runtime);
}
