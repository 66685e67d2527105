#!/bin/bash
# Builds workspace/, a project that depends on this one, with the real Bazel,
# and runs its programs: each prints whose malloc it has.

set -euo pipefail

fail() {
  echo "consumer_test: $*" >&2
  exit 1
}

# Bazel's launcher runs tools/bazel of a workspace and hands it the real one.
find_bazel() {
  for candidate in "${BAZEL_REAL:-}" /usr/bin/bazel-4 "$(command -v bazel || true)"; do
    if [[ -n "$candidate" && -x "$candidate" ]]; then
      echo "$candidate"
      return
    fi
  done
  fail "no bazel: BAZEL_REAL is not set, and neither bazel-4 nor bazel is in PATH"
}

# Runfiles are links into the source tree.
here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
workspace="$here/workspace"
[[ -f "$workspace/WORKSPACE" ]] || fail "$workspace is not there"
bazel="$(find_bazel)"
user_root="${TEST_TMPDIR:-$(mktemp -d)}/bazel"
export HOME="${TEST_TMPDIR:-$HOME}"

# Not in a sandbox: this test is about linking, and a sandbox in a test is slow.
in_consumer() {
  local command="$1"
  shift
  (cd "$workspace" && "$bazel" --output_user_root="$user_root" --max_idle_secs=30 \
    "$command" "$@")
}

build_and_run() {
  local target="$1"
  shift
  in_consumer build --jobs=2 --symlink_prefix=/ --spawn_strategy=local --color=no \
    --noshow_progress "$@" "//:$target" >"$TEST_TMPDIR/log" 2>&1 ||
    { cat "$TEST_TMPDIR/log" >&2; fail "//:$target $* does not build"; }
  local bin
  bin="$(in_consumer info --noshow_progress "$@" bazel-bin 2>/dev/null)"
  "$bin/$target" || fail "//:$target exits with $?"
}

expect() {
  local what="$1" expected="$2" actual="$3"
  [[ "$actual" == "$expected" ]] || fail "$what: expected \"$expected\", not \"$actual\""
  echo "ok: $what"
}

finish() {
  in_consumer shutdown >/dev/null 2>&1 || true
  chmod -R u+w "$user_root" 2>/dev/null || true
}
trap finish EXIT

own="the program's own"
expect "a C program" "malloc is $own" "$(build_and_run c_program)"
expect "a C++ program" "malloc is $own
_Znwm is $own
_ZdlPv is $own" "$(build_and_run cxx_program)"
expect "a test, linked dynamically" "malloc is $own" "$(build_and_run c_test)"
expect "a C++ test, linked dynamically" "malloc is $own
_Znwm is $own
_ZdlPv is $own" "$(build_and_run cxx_test)"
expect "--@loam//:variant" "malloc is $own" \
  "$(build_and_run by_flag --@loam//:variant=first_fit)"
expect "the default variant" "malloc is $own" "$(build_and_run by_flag)"
expect "no malloc named" "malloc is libc's" "$(build_and_run plain)"
expect "--custom_malloc" "malloc is $own" \
  "$(build_and_run plain --custom_malloc=@loam//allocators/first_fit:malloc)"
expect "the prefixed functions" "a block of first_fit and one of its heaps" \
  "$(build_and_run prefixed)"

if in_consumer build --symlink_prefix=/ --@loam//:variant=no_such_variant //:by_flag \
  >"$TEST_TMPDIR/log" 2>&1; then
  fail "--@loam//:variant=no_such_variant builds"
fi
grep -q "no_such_variant is not a variant" "$TEST_TMPDIR/log" ||
  { cat "$TEST_TMPDIR/log" >&2; fail "the error does not name the wrong variant"; }
echo "ok: a wrong variant is named"
