#!/bin/sh
# Every part of the tests, then the sum of their counts.
cd "$(dirname "$0")/.." || exit 1
log=$OUT/test.log
: >"$log"
"$OUT/unit" >>"$log" 2>&1
sh tests/torture.sh "$OUT/torture" "$OUT/run_torture" >>"$log" 2>&1
if command -v mspdebug >/dev/null; then
  "$OUT/differential" "$OUT" 60 1 >>"$log" 2>&1
else
  echo "skipped: mspdebug is not there" >>"$log"
fi
sh tests/gnu.sh "$OUT/gnu_differential" "$OUT/gnu" >>"$log" 2>&1
sh tests/controls.sh "$OUT/controls" >>"$log" 2>&1
sh tests/images.sh "$OUT/images" "$OUT/bo_sim" >>"$log" 2>&1
sh tests/supply.sh "$OUT/supply" "$OUT/bo_sim" "$OUT/images/3" >>"$log" 2>&1
grep -v ' passed, ' "$log"
awk '/ passed, / { passed += $1; failed += $3; parts++ }
  /^FAIL/ { seen++ }
  END { if (seen > failed) failed = seen
        if (parts < 5) failed++
        print passed + 0 " passed, " failed + 0 " failed"; exit failed != 0 }' "$log"
