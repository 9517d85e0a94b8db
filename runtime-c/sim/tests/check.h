/** One line `ok NAME` or `FAIL NAME` per test, `N passed, N failed` last. */
#ifndef BROWNOUT_SIM_CHECK_H
#define BROWNOUT_SIM_CHECK_H

#include <stdio.h>

typedef void check_function(void);

void check_begin(const char *name);
/** Reports the test that check_begin() named. */
void check_end(void);
void check_failed(const char *file, int line, const char *what);
/** Prints the counts; the exit status. */
int check_summary(void);

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition))                                                                              \
      check_failed(__FILE__, __LINE__, #condition);                                                \
  } while (0)
#define RUN(function)                                                                              \
  do {                                                                                             \
    check_begin(#function);                                                                        \
    function();                                                                                    \
    check_end();                                                                                   \
  } while (0)

void test_instructions(void);
void test_cycles(void);
void test_mpy32(void);
void test_crc16(void);
void test_machine(void);
void test_devices(void);
void test_elf(void);

#endif
