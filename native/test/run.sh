#!/usr/bin/env bash
# Builds and runs the explorer's C++ tests:
#   bash native/test/run.sh            release flags
#   bash native/test/run.sh sanitize   AddressSanitizer and UBSan, assertions on
# Prints `ok NAME` or `FAIL NAME` per test, and `N passed, N failed` at the end.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
kind="${1:-plain}"
build="$(dirname "$here")/build/explorer-test-$kind"
options=(-DCMAKE_BUILD_TYPE=Release -DBROWNOUT_WERROR=ON)
if [ "$kind" = sanitize ]; then options+=(-DBROWNOUT_SANITIZE=ON); fi
log="$build.log"
mkdir -p "$(dirname "$build")"
if ! { cmake -S "$here" -B "$build" "${options[@]}" &&
  cmake --build "$build" --parallel 2 --target explorer_test; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "FAIL build of the explorer's tests"
  echo "0 passed, 1 failed"
  exit 1
fi
exec "$build/explorer_test"
