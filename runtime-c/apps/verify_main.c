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

/** Tiles of random shapes, and the sums of the largest. */
enum { TILES = 1000, MOST_SUMS = 3 * 3 * 7 };

/** At most `most`. */
static unsigned draw(uint32_t *random, unsigned most) {
  *random = *random * 1664525u + 1013904223u;
  return (uint16_t)(*random >> 16) % (most + 1u);
}

/** Where there is room for input and weights between `codes` and `end`. */
static void check_tile(const bo_windows *w, const int16_t *codes, const int16_t *end,
                       uint32_t *random) {
  static int32_t sums[MOST_SUMS], expected[MOST_SUMS];
  const uint32_t inputs = (uint32_t)(w->rows - 1u) * w->down + (w->columns - 1u) * w->right +
                          (w->lines - 1u) * w->input_row + w->line;
  const uint32_t weights = (uint32_t)w->channels * w->lines * w->line;
  const int16_t *input = codes + draw(random, 1);
  const int16_t *const kernel = codes + (inputs + 2u) / 2u * 2u + (draw(random, 3) == 0u);
  if (inputs + weights + 3u > (uint32_t)(end - codes))
    return;
  for (uint16_t i = 0; i < MOST_SUMS; i++)
    sums[i] = expected[i] = INT32_MAX - i;
  bo_windows_s16(sums, w, input, kernel);
  bo_windows_s16_reference(expected, w, input, kernel);
  for (uint16_t i = 0; i < MOST_SUMS; i++)
    bo_verification.kernel_mismatches += (uint16_t)(sums[i] != expected[i]);
}

/**
 * The board's windows against their definition, on tiles of up to 7 channels from any start: in
 * turn with lines that have gaps, in short and in longer spans; with windows in a row, of one
 * channel as of several; and with windows of 72 to 192 elements.
 */
static void check_windows(void) {
  bo_code *const codes = (bo_code *)(void *)bo_vm;
  const uint32_t bytes = bo_port_vm_bytes();
  const int16_t *const first = (const int16_t *)(const void *)bo_vm;
  uint32_t random = 1;
  fill(codes, (uint16_t)(bytes / sizeof *codes));
  for (uint16_t i = 0; i < TILES; i++) {
    static const uint8_t shortest[4] = {0, 0, 0, 72}, longest[4] = {8, 26, 40, 96};
    const uint16_t kind = i % 4u;
    const int in_a_row = kind >= 2u;
    bo_windows w;
    w.span = shortest[kind] + draw(&random, (uint16_t)(longest[kind] - shortest[kind]));
    if (draw(&random, 3) == 0u)
      w.span &= ~7u;
    w.lines = 1u + draw(&random, kind == 3u ? 1 : 2);
    w.line = w.span * (1u + draw(&random, in_a_row ? 0 : 1));
    w.channels = in_a_row && draw(&random, 1) == 0u ? 1u : 1u + draw(&random, 6);
    w.rows = 1u + draw(&random, in_a_row ? 4 : 2);
    w.columns = 1u + draw(&random, in_a_row ? 0 : 2);
    w.right = w.span * (1u + draw(&random, 1));
    w.input_row = (w.columns - 1u) * w.right + w.line;
    if (!in_a_row)
      w.input_row += draw(&random, 3) == 0u;
    w.down = w.input_row * (1u + draw(&random, kind == 3u ? 0 : 1));
    check_tile(&w, first, first + bytes / sizeof *first, &random);
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
