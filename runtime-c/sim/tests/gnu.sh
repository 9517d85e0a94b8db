#!/bin/sh
# Random programs here and in the GNU simulator: PROGRAM of them, in folder OUT. `gnu.sh --build
# FOLDER` builds it from Debian's package gdb-source into FOLDER (a minute and a half of CPU, once):
# it is looked for there, in build/gnu-sim, and on PATH.
set -eu
cd "$(dirname "$0")/.."
if [ "$1" = --build ]; then
  mkdir -p "$2/work"
  folder=$(cd "$2" && pwd)
  [ -e /usr/src/gdb.tar.xz ] || { echo "apt-get install --no-install-recommends gdb-source"; exit 4; }
  cd "$folder/work"
  tar xf /usr/src/gdb.tar.xz
  mkdir -p objects
  cd objects
  ../gdb/configure --target=msp430-elf --disable-gdb --disable-gdbserver --disable-gprofng \
    --disable-binutils --disable-ld --disable-gas --disable-nls --disable-werror --without-zstd
  make -j2 all-sim MAKEINFO=true
  cp sim/msp430/run "$folder/msp430-elf-run"
  rm -rf "$folder/work"
  exit 0
fi
program=$1
out=$2
run=../../build/gnu-sim/msp430-elf-run
[ -x $run ] || run=$(command -v msp430-elf-run) || run=
if [ -z "$run" ]; then
  echo "skipped: random CPUX programs, since the GNU simulator is not there (tests/gnu.sh --build)"
  exit 0
fi
mkdir -p "$out"
"$program" "$run" "$out" 40 1
