#!/bin/bash
# Runs a command of tests that need Chromium, or says that there is none.
set -eu
for browser in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser; do
  if [[ -x $browser ]]; then
    CHROMIUM=$browser exec "$@"
  fi
done
echo 'SKIPPED: no Chromium on this machine (Debian package chromium)'
