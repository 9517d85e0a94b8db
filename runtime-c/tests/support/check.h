/** A test says what it saw; the runner prints one line per test and counts. */
#ifndef BROWNOUT_TEST_CHECK_H
#define BROWNOUT_TEST_CHECK_H

#include <stdint.h>

/** Notes a failure of the test at hand, with a printf message; the first one is printed. */
void __attribute__((format(printf, 3, 4)))
check_failed(const char *file, int line, const char *format, ...);

#define CHECK(condition, ...)                                                                      \
  do {                                                                                             \
    if (!(condition))                                                                              \
      check_failed(__FILE__, __LINE__, __VA_ARGS__);                                               \
  } while (0)

/** Something worth reading on the test's line, e.g. how many cuts were tried. */
void __attribute__((format(printf, 1, 2))) check_note(const char *format, ...);

/** Whether the test at hand has failed, so that a long loop may end. */
int check_has_failed(void);

void test_kernels(void);
void test_lea(void);
void test_crc(void);
void test_records(void);
void test_results(void);
void test_image(void);
void test_provisioning(void);
void test_first_start(void);
void test_reflash(void);
void test_layers(void);
void test_counters(void);
void test_one_cut(void);
void test_many_cuts(void);
void test_sequence_wrap(void);
/** Only of the build that keeps counters. */
void test_kept(void);
/** What `replay` does: 0 where nothing is wrong with it, 1 where something is, 2: no such id. */
int conformance_replay(const char *which, const char *id);
/**
 * The suite on more shapes; prints totals. `words`: shapes of each kind and code size; a scheme
 * (default: all); states of NVM that a network is explored to (20000). 0 where nothing is wrong.
 */
int conformance_campaign(int count, const char *const *words);
void test_conformance_tile(void);
void test_conformance_hawaii(void);
void test_conformance_stateful(void);
void test_conformance_checkpoint(void);
void test_conformance_ideal(void);
void test_spi(void);
void test_hostile(void);

#endif
