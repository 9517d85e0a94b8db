#!/bin/sh
# Every source with every compiler, warnings as errors; clang-format.
set -eu
cd "$(dirname "$0")/../.."
out=${OUT:-../build/runtime-c/check}
mkdir -p "$out"
flags="-std=c11 -fno-strict-aliasing -Wall -Wextra -Werror -pedantic -Icore -Ikernels -Iports/host
  -Iports/common -Itests/support -Iapps -Isim/lea/include"
clang=$(make -s -f ports/common/llvm.mk which-clang)
for compiler in gcc "$clang"; do
  for file in core/*.c kernels/dot.c kernels/dot_lea.c kernels/requantise.c kernels/windows.c sim/lea/source/vector/*.c ports/host/*.c apps/host_main.c \
    tests/*.c tests/support/*.c tests/boards/*.c tests/fuzz/*.c; do
    # shellcheck disable=SC2086
    $compiler $flags -O2 -Wconversion -Wno-sign-conversion -DBO_COUNTERS -fsyntax-only "$file"
  done
done
printf '#include "format.h"\n#include "nest.h"\nint main() { return 0; }\n' >"$out/nest.cpp"
g++ -std=c++20 -Wall -Wextra -Werror -pedantic -Icore -fsyntax-only "$out/nest.cpp"
"$(make -s -f ports/common/llvm.mk which-clang++)" -std=c++20 -Wall -Wextra -Werror -pedantic -Icore -fsyntax-only "$out/nest.cpp"
gcc -std=c11 -O1 -fno-strict-aliasing -Icore -Ikernels -Iports/host -Itests/support -Iapps \
  core/crc.c ports/host/host.c tests/support/network.c tests/boards/export.c -o "$out/export"
mkdir -p "$out/dump"
"$out/export" 1 "$out/dump" 2>/dev/null
for board in msp432p401r msp430fr5994 msp430fr5994-spi; do
  make -s -f build.mk BOARD=$board DUMP="$out/dump" OUT="$out/$board" firmware simulator size
done
make -s -f build.mk BOARD=host DUMP="$out/dump" OUT="$out/host"
find . -name '*.[ch]' -print0 | xargs -0 "$(make -s -f ports/common/llvm.mk which-clang-format)" --dry-run -Werror
echo "ok check"
