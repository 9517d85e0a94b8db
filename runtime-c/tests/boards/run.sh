#!/bin/sh
# Random networks in the boards' simulators: outputs equal the naive ones, and each other's.
set -eu
cd "$(dirname "$0")/../.."
out=${OUT:-../build/runtime-c/boards}
mkdir -p "$out"
gcc -std=c11 -O1 -fno-strict-aliasing -Icore -Ikernels -Iports/host -Itests/support -Iapps \
  core/crc.c ports/host/host.c tests/support/network.c tests/boards/export.c -o "$out/export"
nm=$(make -s -f ports/common/llvm.mk which-llvm-nm)
. tests/verdict.sh
for seed in ${SEEDS:-1 3 6}; do
  dump=$out/$seed
  rm -rf "$dump"
  mkdir -p "$dump"
  "$out/export" "$seed" "$dump" 2>/dev/null
  for board in msp432p401r msp430fr5994; do
    make -s -f build.mk BOARD=$board DUMP="$dump" OUT="$dump/$board" firmware simulator
  done
  seen=$(timeout 60 qemu-system-arm -M mps2-an386 -display none -monitor none -serial none \
    -semihosting-config enable=on,target=native -kernel "$dump/msp432p401r/simulator.elf" 2>&1) &&
    right=yes || right=no
  verdict "msp432p401r in QEMU, seed $seed: $seen" $right

  elf=$dump/msp430fr5994/simulator.elf
  stop=$("$nm" "$elf" | awk '$3 == "bo_simulation_stop" { print $1 }')
  at=$("$nm" "$elf" | awk '$3 == "bo_verification" { print $1 }')
  log=$(timeout 300 mspdebug -q sim "simio add hwmult m" "simio add tracer t" "prog $elf" \
    "setbreak 0x$stop" run "simio info t" "md 0x$at 16" 2>&1)
  # magic "BVEC", 4 inferences, 0 mismatches, status 0
  bytes=$(echo "$log" | sed -n 's/^ *0[0-9a-f]*: \(42 56 45 43 04 00 00 00 00 00 00 00 .*\) |.*/\1/p')
  count=$(echo "$log" | sed -n 's/^Instruction count: //p')
  [ -n "$bytes" ] && right=yes || right=no
  verdict "msp430fr5994 in mspdebug, seed $seed: $bytes, $count instructions" $right
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
