/** The application under test: consumes results one after the other, and the oracle that watches.
 */
#ifndef BROWNOUT_APPLICATION_H
#define BROWNOUT_APPLICATION_H

#include "host.h"
#include "runtime.h"

/** What is put to the test. Outputs are compared with `expected` bit for bit. */
typedef struct {
  const bo_model *model;
  const uint8_t *image; /**< nvm.bin */
  uint32_t image_bytes;
  const uint8_t *inputs;   /**< codes [count][model->inputs] */
  const uint8_t *expected; /**< codes [count][model->outputs] */
  uint32_t count;
  int provision; /**< start with an empty NVM and the image in program memory */
} bo_subject;

/** The application and what it remembers outside of the device. */
typedef struct {
  const bo_subject *subject;
  bo_runtime runtime;
  uint8_t *output;
  uint32_t wanted;
  uint32_t consumed; /**< distinct results used */
  uint32_t released; /**< of these, known to be released */
  const char *wrong; /**< what the oracle objects to */
} bo_application;

/** Before the first boot: NVM as the subject's image programs it. `app->output` is the caller's to
 * free. */
void bo_application_begin(bo_application *app, const bo_subject *subject, uint32_t wanted);

/** What main() does after every boot; `context` is a bo_application. */
void bo_application_run(void *context);

#endif
