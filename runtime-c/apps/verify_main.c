/**
 * Runs every vector of vectors.bin through the runtime and compares bit for bit: for simulators.
 * What was seen lies in `bo_verification`; its CRC-32 lets the outside judge without trusting this.
 */
#include <stddef.h>

#include "brownout.h"
#include "crc.h"
#include "dot.h"
#include "platform.h"
#include "port.h"
#include "simulation.h"
#include "vectors.h"
#include "windows.h"

extern const bo_vectors_file bo_vectors;

/** Little-endian, packed as it stands; read from memory by its symbol. */
volatile struct {
  uint32_t magic;             /**< BO_VECTORS_MAGIC when the run is over */
  uint16_t inferences;        /**< results that came out */
  uint16_t mismatches;        /**< of these, not equal to the expected outputs */
  uint16_t status;            /**< last bo_status */
  uint16_t kernel_mismatches; /**< random vectors whose sum is not that of the reference kernel */
  uint32_t outputs_crc;       /**< CRC-32 over all output codes in order, as they came out */
} bo_verification;

static bo_code output[BO_OUTPUTS];

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
  const bo_code *expected = bo_vector_output(&bo_vectors, vector);
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

#ifndef BO_DOT_SATURATES
#define BO_DOT_SATURATES 0
#endif
/** No sum of 64 products reaches 2^30, where a kernel that saturates is another function. */
#define CODE_DIVISOR (BO_DOT_SATURATES ? 16 : 1)

/** Random codes from VM's start on. */
static void fill(bo_code *codes, uint16_t count) {
  uint32_t random = 1;
  for (uint16_t i = 0; i < count; i++) {
    random = random * 1664525u + 1013904223u;
    codes[i] = (bo_code)((int16_t)(random >> 16) / CODE_DIVISOR);
  }
}

/** The board's kernel against its definition, on random codes in VM at every length and parity. */
static void check_kernel(void) {
  bo_code *codes = (bo_code *)(void *)bo_vm;
  const uint32_t room = bo_port_vm_bytes() / sizeof *codes;
  const uint16_t longest = (uint16_t)(room / 2u < 64u ? room / 2u : 64u);
  fill(codes, (uint16_t)(2u * longest));
  for (uint16_t n = 0; n < longest; n++) {
    for (uint16_t first = 0; first < 2u; first++) {
      const bo_code *a = codes + first, *b = codes + longest;
#if BO_ELEMENT_BYTES == 1
      const int32_t sum = bo_dot_s8(a, b, n), expected = bo_dot_s8_reference(a, b, n);
#else
      const int32_t sum = bo_dot_s16(a, b, n), expected = bo_dot_s16_reference(a, b, n);
#endif
      if (sum != expected)
        bo_verification.kernel_mismatches++;
    }
  }
}

/** Codes of VM that no kernel writes here, sums behind them. */
enum { WINDOW_INPUT = 160, WINDOW_WEIGHTS = 170, WINDOW_SUMS = 8 };

static void check_tile(const bo_windows *w, uint16_t first) {
  const int16_t *input = (const int16_t *)(const void *)bo_vm + first;
  const int16_t *weights = input + WINDOW_INPUT;
  int32_t sums[WINDOW_SUMS], expected[WINDOW_SUMS];
  for (uint16_t i = 0; i < WINDOW_SUMS; i++)
    sums[i] = expected[i] = INT32_MAX - i;
  bo_windows_s16(sums, w, input, weights);
  bo_windows_s16_reference(expected, w, input, weights);
  for (uint16_t i = 0; i < WINDOW_SUMS; i++)
    bo_verification.kernel_mismatches += (uint16_t)(sums[i] != expected[i]);
}

/**
 * The board's windows against their definition: two pixels of one to four channels, their spans
 * joined, line by line, and with gaps, from any start.
 */
static void check_windows(void) {
  const uint16_t codes = WINDOW_INPUT + WINDOW_WEIGHTS + 1;
  if (bo_port_vm_bytes() < 2u * codes)
    return;
  fill((bo_code *)(void *)bo_vm, (uint16_t)(2u * codes / sizeof(bo_code)));
  for (uint16_t length = 0; length < 20u; length++) {
    for (uint16_t form = 0; form < 64u; form++) {
      bo_windows w = {.span_rows = 2, .length = length};
      w.channels = (uint16_t)(1u + form % 4u);
      w.span_columns = (uint16_t)(1u + (form >> 2 & 1u));
      w.rows = (uint16_t)(1u + (form >> 3 & 1u)), w.columns = (uint16_t)(3u - w.rows);
      w.depth = (uint16_t)(length + (form >> 4 & 1u));
      w.input_row = (uint16_t)(w.span_columns * w.depth + (form >> 5 & 1u));
      w.right = w.depth, w.down = w.input_row;
      if (2u * w.span_columns * length * w.channels > WINDOW_WEIGHTS)
        continue;
      check_tile(&w, 0);
      check_tile(&w, 1);
    }
  }
}

int main(void) {
  bo_port_init();
  bo_verification.outputs_crc = BO_CRC32_START;
  check_kernel();
  check_windows();
  for (uint16_t vector = 0; vector < bo_vectors.count; vector++)
    run_vector(vector);
  bo_verification.magic = BO_VECTORS_MAGIC;
  print_field("{\"inferences\":", bo_verification.inferences);
  print_field(",\"mismatches\":", bo_verification.mismatches);
  print_field(",\"kernel_mismatches\":", bo_verification.kernel_mismatches);
  print_field(",\"status\":", bo_verification.status);
  print_field(",\"outputs_crc\":", bo_verification.outputs_crc);
  bo_simulation_print("}\n");
  bo_simulation_end(bo_verification.inferences != bo_vectors.count ||
                    bo_verification.mismatches != 0u || bo_verification.kernel_mismatches != 0u);
  return 0;
}
