/**
 * Measures what platforms/<board>.yaml charges for, with the board's own timer, and leaves a log:
 *
 *     brownout-microbench 1
 *     board msp430fr5994
 *     clock 16000000
 *     kernel mpy32
 *     empty 0 32 1234          what, elements, times in a row, cycles of all
 *     nvm_read 8 32 56789
 *     ...
 *     end 41 1a2b              lines of measurements, CRC-16 of all bytes before this line
 *
 * `deno task profile` turns it into a profile; docs/profiling.md. The log lies in
 * `bo_microbench_log` and in NVM from MICROBENCH_LOG on. The completion flag is high while
 * something is measured, for an oscilloscope or an energy probe.
 */
#include "microbench.h"

#include "app.h"
#include "compute.h"
#include "crc.h"
#include "dot.h"
#include "format.h"
#include "platform.h"
#include "port.h"
#include "protocol.h"
#include "requantise.h"

#ifndef BO_KERNEL
#error "BO_KERNEL: name of the kernel, a string"
#endif

/** NVM: records, what transfers move, the log. */
enum { SCRATCH = 64, LOG = 1024, LOG_BYTES = 2048, LONGEST = 256 };
/** VM: sums and weights of a conv's tile, its input behind them; elements. */
enum { SUMS = 64, WEIGHTS = 1188 };

char bo_microbench_log[LOG_BYTES];
void bo_microbench_done(void);

static uint16_t log_used;
static uint16_t lines;

static void put_text(const char *text) {
  while (*text != 0 && log_used < LOG_BYTES)
    bo_microbench_log[log_used++] = *text++;
}

static void put_number(uint32_t value) {
  char digits[11];
  uint16_t at = sizeof digits - 1u;
  digits[at] = 0;
  do {
    digits[--at] = (char)('0' + value % 10u);
    value /= 10u;
  } while (value != 0u);
  put_text(&digits[at]);
}

static void put_hex(uint16_t value) {
  char digits[5];
  for (int i = 3; i >= 0; i--, value = (uint16_t)(value >> 4))
    digits[i] = "0123456789abcdef"[value & 15u];
  digits[4] = 0;
  put_text(digits);
}

static int16_t *vectors(void) { return (int16_t *)(void *)bo_vm; }

/* Not static, so that a simulator can be asked for one call of each. */
void bo_op_empty(uint16_t n);
void bo_op_read(uint16_t n);
void bo_op_write(uint16_t n);
void bo_op_mac(uint16_t n);
void bo_op_conv(uint16_t n);
void bo_op_tile(uint16_t outputs, uint16_t channels, uint16_t kernel, uint16_t n);
void bo_op_add(uint16_t n);
void bo_op_multiply(uint16_t n);
void bo_op_divide(uint16_t n);
void bo_op_max(uint16_t n);
void bo_op_requantise(uint16_t n);
void bo_op_commit(uint16_t n);
void bo_op_boot(uint16_t n);

/* Memory to memory, as the engine's own arithmetic is; volatile, so that nothing is left out. */
static volatile uint32_t word_a = 0x00012345u, word_b = 0x00000123u, word_c;
static volatile uint16_t conv_outputs = 0x41;
static volatile int16_t short_a = 12345, short_most;
static const bo_requantisation requantisation = {
    .multiplier = 23456, .shift = 27, .minimum = -32768, .maximum = 32767};
static const bo_layer no_layer = {.shape = {.kind = BO_CONV}};
static const bo_model no_model = {.layers = &no_layer, .layer_count = 1, .image_id = 0x5a5a};
static bo_progress progress;

void bo_op_empty(uint16_t n) { (void)n; }
void bo_op_read(uint16_t n) { bo_port_nvm_read(SCRATCH, bo_vm, (uint16_t)(2u * n)); }
void bo_op_write(uint16_t n) { bo_port_nvm_write(SCRATCH, bo_vm, (uint16_t)(2u * n)); }
void bo_op_mac(uint16_t n) { word_c = (uint32_t)bo_dot_s16(vectors(), vectors() + LONGEST, n); }
static void no_products(const bo_shape *shape, const bo_design *design, const bo_tile *tile,
                        const void *input, const void *weights, int32_t *sums) {
  (void)shape, (void)design, (void)tile, (void)input, (void)weights, (void)sums;
}
/**
 * A tile of a conv: `outputs` and `kernel` are rows * 16 + columns, `n` the input channels; kernel
 * 0: what that takes beside bo_compute_products(). Apart from `bo_op_conv` for a simulator that
 * asks for the time of other shapes.
 */
void __attribute__((noinline))
bo_op_tile(uint16_t outputs, uint16_t channels, uint16_t kernel, uint16_t n) {
  static void (*const volatile computes[2])(const bo_shape *, const bo_design *, const bo_tile *,
                                            const void *, const void *,
                                            int32_t *) = {no_products, bo_compute_products};
  static const bo_design design = {.span = BO_SPAN_CHANNEL};
  static bo_shape shape = {.kind = BO_CONV, .stride_h = 1, .stride_w = 1};
  static bo_tile tile;
  shape.kernel_h = (uint8_t)(kernel >> 4), shape.kernel_w = (uint8_t)(kernel & 15u);
  tile.rows = outputs >> 4, tile.columns = outputs & 15u;
  tile.channels = channels, tile.depth = n;
  tile.window_h = (uint16_t)(tile.rows + shape.kernel_h - 1u);
  tile.window_w = (uint16_t)(tile.columns + shape.kernel_w - 1u);
  /* The sums come first, so that weights and input follow at once. */
  int32_t *sums = (int32_t *)(void *)bo_vm;
  const int16_t *weights = (const int16_t *)(const void *)(sums + SUMS);
  computes[kernel != 0u](&shape, &design, &tile, weights + WEIGHTS, weights, sums);
}
/** 4 x 1 outputs of 4 channels, a kernel of 3 x 1: 48 n products. */
void bo_op_conv(uint16_t n) { bo_op_tile(conv_outputs, 4, 0x31, n); }
void bo_op_add(uint16_t n) {
  (void)n;
  word_c = word_a + word_b;
}
void bo_op_multiply(uint16_t n) {
  (void)n;
  word_c = word_a * word_b;
}
void bo_op_divide(uint16_t n) {
  (void)n;
  word_c = word_a / word_b;
}
void bo_op_max(uint16_t n) {
  (void)n;
  const int16_t code = short_a;
  if (code > short_most)
    short_most = code;
}
void bo_op_requantise(uint16_t n) {
  (void)n;
  short_most = bo_requantise((int32_t)word_a, &requantisation);
}
void bo_op_commit(uint16_t n) { bo_commit(&progress, 0, 1, n); }
void bo_op_boot(uint16_t n) {
  (void)n;
  bo_port_init();
  bo_progress_read(&progress, &no_model);
}

/* On 16 bytes, the period of the FRAM's cache: the loop waits alike whatever is linked before it.
 */
static uint32_t __attribute__((noinline, aligned(16)))
timed(void (*operation)(uint16_t), uint16_t n, uint16_t times) {
  bo_board_completion(1);
  const uint32_t start = bo_timer_read();
  for (uint16_t left = times; left != 0u; left--)
    operation(n);
  const uint32_t end = bo_timer_read();
  bo_board_completion(0);
  return (end - start) & bo_timer_most;
}

static void put_line(const char *what, uint16_t n, uint16_t times, uint32_t cycles) {
  put_text(what);
  put_text(" ");
  put_number(n);
  put_text(" ");
  put_number(times);
  put_text(" ");
  put_number(cycles);
  put_text("\n");
  lines++;
}

/** Up to 32 times in a row, long ones less often. */
static void measure(const char *what, void (*operation)(uint16_t), uint16_t n) {
  const uint32_t once = timed(operation, n, 1);
  uint16_t times = 1;
  while (times < 32u && 2u * times * once < 32768u)
    times = (uint16_t)(2u * times);
  put_line(what, n, times, timed(operation, n, times));
}

static void measure_sizes(const char *what, void (*operation)(uint16_t)) {
  static const uint16_t sizes[] = {2, 4, 8, 16, 24, 32, 64, 128, 192, LONGEST};
  for (uint16_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    measure(what, operation, sizes[i]);
}

int main(void) {
  bo_port_init();
  bo_timer_start();
  int16_t *codes = vectors();
  for (uint16_t i = 0; i < 2u * LONGEST; i++)
    codes[i] = (int16_t)(i * 40503u) / 64;
  progress.model = &no_model;
  put_text("brownout-microbench 1\nboard ");
  put_text(bo_timer_board);
  put_text("\nclock ");
  put_number(bo_timer_clock_Hz);
  put_text("\nkernel " BO_KERNEL "\n");
  measure("empty", bo_op_empty, 0);
  measure_sizes("nvm_write", bo_op_write);
  measure_sizes("nvm_read", bo_op_read);
  measure_sizes("mac", bo_op_mac);
  static const uint16_t depths[] = {8, 24, 48, 96};
  for (uint16_t i = 0; i < sizeof depths / sizeof *depths; i++)
    measure("conv", bo_op_conv, depths[i]);
  measure("add", bo_op_add, 0);
  measure("multiply", bo_op_multiply, 0);
  measure("divide", bo_op_divide, 0);
  measure("max", bo_op_max, 0);
  measure("requantise", bo_op_requantise, 0);
  measure("commit", bo_op_commit, 0);
  put_line("boot", 0, 1, timed(bo_op_boot, 0, 1));
  const uint16_t crc = bo_crc16(BO_CRC16_START, bo_microbench_log, log_used);
  put_text("end ");
  put_number(lines);
  put_text(" ");
  put_hex(crc);
  put_text("\n");
  bo_port_nvm_write(LOG, bo_microbench_log, LOG_BYTES);
  bo_port_confirm();
  bo_microbench_done();
  return 0;
}

/** A simulator stops here; a debugger may. */
void __attribute__((noinline)) bo_microbench_done(void) {
  for (;;) {
  }
}
