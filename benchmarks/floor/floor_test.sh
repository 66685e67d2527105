#!/bin/sh
# Runs a program that checks its malloc under the floor.
set -eu
floor=$PWD/$1
exercise=$PWD/$2
served=$(LD_PRELOAD="$floor" "$exercise" who)
if [ "$served" != "$floor" ]; then
  echo "malloc was served by $served, not by $floor" >&2
  exit 1
fi
LD_PRELOAD="$floor" "$exercise" check
