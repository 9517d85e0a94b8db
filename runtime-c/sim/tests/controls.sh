#!/bin/sh
# One defect at a time in a copy of the simulator: the unit tests must fail.
set -eu
out=$1
rm -rf "$out"
mkdir -p "$out"
cp -r msp430x devices common tests "$out/"
flags="-std=c11 -D_DEFAULT_SOURCE -O0 -w -Imsp430x -Idevices -Icommon -Itests"
cd "$out"
units="msp430x/*.c devices/*.c common/elf.c tests/main.c tests/bench.c tests/test_*.c"
rm -f msp430x/board_*.c
for file in $units; do
  gcc $flags -c "$file" -o "$file.o"
done
objects=$(for file in $units; do printf '%s.o ' "$file"; done)
gcc $objects -lm -o plain
timeout 60 ./plain >/dev/null || { echo "FAIL controls: the tests fail without a defect"; exit 1; }
passed=0
failed=0
plant() { # name file sed-expression
  cp "$2" kept.c
  sed "$3" kept.c >"$2"
  if cmp -s kept.c "$2"; then
    echo "FAIL control $1: nothing was planted"
    failed=$((failed + 1))
    return
  fi
  cp "$2.o" kept.o
  gcc $flags -c "$2" -o "$2.o"
  gcc $objects -lm -o planted
  if timeout 60 ./planted >log 2>&1; then
    echo "FAIL control $1: no test sees it"
    failed=$((failed + 1))
  else
    echo "ok control $1: seen by" $(sed -n 's/^FAIL \([a-z_0-9]*\).*/\1/p' log)
    passed=$((passed + 1))
  fi
  cp kept.c "$2"
  cp kept.o "$2.o"
}
plant overflow msp430x/alu.c 's/~(a ^ b) & (a ^ result)/(a ^ b) \& (a ^ result)/'
plant sxt_stops_at_16_bits msp430x/format2.c 's/stored = SIZE_ADDRESS/stored = SIZE_WORD/'
plant carry_of_logic msp430x/format1.c 's/result != 0u, overflow/result == 0u, overflow/'
plant macs_forgets msp430x/mpy32.c 's/accumulates ? unit->result \& mask : 0u/0u/'
plant reshi_is_read_only msp430x/mpy32.c 's/RESLO || offset == RESHI/RESLO/'
plant crc_low_bit_first msp430x/crc16.c 's/bit = 8; bit-- != 0u;/bit = 0; bit++ != 8u;/'
plant crc_reverse_forgotten msp430x/crc16.c 's/(uint8_t)reversed(value, 8)/(uint8_t)value/'
plant pushm_order msp430x/format2.c 's/(reg - i) \& 0xfu/(reg + i) \& 0xfu/'
plant bytes_advance_by_two msp430x/operand.c 's/: (uint32_t)width->size;/: 2u;/'
plant index_wraps_everywhere msp430x/operand.c 's/  if (base < 0x10000u)/  if (1)/'
plant jl_is_jn msp430x/cpu.c 's/taken = n != v/taken = n/'
plant write_after_the_cut msp430x/bus.c 's/      return;\r*$/      m->count.warnings += 0;/'
plant pins_work_while_locked msp430x/gpio.c 's/const int unlocked = .*/const int unlocked = 1;/'
plant latch_stays devices/cy15b104q.c 's/chip->command == WRITE || //'
plant no_wrap devices/cy15b104q.c 's/(chip->address + 1u) % CY15B104Q_BYTES/chip->address + 1u/'
plant write_waits_for_nothing msp430x/bus.c 's/    wait_for_fram(m);/    m->count.warnings += 0;/'
plant sram_survives msp430x/machine.c 's/  random_fill(.*/  random_next(\&noise);/'
plant repeat_once_too_few msp430x/format1.c 's/  return field + 1u;/  return field == 0u ? 1u : field;/'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
