#!/usr/bin/env bash
# Builds and runs the explorer's C++ tests:
#   bash native/test/run.sh            release flags
#   bash native/test/run.sh sanitize   AddressSanitizer and UBSan, assertions on
#   bash native/test/run.sh thread     ThreadSanitizer, assertions on
#   bash native/test/run.sh builds     release and debug builds answer with the same bytes
# Prints `ok NAME` or `FAIL NAME` per test, and `N passed, N failed` at the end.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
kind="${1:-plain}"

# build FOLDER TARGET OPTION...: what is built lies in build/FOLDER.
build() {
  local folder="$(dirname "$here")/build/$1" target="$2"
  shift 2
  mkdir -p "$(dirname "$folder")"
  if ! { cmake -S "$here" -B "$folder" -DBROWNOUT_WERROR=ON "$@" &&
    cmake --build "$folder" --parallel 2 --target "$target"; } >"$folder.log" 2>&1; then
    cat "$folder.log" >&2
    echo "FAIL build of the explorer's tests"
    echo "0 passed, 1 failed"
    exit 1
  fi
  program="$folder/$target"
}

case "$kind" in
plain) build explorer-test-plain explorer_test ;;
sanitize) build explorer-test-sanitize explorer_test -DBROWNOUT_SANITIZE=address,undefined ;;
thread) build explorer-test-thread explorer_test -DBROWNOUT_SANITIZE=thread ;;
builds)
  name="explore_layers() answers with the same bytes, built for release or debugging"
  build explorer-test-plain explorer_digest
  release="$("$program")"
  build explorer-test-debug explorer_digest -DCMAKE_BUILD_TYPE=Debug
  debug="$("$program")"
  if [ -n "$release" ] && [ "$release" = "$debug" ]; then
    echo "ok $name"
    echo "1 passed, 0 failed"
    exit 0
  fi
  echo "FAIL $name"
  echo "  release $release, debug $debug"
  echo "0 passed, 1 failed"
  exit 1
  ;;
*)
  echo "run.sh: no kind \"$kind\": plain, sanitize, thread or builds" >&2
  exit 2
  ;;
esac
exec "$program"
