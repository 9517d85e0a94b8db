#!/bin/sh
# torture.c compiled for MSP430 at every level, as the port compiles, run here.
set -eu
out=$1
port=../ports/msp430fr5994
llvm() { make -s -f ../ports/common/llvm.mk "which-$1"; }
clang=$(llvm clang)
lld=$(llvm ld.lld)
mkdir -p "$out"
for level in O0 Os O2 Oz; do
  for file in tests/torture.c tests/torture_board.c $port/builtins.c ../ports/common/memory.c \
    $port/shifts.S $port/startup.S; do
    "$clang" --target=msp430 -$level -ffreestanding -fno-builtin -ffunction-sections \
      -mhwmult=f5series -DBO_MPY_BASE=0x04c0 -I../kernels -I$port -c "$file" \
      -o "$out/$level.$(basename "$file").o" 2>"$out/log" || { cat "$out/log"; exit 1; }
  done
  "$lld" -n -L $port -T $port/msp430fr5994.ld --gc-sections --defsym=bo_arena_bytes=0 "$out/$level".*.o \
    -o "$out/torture_$level.elf"
done
"$2" "$out"/torture_O0.elf "$out"/torture_O2.elf "$out"/torture_Os.elf "$out"/torture_Oz.elf
