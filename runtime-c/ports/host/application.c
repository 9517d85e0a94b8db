#include "application.h"

#include <stdlib.h>
#include <string.h>

#include "kept.h"

static void use_result(bo_application *app) {
  const bo_model *model = app->subject->model;
  const uint16_t number = app->runtime.inference;
  const int again = app->consumed != 0u && number == (uint16_t)app->consumed;
  if (again && app->released == app->consumed) {
    app->wrong = "a released result was delivered again";
    return;
  }
  if (!again && number != (uint16_t)(app->consumed + 1u)) {
    app->wrong = "a result was skipped or is out of order";
    return;
  }
  if (!again)
    app->consumed++;
  const uint32_t vector = (app->consumed - 1u) % app->subject->count;
  const size_t bytes = bo_output_bytes(model);
  if (memcmp(app->subject->expected + vector * bytes, app->output, bytes) != 0) {
    app->wrong = "outputs differ from the reference";
  }
}

void bo_application_run(void *context) {
  bo_application *app = context;
  const bo_model *model = app->subject->model;
  memset(&app->runtime, 0x5a, sizeof app->runtime);
  app->runtime.booted = 0;
  while (app->wrong == NULL) {
    const uint32_t vector = app->consumed % app->subject->count;
    const uint8_t *input =
        app->subject->inputs + (size_t)vector * bo_code_bytes(model) * model->inputs;
    const int enough = app->consumed == app->wanted;
    memset(app->output, 0x77, bo_output_bytes(model));
    const bo_status status =
        bo_runtime_infer(&app->runtime, model, enough ? NULL : input, app->output);
    if (status == BO_NONE && enough) {
      app->released = app->consumed;
      return;
    }
    if (status != BO_DONE) {
      app->wrong = status == BO_REFUSED ? "the runtime refused" : "the runtime did nothing";
      return;
    }
    use_result(app);
    if (app->wrong != NULL)
      return;
    bo_runtime_release(&app->runtime);
    app->released = app->consumed;
  }
}

void bo_application_begin(bo_application *app, const bo_subject *subject, uint32_t wanted) {
  memset(app, 0, sizeof *app);
  app->subject = subject;
  app->wanted = wanted;
  app->output = malloc(bo_output_bytes(subject->model));
  if (app->output == NULL)
    exit(70);
  bo_host_nvm_make(bo_nvm_end(subject->model));
  bo_host_image(subject->provision ? subject->image : NULL, subject->image_bytes);
  if (!subject->provision)
    memcpy(bo_host_nvm(), subject->image, subject->image_bytes);
}
