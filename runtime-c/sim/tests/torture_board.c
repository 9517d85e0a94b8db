/* The MSP430 side: startup.S calls main() and stops at bo_unexpected. */
#include "torture.h"

int main(void);
int main(void) {
  torture_run();
  return 0;
}
