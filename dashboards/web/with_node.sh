#!/bin/bash
# Runs a command beside the npm packages, in a copy of the page's sources, so that nothing is
# written to the sources and the sandbox may stay closed.
#
#   with_node.sh NODE PACKAGES COMMAND [OUT]
#
# NODE is the program; PACKAGES a file of the folder node_modules; OUT, a file that the command
# writes, is $OUT for it. $ROOT is where Bazel started this.

set -euo pipefail

node=$(readlink -f "$1")
packages=$(dirname "$(readlink -f "$2")")
export ROOT=$PWD OUT=$PWD/${4:-}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/dashboards" "$scratch/benchmarks"
cp -RL dashboards/web "$scratch/dashboards/web"
cp -RL benchmarks/schema "$scratch/benchmarks/schema"
# Vite writes beside the packages.
mkdir "$scratch/dashboards/web/node_modules"
ln -s "$packages"/* "$packages"/.bin "$scratch/dashboards/web/node_modules/"

# npm writes logs to the home folder, which may not be there.
export HOME=$scratch npm_config_cache=$scratch/npm npm_config_update_notifier=false
export PATH=${node%/*}:$PATH
cd "$scratch/dashboards/web"
bash -euo pipefail -c "$3"
