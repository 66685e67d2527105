#!/bin/bash
# tables_test.sh MATRIX DOCUMENT...: fails when a table in a document is not what
# its result file says, or when that could not be found out.

set -euo pipefail

matrix=$1
shift
"$matrix" tables --check "$@"

# A number that is changed by hand must be found.
for document in "$@"; do
  changed=$(dirname "$document")/changed.md
  sed 's/^| geometric mean | 1.00/| geometric mean | 1.01/' "$document" >"$changed"
  if "$matrix" tables --check "$changed" 2>"$TEST_TMPDIR/why"; then
    echo "a changed table in $document was not found" >&2
    exit 1
  fi
  grep -q 'is not what its result files say' "$TEST_TMPDIR/why"
  rm "$changed"
done
