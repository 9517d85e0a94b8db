#!/usr/bin/env bash
# Builds and runs the explorer's C++ tests:
#   bash native/test/run.sh            release flags
#   bash native/test/run.sh sanitize   AddressSanitizer and UBSan, assertions on
#   bash native/test/run.sh thread     ThreadSanitizer, assertions on
#   bash native/test/run.sh builds     release and debug builds answer with the same bytes
#   bash native/test/run.sh fuzz N     N runs of each function of the addon, under AddressSanitizer and
#                                      UBSan (tests/explore/fuzz_addon_test.ts); seed BROWNOUT_FUZZ_SEED
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
  control="the checksum of the answers sees the last bit of a coefficient (negative control)"
  nudged="$("$program" nudge)"
  passed=0 failed=0
  # verdict NAME CONDITION...
  verdict() {
    if "${@:2}"; then
      echo "ok $1"
      passed=$((passed + 1))
    else
      echo "FAIL $1"
      echo "  release $release, debug $debug, nudged $nudged"
      failed=$((failed + 1))
    fi
  }
  verdict "$name" test -n "$release" -a "$release" = "$debug"
  verdict "$control" test -n "$nudged" -a "$nudged" != "$debug"
  echo "$passed passed, $failed failed"
  exit "$failed"
  ;;
fuzz)
  root="$(dirname "$here")"
  build addon-sanitize brownout -DBROWNOUT_SANITIZE=address,undefined -DCMAKE_JS_VERSION=8 \
    -DCMAKE_JS_INC="$root/node_modules/node-api-headers/include"
  addon="$root/build/addon-sanitize/root/native/build/Release"
  mkdir -p "$addon"
  cp "$root/build/addon-sanitize/brownout.node" "$addon/brownout.node"
  # Deno was not built with the sanitizers: their library comes first, and leaks of V8 are not ours.
  LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
    ASAN_OPTIONS=detect_leaks=0 BROWNOUT_FUZZ_ROOT="$root/build/addon-sanitize/root" \
    BROWNOUT_FUZZ_RUNS="${2:-1000}" exec deno test -A "$root/tests/explore/fuzz_addon_test.ts"
  ;;
*)
  echo "run.sh: no kind \"$kind\": plain, sanitize, thread, builds or fuzz" >&2
  exit 2
  ;;
esac
exec "$program"
