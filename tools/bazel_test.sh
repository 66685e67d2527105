#!/bin/bash
# tools/bazel on machines that are made up of stubs: what it installs, what it
# says, and which Bazel it becomes.

set -uo pipefail

readonly SOURCE=$PWD/tools
failures=0

fail() {
  echo "FAILED: $case_name: $*" >&2
  sed 's/^/    /' "$machine/output" >&2
  failures=$((failures + 1))
}

# stub NAME: a program of the machine; its text is standard input.
stub() {
  { echo '#!/bin/sh'; cat; } >"$machine/bin/$1"
  chmod +x "$machine/bin/$1"
}

# stub_apt: an apt-get that notes each call and knows all but what is in apt_lacks.
stub_apt() {
  stub apt-get <<END
mkdir "$machine/apt_runs" || echo "two at once" >>"$machine/apt_calls"
verb=; names=
while [ \$# != 0 ]; do
  case \$1 in
    -o) shift ;;
    -*) ;;
    install | update) verb=\$1 ;;
    *) names="\$names \$1" ;;
  esac
  shift
done
echo "\$verb\$names" >>"$machine/apt_calls"
sleep 0.1
rmdir "$machine/apt_runs"
for name in \$names; do
  if [ "\$name" = "\$(cat "$machine/apt_lacks")" ]; then
    echo "E: Unable to locate package \$name"
    exit 100
  fi
done
for name in \$names; do echo "\$name" >>"$machine/installed"; done
END
}

# new_machine: root's, Debian, with Bazel and every package of the list.
new_machine() {
  machine=$(mktemp -d "$TEST_TMPDIR/machine.XXXXXX")
  mkdir -p "$machine/bin" "$machine/home" "$machine/tools/deps"
  cp "$SOURCE/bazel" "$machine/tools/"
  cp "$SOURCE/deps/install" "$SOURCE/deps/debian_packages.txt" "$machine/tools/deps/"
  touch "$machine/apt_calls" "$machine/apt_lacks" "$machine/output"
  local program
  for program in sh cat dirname env find flock mkdir mktemp readlink rm rmdir sleep tail tr; do
    ln -s "$(type -P "$program")" "$machine/bin/$program"
  done
  awk '$2 == "required" || $2 == "optional" { print $1 }' "$SOURCE/deps/debian_packages.txt" |
    sort -u >"$machine/installed"

  stub bazel-4 <<<'printf "bazel:"; printf " <%s>" "$@"; echo'
  stub id <<<'echo 0'
  stub dpkg-query <<<"while read -r name; do echo \"\$name installed\"; done <$machine/installed"
  stub_apt
}

# lose NAME...: these packages are not installed.
lose() {
  local name
  for name in "$@"; do sed -i "/^$name\$/d" "$machine/installed"; done
}

# run_bazel [VARIABLE=VALUE]... -- ARGUMENT...: as a newcomer calls it.
run_bazel() {
  local variables=()
  while [[ $1 != -- ]]; do
    variables+=("$1")
    shift
  done
  shift
  env -i PATH="$machine/bin" HOME="$machine/home" "${variables[@]}" \
    "$machine/tools/bazel" "$@" >"$machine/output" 2>&1 </dev/null
  status=$?
}

expect_status() {
  [[ $status == "$1" ]] || fail "status $status, not $1"
}

expect_output() {
  grep -qF -- "$1" "$machine/output" || fail "no '$1' in the output"
}

expect_not_in_output() {
  ! grep -qF -- "$1" "$machine/output" || fail "'$1' in the output"
}

expect_just_bazel() {
  [[ $(<"$machine/output") == "bazel: $1" ]] || fail "not just Bazel's output"
}

# expect_apt LINE...: just these calls, in this order.
expect_apt() {
  local expected=
  if [[ $# != 0 ]]; then expected=$(printf '%s\n' "$@"); fi
  [[ $(<"$machine/apt_calls") == "$expected" ]] || fail "apt was called so: $(<"$machine/apt_calls")"
}

test_all_there() {
  run_bazel -- test //... '--flag=two words' ''
  expect_status 0
  expect_just_bazel '<test> <//...> <--flag=two words> <>'
  expect_apt
}

test_status_of_bazel_is_kept() {
  stub bazel-4 <<<'exit 37'
  run_bazel -- build
  expect_status 37
}

test_launcher_names_the_real_bazel() {
  stub chosen <<<'echo chosen "$@"'
  run_bazel BAZEL_REAL="$machine/bin/chosen" -- build
  expect_output 'chosen build'
}

test_launcher_in_path_behind_this_file() {
  rm "$machine/bin/bazel-4"
  ln -s "$machine/tools/bazel" "$machine/bin/bazel"
  stub launcher <<<'echo launcher "$@"'
  mkdir "$machine/more"
  mv "$machine/bin/launcher" "$machine/more/bazel"
  run_bazel PATH="$machine/bin:$machine/more" -- build
  expect_output 'launcher build'
}

test_launcher_without_a_bazel_ends() {
  rm "$machine/bin/bazel-4"
  stub bazel <<<"BAZEL_REAL=/usr/bin/bazel- exec $machine/tools/bazel \"\$@\""
  run_bazel -- build
  expect_status 1
  expect_output 'no Bazel on this machine'
}

test_missing_packages_are_installed() {
  lose g++ libabsl-dev redis-server clang
  run_bazel -- test //...
  expect_status 0
  expect_apt update 'install g++ libabsl-dev' 'install redis-server'
  expect_output 'build: g++ ('
  expect_output 'tests: libabsl-dev redis-server ('
  expect_not_in_output 'peers:'
  expect_output 'bazel: <test> <//...>'
}

test_others_than_root_use_sudo() {
  stub id <<<'echo 1000'
  stub sudo <<<"echo \"sudo \$1\" >>$machine/apt_calls; shift; exec \"\$@\""
  lose g++
  run_bazel -- build
  expect_status 0
  expect_apt 'sudo -n' update 'sudo -n' 'install g++'
}

test_neither_root_nor_sudo() {
  stub id <<<'echo 1000'
  lose g++
  run_bazel -- build
  expect_status 0
  expect_apt
  expect_output 'not root and there is no sudo'
  expect_output 'apt-get install --no-install-recommends g++'
  expect_output 'bazel: <build>'
}

test_installing_is_forbidden() {
  lose g++ libjemalloc2
  run_bazel LOAM_NO_INSTALL=1 -- build
  expect_status 0
  expect_apt
  expect_output 'apt-get install --no-install-recommends g++ libjemalloc2'
  expect_output 'bazel: <build>'
  rm "$machine/bin/bazel-4"
  run_bazel LOAM_NO_INSTALL=1 -- build
  expect_status 1
  expect_apt
  expect_output 'no Bazel on this machine'
}

test_machine_without_apt() {
  rm "$machine/bin/apt-get" "$machine/bin/dpkg-query"
  run_bazel -- build
  expect_status 0
  expect_output 'no apt'
  expect_output 'build: bazel-bootstrap'
  expect_output 'peers: libjemalloc2'
  expect_output 'bazel: <build>'
  rm "$machine/bin/bazel-4"
  run_bazel -- build
  expect_status 1
  expect_output 'no Bazel on this machine'
}

test_required_package_that_apt_lacks() {
  echo libabsl-dev >"$machine/apt_lacks"
  lose g++ libabsl-dev
  run_bazel -- build
  expect_status 1
  expect_output 'E: Unable to locate package libabsl-dev'
  expect_output 'apt-get could not install g++ libabsl-dev'
  expect_not_in_output 'bazel:'
}

test_optional_package_that_apt_lacks() {
  echo libmimalloc2.0 >"$machine/apt_lacks"
  lose libjemalloc2 libmimalloc2.0
  run_bazel -- build
  expect_status 0
  expect_apt update 'install libjemalloc2 libmimalloc2.0' 'install libjemalloc2' 'install libmimalloc2.0'
  expect_output 'did not give: libmimalloc2.0 '
  expect_output 'bazel: <build>'

  : >"$machine/apt_calls"
  run_bazel -- build
  expect_apt
  expect_just_bazel '<build>'

  touch -d '2 days ago' "$machine/home/.cache/loam/absent_packages"
  run_bazel -- build
  expect_apt update 'install libmimalloc2.0' 'install libmimalloc2.0'
}

test_program_that_another_package_brought() {
  lose npm
  stub npm <<<'exit 0'
  run_bazel -- build
  expect_status 0
  expect_apt
  expect_just_bazel '<build>'
}

test_two_calls_at_once() {
  lose g++
  run_bazel -- build &
  run_bazel -- build
  wait
  expect_apt update 'install g++'
}

test_work_tree_is_not_written() {
  lose g++ redis-server
  find "$machine/tools" | sort >"$machine/before"
  run_bazel -- build
  find "$machine/tools" | sort | cmp -s "$machine/before" - || fail "it is"
}

test_group_that_is_not_listed() {
  "$machine/tools/deps/install" build nonsense >"$machine/output" 2>&1
  status=$?
  expect_status 2
  expect_output "no group 'nonsense'"
}

cases=0
for case_name in $(compgen -A function test_); do
  new_machine
  "$case_name"
  cases=$((cases + 1))
done
echo "$cases cases, $failures failures"
[[ $failures == 0 ]]
