#!/bin/sh
# Images that run on while the supply monitor sees enough in the capacitor (BO_RUN_ON_MILLIVOLTS):
# the driver against the model of COMP_E, on both boards; and what becomes of a board without it.
set -eu
out=$1
sim=$2
dump=$3
runtime=..
. $runtime/tests/verdict.sh
run() { answer=$(timeout 100 "$sim" --board "$board" "$@" 2>&1) || true; }
# A capacitor as good as a battery at this voltage, and one that holds a few batches.
battery() { run "$elf" --capacitor 1000,1,"$1",2.0,3.6 --energy 1e-6,1e-9,1e-9,1e-9,7e-9; }
small() { run "$elf" --capacitor 0.0005,2000,2.99,2.8,3.0 --energy 1e-6,1e-9,1e-9,1e-9,7e-9; }
image() { # folder millivolts planted
  mkdir -p "$out/$1"
  cp "$dump/model.c" "$dump/model.h" "$dump/nvm.bin" "$dump/vectors.bin" "$out/$1"
  sed -e 's/BO_AFTER_COMMIT_SLEEP 1/BO_AFTER_COMMIT_SLEEP 0/' \
    -e "\$i #define BO_RUN_ON_MILLIVOLTS $2" "$dump/platform.h" >"$out/$1/platform.h"
  elf=$out/$1/$board/firmware.elf
  make -s -f $runtime/build.mk BOARD="$board" DUMP="$out/$1" OUT="$out/$1/$board" PLANTED="$3" "$elf"
}
boards=msp430fr5994
if "$sim" --boards | grep -q msp432p401r; then
  boards="msp430fr5994 msp432p401r"
else
  echo "skipped: the supply monitor of msp432p401r, since libunicorn is not there"
fi
for board in $boards; do
  # 2870 mV: of the taps the lowest that is no lower is 23/32 of 2.0 V, 2875 mV at the capacitor.
  image run_on 2870 ""
  battery 2.876
  [ "$(field result)$(field shut_offs)$(field boots)$(field warnings)" = '"ok"010' ] && right=yes || right=no
  verdict "$board runs on above its threshold" $right "$answer"
  commits=$(field commits)
  # The first start checks the constants in one step, behind which the board may go off, too.
  most=$((commits + 1))
  battery 2.874
  [ "$(field result)$(field shut_offs)" = "\"ok\"$most" ] && right=yes || right=no
  verdict "$board switches off below its threshold" $right "$answer"
  small
  offs=$(field shut_offs)
  [ "$(field result)$(field brown_outs)" = '"ok"0' ] && [ "$offs" -gt 1 ] &&
    [ "$offs" -lt $((commits / 2)) ] && right=yes || right=no
  verdict "$board switches off in time, $offs times in $commits commits" $right "$answer"
  # 2950 mV: 19/32 of 2.5 V, 2968.75 mV.
  image upper 2950 ""
  battery 2.970
  above=$(field shut_offs)
  battery 2.967
  [ "$above" = 0 ] && [ "$(field shut_offs)" = "$most" ] && right=yes || right=no
  verdict "$board takes the nearer of both references" $right "$above $answer"
  # Negative controls: an image without a threshold never switches off and dies; one that looks at
  # the input beside is seen to.
  image blind 0 ""
  small
  [ "$(field shut_offs)" = 0 ] && [ "$(field brown_outs)" -gt 1 ] && right=yes || right=no
  verdict "$board without a threshold runs until its capacitor is empty" $right "$answer"
  image beside 2870 BO_BUG_WRONG_MONITOR_INPUT
  battery 2.876
  [ "$(field warnings)" -gt 0 ] && [ "$(field shut_offs)" -gt 0 ] && right=yes || right=no
  verdict "$board with BO_BUG_WRONG_MONITOR_INPUT is found out" $right "$answer"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
