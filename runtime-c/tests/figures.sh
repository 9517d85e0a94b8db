#!/bin/sh
# figures.sh UNIT.LOG CONTROLS.LOG: GUARANTEES.md, "Figures", states what these runs have printed.
set -eu
cd "$(dirname "$0")/.."
. tests/verdict.sh
unit=$1
controls=$2
text=$(sed -n '/^## Figures/,$p' GUARANTEES.md | tr '\n' ' ')
# Of the lines `ok NAME: ...`: the sum of what stands before the first `word`.
sum() { # name word
  awk -v name="^ok $1:" -v word="^$2[,;]?\$" \
    '$0 ~ name { for (i = 2; i <= NF; i++) if ($i ~ word) { sum += $(i - 1); break } }
     END { print sum + 0 }' "$unit"
}
thousands() { echo "$1" | sed ':a; s/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/; ta'; }
stated() { # number words
  case $text in
  *" $(thousands "$1") $2"*) verdict "figures: $2" yes ;;
  *) verdict "figures: $2" no "GUARANTEES.md does not say $(thousands "$1")" ;;
  esac
}
stated "$(sum one_cut cuts)" "single cuts"
stated "$(sum 'conformance_[a-z]*' cuts)" "in the conformance suites"
stated "$(sum 'conformance_[a-z]*' states)" "states of NVM"
stated "$(sum many_cuts cuts)" "in campaigns of many cuts"
stated "$(sum provisioning cuts)" "while provisioning"
stated "$(sum first_start cuts)" "in first starts"
stated "$(sum reflash cuts)" "while images were flashed"
stated "$(grep -c '^ok BO_BUG_' "$controls" || true)" "planted defects"
kinds=$(sed -n 's/.*kinds 0 to 6: \([0-9 ]*\)).*/\1/p' "$unit")
# shellcheck disable=SC2086
set -- $kinds
for kind in "conv and fc" "global pools" "depthwise" "max pools" "average pools" "adds" "concats"; do
  stated "${1:-0}" "$kind"
  [ $# = 0 ] || shift
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
