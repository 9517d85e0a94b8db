#!/bin/sh
# The images as they are flashed: uncut, in campaigns, under a capacitor; with planted defects.
set -eu
out=$1
sim=$2
runtime=..
mkdir -p "$out"
gcc -std=c11 -O1 -fno-strict-aliasing -I$runtime/core -I$runtime/kernels -I$runtime/ports/host \
  -I$runtime/tests/support -I$runtime/apps $runtime/core/crc.c $runtime/ports/host/host.c \
  $runtime/tests/support/network.c $runtime/tests/boards/export.c -o "$out/export"
. $runtime/tests/verdict.sh
expect() { # name wanted-status arguments...
  name=$1
  wanted=$2
  shift 2
  status=0
  answer=$(timeout 100 "$sim" "$@" 2>&1) || status=$?
  [ $status = "$wanted" ] && right=yes || right=no
  verdict "$name" $right "$answer"
}
boards=msp430fr5994
if "$sim" --board msp432p401r /bin/true 2>&1 | grep -q libunicorn; then
  echo "skipped: msp432p401r, since libunicorn is not there"
else
  boards="msp430fr5994 msp432p401r"
fi
seed=3
dump=$out/$seed
mkdir -p "$dump"
"$out/export" $seed "$dump" 2>/dev/null
crcs=
for board in $boards; do
  make -s -f $runtime/build.mk BOARD=$board DUMP="$dump" OUT="$dump/$board" firmware
  elf=$dump/$board/firmware.elf
  expect "$board uncut" 0 --board $board "$elf"
  crcs="$crcs $(field outputs_crc)"
  plain=$(field instructions)
  # Stopping every 16 instructions changes nothing: each is executed and counted once.
  expect "$board in small steps" 0 --board $board "$elf" --capacitor 0.001,2000,2.99,2.8,3.0 \
    --energy 0,0,0,0,0
  [ "$(field instructions)" = "$plain" ] && right=yes || right=no
  verdict "$board counts the same in small steps" $right "$plain $answer"
  expect "$board random cuts" 0 --board $board "$elf" --inferences 2 --campaign 15 --max-cuts 60
  [ "$(field cuts)" -gt 100 ] && right=yes || right=no
  verdict "$board was cut" $right "$answer"
  expect "$board cut at NVM writes" 0 --board $board "$elf" --inferences 1 --every-write 37
  expect "$board under a capacitor" 0 --board $board "$elf" --ignore-shut-off \
    --capacitor 0.001,2000,2.99,2.8,3.0 --energy 1e-6,1e-9,1e-9,1e-9,7e-9
  [ "$(field brown_outs)" -gt 10 ] && right=yes || right=no
  verdict "$board ran out of energy" $right "$answer"
  expect "$board has no LEA to charge for" 2 --board $board "$elf" --lea
  # Two programs, one after the other, on one NVM file.
  rm -f "$dump/$board.nvm"
  expect "$board NVM in a file" 0 --board $board "$elf" --nvm "$dump/$board.nvm" --inferences 2
  expect "$board goes on from the file" 0 --board $board "$elf" --nvm "$dump/$board.nvm" --inferences 2
  # Planted defects show in the shipped image too; two a board, since each is a build.
  case $board in
  msp430fr5994) bugs="BO_BUG_COMMIT_BEFORE_DATA BO_BUG_DELIVER_TWICE" ;;
  *) bugs="BO_BUG_WRONG_SLOT BO_BUG_OFF_BY_ONE_BATCH" ;;
  esac
  for bug in $bugs; do
    make -s -f $runtime/build.mk BOARD=$board DUMP="$dump" OUT="$dump/$board-$bug" PLANTED=$bug \
      "$dump/$board-$bug/firmware.elf"
    expect "$board with $bug is found out" 1 --board $board "$dump/$board-$bug/firmware.elf" \
      --inferences 2 --campaign 20 --max-cuts 40 --boot-instructions 5000000
  done
  # Expected outputs that are wrong by one bit.
  size=$(wc -c <"$dump/vectors.bin")
  cp "$dump/vectors.bin" "$dump/wrong.bin"
  printf '\125' | dd of="$dump/wrong.bin" bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null
  expect "$board other outputs are found out" 1 --board $board "$elf" --vectors "$dump/wrong.bin"
done
# The FR5994's other memory: a chip on SPI that two DMA channels serve.
spi=$dump/msp430fr5994-spi
make -s -f $runtime/build.mk BOARD=msp430fr5994-spi DUMP="$dump" OUT="$spi" firmware
expect "msp430fr5994-spi uncut" 0 --board msp430fr5994 "$spi/firmware.elf"
crcs="$crcs $(field outputs_crc)"
expect "msp430fr5994-spi random cuts" 0 --board msp430fr5994 "$spi/firmware.elf" --inferences 1 \
  --campaign 10 --max-cuts 40
expect "msp430fr5994-spi cuts within commits" 0 --board msp430fr5994 "$spi/firmware.elf" \
  --inferences 1 --commit-cuts 20
make -s -f $runtime/build.mk BOARD=msp430fr5994-spi DUMP="$dump" OUT="$spi-cs" \
  PLANTED=BO_BUG_WRONG_CHIP_SELECT "$spi-cs/firmware.elf"
expect "msp430fr5994-spi with the wrong chip select is found out" 1 --board msp430fr5994 \
  "$spi-cs/firmware.elf" --inferences 1 --boot-instructions 5000000
# GCC's images, large code model, where `deno task setup --msp430-gcc` has built it.
frams=$dump/msp430fr5994/firmware.elf
gcc=../../build/msp430-gcc/tree/bin/msp430-elf-gcc
[ -x $gcc ] || gcc=$(command -v msp430-elf-gcc) || gcc=
if [ -n "$gcc" ]; then
  tools="CC=$gcc OBJCOPY=${gcc%gcc}objcopy SIZE=${gcc%gcc}size"
  for board in msp430fr5994 msp430fr5994-spi; do
    make -s -f $runtime/build.mk BOARD=$board $tools DUMP="$dump" OUT="$dump/$board-gcc" firmware
    elf=$dump/$board-gcc/firmware.elf
    expect "$board by GCC uncut" 0 --board msp430fr5994 "$elf"
    crcs="$crcs $(field outputs_crc)"
    expect "$board by GCC random cuts" 0 --board msp430fr5994 "$elf" --inferences 1 --campaign 10 \
      --max-cuts 40
  done
  frams="$frams $dump/msp430fr5994-gcc/firmware.elf"
else
  echo "skipped: images by GCC, since msp430-elf-gcc is not there (deno task setup --msp430-gcc)"
fi
# The upper FRAM to its last byte, at any alignment: what NVM holds after a call of the driver.
for fram in $frams; do
  compiled=$(basename "$(dirname "$fram")")
  nm=$(make -s -f $runtime/ports/common/llvm.mk which-llvm-nm)
  from=$("$nm" "$fram" | awk '$3 == "bo_vectors" { print $1 }')
  for where in "0x33ff0 16" "0x33fff 1" "0x33ff1 7" "0x0fffe 4" "0x33fee 9"; do
    set -- $where
    expect "$compiled NVM write of $2 at $1" 0 --board msp430fr5994 "$fram" --until bo_port_nvm_write \
      --call "bo_port_nvm_write,$(($1 & 65535)),$(($1 >> 16)),$((0x$from)),$2" --dump-nvm "$dump/after.nvm"
    dd if="$dump/after.nvm" of="$dump/seen" bs=1 skip=$(($1 + 0x10000 - 0x4000)) count="$2" 2>/dev/null
    head -c "$2" "$dump/vectors.bin" >"$dump/wanted"
    cmp -s "$dump/seen" "$dump/wanted" && right=yes || right=no
    verdict "$compiled NVM holds $2 bytes at $1" $right "$(od -An -tx1 "$dump/seen")"
  done
done
# Speed of the kernels' inner path: 12 cycles, 1.25 instructions for each of the 288 products by which spans
# of 24 more elements make a tile larger (2 x 1 outputs of 2 channels, kernel 3 x 1).
for board in $boards; do
  make -s -f $runtime/build.mk BOARD=$board OUT="$dump/$board-microbench" microbench
  what=instructions most=360
  [ $board = msp432p401r ] || what=cycles most=3456
  for span in 24 25; do
    added=0
    for n in $span $((span + 24)); do
      expect "$board tile with spans of $n" 0 --board $board "$dump/$board-microbench/microbench.elf" \
        --until bo_microbench_done --call bo_op_tile,33,2,49,$n
      added=$(($(field $what) - added))
    done
    [ $added -gt 0 ] && [ $added -le $most ] && right=yes || right=no
    verdict "$board kernel: $added $what for 288 products, of $most" $right "$answer"
  done
done
set -- $crcs
right=yes
for crc in "$@"; do [ "$crc" = "$1" ] || right=no; done
verdict "boards give equal outputs" $right "$crcs"
expect "a wrong call" 2 --board msp430fr5994 "$dump/nvm.bin"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
