/**
 * Runs every test, or those named: `ok NAME` or `FAIL NAME`, then `N passed, N failed`. `--first`
 * ends with the first failure; `replay CASE REPLAY-ID` repeats what test conformance printed;
 * `campaign SHAPES [SCHEME [STATES]]` is the conformance suite on more shapes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "counters.h"

static const char *current;
static int failures;
static char note[200];

void check_failed(const char *file, int line, const char *format, ...) {
  if (failures++ != 0)
    return;
  va_list arguments;
  va_start(arguments, format);
  printf("%s:%d: in %s: ", file, line, current);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
}

void check_note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(note, sizeof note, format, arguments);
  va_end(arguments);
}

int check_has_failed(void) { return failures != 0; }

int main(int count, char **names) {
  static const struct {
    const char *name;
    void (*run)(void);
  } tests[] = {
      {"kernels", test_kernels},
      {"lea", test_lea},
      {"crc", test_crc},
      {"records", test_records},
      {"results", test_results},
      {"image", test_image},
      {"provisioning", test_provisioning},
      {"first_start", test_first_start},
      {"reflash", test_reflash},
      {"layers", test_layers},
      {"counters", test_counters},
      {"one_cut", test_one_cut},
      {"many_cuts", test_many_cuts},
      {"sequence_wrap", test_sequence_wrap},
      {"conformance_tile", test_conformance_tile},
      {"conformance_hawaii", test_conformance_hawaii},
      {"conformance_stateful", test_conformance_stateful},
      {"conformance_checkpoint", test_conformance_checkpoint},
      {"conformance_ideal", test_conformance_ideal},
      {"spi", test_spi},
      {"hostile", test_hostile},
      {"kept", test_kept},
  };
  const int until_first = count > 1 && strcmp(names[1], "--first") == 0;
  if (count == 4 && strcmp(names[1], "replay") == 0)
    return conformance_replay(names[2], names[3]);
  current = "campaign";
  if (count >= 3 && count <= 5 && strcmp(names[1], "campaign") == 0)
    return conformance_campaign(count - 2, (const char *const *)names + 2);
  names += until_first;
  count -= until_first;
  int passed = 0, failed = 0;
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    /* Without kept counters there is nothing of theirs to test. */
    int wanted = count < 2 && (BO_KEEP_COUNTERS || tests[i].run != test_kept);
    for (int n = 1; n < count; n++)
      wanted |= strcmp(names[n], tests[i].name) == 0;
    if (!wanted)
      continue;
    current = tests[i].name;
    failures = 0;
    note[0] = 0;
    tests[i].run();
    printf("%s %s%s%s%s\n", failures == 0 ? "ok" : "FAIL", current,
           BO_KEEP_COUNTERS ? " with counters kept" : "", note[0] != 0 ? ": " : "", note);
    fflush(stdout);
    if (failures == 0)
      passed++;
    else
      failed++;
    if (failed != 0 && until_first)
      break;
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
