/**
 * Runs every vector of vectors.bin through the runtime and compares bit for bit: for simulators.
 * What was seen lies in `bo_verification`; its CRC-32 lets the outside judge without trusting this.
 */
#include <stddef.h>

#include "brownout.h"
#include "crc.h"
#include "platform.h"
#include "port.h"
#include "simulation.h"
#include "vectors.h"

extern const bo_vectors_file bo_vectors;

/** Little-endian, packed as it stands; read from memory by its symbol. */
volatile struct {
  uint32_t magic;      /**< BO_VECTORS_MAGIC when the run is over */
  uint16_t inferences; /**< results that came out */
  uint16_t mismatches; /**< of these, not equal to the expected outputs */
  uint16_t status;     /**< last bo_status */
  uint16_t reserved;
  uint32_t outputs_crc; /**< CRC-32 over all output codes in order, as they came out */
} bo_verification;

static int16_t output[BO_OUTPUTS];

static void print_number(uint32_t value) {
  char text[11];
  uint16_t at = sizeof text - 1u;
  text[at] = 0;
  do {
    text[--at] = (char)('0' + value % 10u);
    value /= 10u;
  } while (value != 0u);
  bo_simulation_print(&text[at]);
}

static void print_field(const char *name, uint32_t value) {
  bo_simulation_print(name);
  print_number(value);
}

static void run_vector(uint16_t vector) {
  const int16_t *expected = bo_vector_output(&bo_vectors, vector);
  const bo_status status = brownout_infer(bo_vector_input(&bo_vectors, vector), output);
  uint16_t wrong = 0;
  bo_verification.status = (uint16_t)status;
  if (status != BO_DONE)
    return;
  for (uint16_t i = 0; i < BO_OUTPUTS; i++)
    wrong |= (uint16_t)(output[i] != expected[i]);
  bo_verification.inferences++;
  bo_verification.mismatches = (uint16_t)(bo_verification.mismatches + wrong);
  bo_verification.outputs_crc = bo_crc32(bo_verification.outputs_crc, output, sizeof output);
  brownout_release();
}

int main(void) {
  bo_port_init();
  bo_verification.outputs_crc = BO_CRC32_START;
  for (uint16_t vector = 0; vector < bo_vectors.count; vector++)
    run_vector(vector);
  bo_verification.magic = BO_VECTORS_MAGIC;
  print_field("{\"inferences\":", bo_verification.inferences);
  print_field(",\"mismatches\":", bo_verification.mismatches);
  print_field(",\"status\":", bo_verification.status);
  print_field(",\"outputs_crc\":", bo_verification.outputs_crc);
  bo_simulation_print("}\n");
  bo_simulation_end(bo_verification.inferences != bo_vectors.count ||
                    bo_verification.mismatches != 0u);
  return 0;
}
