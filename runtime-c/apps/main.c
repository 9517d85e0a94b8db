/** What is flashed: samples, infers across power cuts, hands out each result once. */
#include <stddef.h>

#include "app.h"
#include "brownout.h"
#include "platform.h"
#include "port.h"

static bo_code output[BO_OUTPUTS];

int main(void) {
  bo_port_init();
  for (;;) {
    const bo_code *input = NULL;
    if (brownout_wants_input())
      input = brownout_app_input((uint16_t)(brownout_inference() + 1u));
    switch (brownout_infer(input, output)) {
    case BO_DONE:
      brownout_app_result(brownout_inference(), output);
      brownout_release();
      break;
    case BO_REFUSED:
      brownout_app_refused();
      break;
    default:
      break;
    }
  }
}
