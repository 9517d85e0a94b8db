# For scripts that count what they find; sourced.
passed=0
failed=0
verdict() { # name right answer
  if [ "$2" = yes ]; then
    passed=$((passed + 1))
    echo "ok $1"
  else
    failed=$((failed + 1))
    echo "FAIL $1${3:+: $3}"
  fi
}
# Of the line of JSON in $answer.
field() { echo "$answer" | sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p"; }
