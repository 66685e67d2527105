#!/bin/bash
# Searches all interleavings of protocol.pml: none breaks what it says must hold,
# and each mistake that is planted is found.

set -euo pipefail

model=$(readlink -f "${BASH_SOURCE[0]%/*}/protocol.pml")
cd "${TEST_TMPDIR:-$(mktemp -d)}"

if ! command -v spin >/dev/null; then
  echo "protocol_test: SKIPPED: spin is not installed (Debian package spin)"
  exit 0
fi

fail() {
  echo "protocol_test: $*" >&2
  exit 1
}

# search NAME [DEFINE]: the report of a full search, in NAME/report.
search() {
  mkdir "$1"
  (
    cd "$1"
    spin ${2:+"$2"} -a "$model" >spin.out
    gcc -O1 -w -DSAFETY -o pan pan.c
    ./pan -m10000 -w22 >report
  ) || fail "$1: the search did not run: $(cat "$1"/spin.out)"
}

errors() {
  sed -n 's/.*errors: \([0-9]*\)$/\1/p' "$1/report"
}

search protocol
grep -E 'states, stored|errors' protocol/report
grep -q 'search depth too small' protocol/report && fail "the search was cut short"
[[ $(errors protocol) == 0 ]] || fail "it does not hold: $(grep '^pan:1' protocol/report)"

for mistake in UNLOCKED_PUT NESTED_LOCKS KEPT_AT_END MARK_NOT_SET TOP_BEFORE_PUT; do
  search "$mistake" "-D$mistake"
  [[ $(errors "$mistake") == 1 ]] || fail "$mistake is not found"
  echo "$mistake: $(grep '^pan:1' "$mistake/report")"
done
