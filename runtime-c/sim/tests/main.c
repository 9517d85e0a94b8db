#include "check.h"

static const char *name;
static int failures_here, passed, failed;

void check_begin(const char *test) {
  name = test;
  failures_here = 0;
}

void check_failed(const char *file, int line, const char *what) {
  if (failures_here++ < 5)
    printf("  %s:%d: %s\n", file, line, what);
}

void check_end(void) {
  printf("%s %s\n", failures_here == 0 ? "ok" : "FAIL", name);
  passed += failures_here == 0;
  failed += failures_here != 0;
}

int check_summary(void) {
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}

int main(void) {
  test_instructions();
  test_cycles();
  test_mpy32();
  test_crc16();
  test_machine();
  test_devices();
  test_elf();
  return check_summary();
}
