/** Runs golden inputs through the runtime on the host: nvm.bin and input codes in, output codes
 * out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brownout.h"
#include "host.h"

static const char *inputs;
static int failed;

static void run(void *context) {
  (void)context;
  const size_t code = bo_code_bytes(&brownout_model);
  void *input = malloc(code * brownout_model.inputs);
  void *output = malloc(code * brownout_model.outputs);
  FILE *file = fopen(inputs, "rb");
  while (file != NULL && fread(input, code, brownout_model.inputs, file) == brownout_model.inputs) {
    const bo_status status = brownout_infer(input, output);
    if (status != BO_DONE) {
      fprintf(stderr, "status %d\n", (int)status);
      failed = 1;
      break;
    }
    brownout_release();
    fwrite(output, code, brownout_model.outputs, stdout);
  }
  if (file == NULL)
    failed = 1;
  else
    fclose(file);
  free(input);
  free(output);
}

int main(int count, char **arguments) {
  if (count != 3)
    return 2;
  inputs = arguments[2];
  bo_host_nvm_make(brownout_model.nvm_bytes);
  FILE *image = fopen(arguments[1], "rb");
  if (image == NULL)
    return 2;
  if (fread(bo_host_nvm(), 1, brownout_model.nvm_bytes, image) == 0u)
    return 2;
  fclose(image);
  bo_host_vm(brownout_model.vm_bytes < 4096u ? 4096u : brownout_model.vm_bytes);
  bo_host_power_cycle(run, NULL, NULL, 0);
  return failed;
}
