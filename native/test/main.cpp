/** All C++ tests of the explorer; run by native/test/run.sh. */
#include "check.h"

int main() { return test::run_all(); }
