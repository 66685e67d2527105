#!/bin/bash
# tools/count_tests.py over event files and test reports made here.

set -uo pipefail
shopt -s lastpipe # `| expect` counts failures in this shell

readonly COUNT=$PWD/tools/count_tests.py
cd "$TEST_TMPDIR" || exit
failures=0

# expect "PASSED FAILED": what the events on standard input count to.
expect() {
  cat >events.json
  local counts
  counts=$(python3 "$COUNT" events.json 2>errors)
  if [[ $counts != "$1" ]]; then
    echo "FAILED: counted '$counts', not '$1':" >&2
    cat events.json errors >&2
    failures=$((failures + 1))
  fi
}

# expect_named TEXT: the last count named this failure.
expect_named() {
  grep -qF -- "$1" errors && return
  echo "FAILED: '$1' is not named in: $(<errors)" >&2
  failures=$((failures + 1))
}

# result LABEL STATUS [XML] [ATTEMPT]: the event of one run of a test.
result() {
  local outputs='[]'
  if [[ -n ${3:-} ]]; then outputs='[{"name": "test.xml", "uri": "file://'"$PWD/$3"'"}]'; fi
  printf '{"id": {"testResult": {"label": "%s", "run": 1, "shard": 1, "attempt": %d}},' "$1" "${4:-1}"
  printf ' "testResult": {"status": "%s", "testActionOutput": %s}}\n' "$2" "$outputs"
}

cat >mixed.xml <<'END'
<testsuites><testsuite name="Heap">
  <testcase name="grows" status="run" result="completed" classname="Heap"/>
  <testcase name="shrinks" status="run" result="completed" classname="Heap"/>
  <testcase name="off" status="notrun" result="suppressed" classname="Heap"/>
  <testcase name="later" status="run" result="skipped" classname="Heap"><skipped/></testcase>
  <testcase name="trims" status="run" result="completed" classname="Heap"><failure message="no"/></testcase>
</testsuite></testsuites>
END
grep -v trims mixed.xml >good.xml
grep -v -e trims -e grows -e shrinks mixed.xml >skipped.xml

expect '0 0' </dev/null
result //a PASSED good.xml | expect '2 0'
result //a PASSED skipped.xml | expect '0 0'
result //a PASSED | expect '1 0'
result //a FAILED mixed.xml | expect '2 1'
expect_named '//a Heap.trims'

# A crash leaves no report, or one that knows of no failure.
result //a FAILED | expect '0 1'
expect_named '//a FAILED'
result //a TIMEOUT good.xml | expect '2 1'
expect_named '//a TIMEOUT'

# Only the last attempt of a flaky test counts; two tests add up.
{ result //a FAILED mixed.xml 1; result //a PASSED good.xml 2; } | expect '2 0'
{ result //a PASSED good.xml; result //b FAILED mixed.xml; } | expect '4 1'

# A target that does not build is a failure; one that is left out is none.
expect '0 1' <<<'{"id": {"targetCompleted": {"label": "//a"}}, "completed": {}}'
expect_named '//a did not build'
expect '0 1' <<<'{"id": {"targetCompleted": {"label": "//a"}}, "aborted": {"reason": "ANALYSIS_FAILURE"}}'
expect '0 0' <<<'{"id": {"targetCompleted": {"label": "//a"}}, "completed": {"success": true}}'
expect '0 0' <<<'{"id": {"targetCompleted": {"label": "//a"}}, "aborted": {"reason": "SKIPPED"}}'

# Bazel was ended in the middle of a line.
{ result //a PASSED good.xml; printf '{"id": {"tes'; } | expect '2 0'

if python3 "$COUNT" absent.json 2>errors; then
  echo "FAILED: an absent file is no error" >&2
  failures=$((failures + 1))
fi
expect_named 'absent.json'

[[ $failures == 0 ]]
